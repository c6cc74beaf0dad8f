"""Announce and Like."""

from __future__ import annotations

from fedimark import addresses
from fedimark.bookmarks import shares
from fedimark.bookmarks.carrying import note_carries, row_carries
from fedimark.bookmarks.incoming import (
    IGNORED,
    bury_note,
    forget_note,
    is_followed,
    store_brought,
    store_from_origin,
)
from fedimark.database import Row, fetch_one
from fedimark.inbox import origins
from fedimark.inbox.authority import same_host
from fedimark.inbox.handlers.relays import on_relayed
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified
from fedimark.inbox.relayed import speaks_as_relay
from fedimark.logs import ANNOUNCE_REFUSED, log
from fedimark.vocab.activities import Announce, Like


async def on_announce(received: Verified[Announce]) -> str:
    """Somebody passed a Note on: of this server, or of another, which was asked for it.

    Only people followed here are heard, and relays, except on what is ours. A group's word that somebody edited or
    deleted is a reason to look, no more. (FEP-1b12)
    """
    activity, origin = received.activity, received.origin or NOTHING
    is_ours = addresses.local_path(activity.object_id) is not None
    if not is_ours and await speaks_as_relay(received.actor):
        return await on_relayed(received)
    if not is_ours and not await is_followed(received.actor):
        return IGNORED
    if activity.about in ("Update", "Delete"):
        return await _look(activity.object_id, origin, received.received_at)
    if await shares.was_taken_back(received.actor, activity.id, activity.published):
        return IGNORED
    if origin.is_gone:
        return await _was_gone(received, origin)
    if not await _may_pass_on(received, origin):
        return IGNORED
    bookmark = await _found(received, origin)
    at = min(activity.published or received.received_at, received.received_at)
    if bookmark is not None:
        uri = bookmark["uri"] or activity.object_id
        return await shares.share(received.actor, bookmark, uri, activity.id, at)
    if origin.note is not None and origin.author is not None:
        return await shares.share_nothing_yet(received.actor, origin.author, origin.note.id, activity.id, at)
    return IGNORED


async def on_like(received: Verified[Like]) -> str:
    """Somebody likes a bookmark of ours: it is counted."""
    return await shares.like(received.actor, received.activity.object_id, received.activity.id)


async def _may_pass_on(received: Verified[Announce], origin: Origin) -> bool:
    """Whether what is known of an object makes it its announcer's to pass on; why not, the log says."""
    announcer, object_uri = received.actor, received.activity.object_id
    if origin.note is None or origin.author is None:
        known = await shares.bookmark_of(object_uri)
        return known is None or await row_carries(announcer, known) or _refused(received, "untagged")
    if not origin.note.is_public:
        # Shown to us because we asked by name.
        return _refused(received, "not-public")
    if not await note_carries(announcer, origin.author, origin.note):
        origins.remember_refusal(object_uri, announcer["uri"])
        return _refused(received, "untagged")
    return True


async def _found(received: Verified[Announce], origin: Origin) -> Row | None:
    if origin.note is None or origin.author is None:
        return await shares.bookmark_of(received.activity.object_id)
    store = store_brought if origin.is_proven else store_from_origin
    await store(origin.author, origin.note, received.received_at)
    return await shares.bookmark_of(origin.note.id)


async def _was_gone(received: Verified[Announce], origin: Origin) -> str:
    """Its own server has it no more: what is known of it goes, and its announcer is believed less."""
    activity = received.activity
    _refused(received, "gone")
    await shares.doubt(received.actor)
    claimed = activity.note.attributed_to if activity.note is not None else ""
    if not origin.may_return and same_host(claimed, activity.object_id):
        await bury_note(claimed, activity.object_id)
    return await _forget(activity.object_id)


def _refused(received: Verified[Announce], reason: str) -> bool:
    """Tell the log why an announcement counts for nothing; False."""
    log.info(ANNOUNCE_REFUSED, actor=received.actor["uri"], object=received.activity.object_id, reason=reason)
    return False


async def _look(object_uri: str, origin: Origin, received_at: int) -> str:
    if origin.note is not None and origin.author is not None:
        return await store_from_origin(origin.author, origin.note, received_at)
    return await _forget(object_uri) if origin.is_gone else IGNORED


async def _forget(object_uri: str) -> str:
    known = await shares.bookmark_of(object_uri)
    if known is None or known["is_local"]:
        return IGNORED
    author = await fetch_one("SELECT * FROM actor WHERE id = ?", known["actor_id"])
    return IGNORED if author is None else await forget_note(author, object_uri)
