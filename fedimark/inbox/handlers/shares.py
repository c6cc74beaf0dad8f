"""Announce and Like."""

from __future__ import annotations

from fedimark import addresses
from fedimark.bookmarks import shares
from fedimark.bookmarks.incoming import IGNORED, forget_note, is_followed, store_from_origin
from fedimark.database import Row, fetch_one
from fedimark.inbox.handlers.relays import on_relayed
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified
from fedimark.inbox.relayed import speaks_as_relay
from fedimark.vocab.activities import Announce, Like
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import PUBLIC


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
    bookmark = await _found(activity.object_id, origin, received.received_at)
    at = min(activity.published or received.received_at, received.received_at)
    if bookmark is not None:
        uri = bookmark["uri"] or activity.object_id
        return await shares.share(received.actor, bookmark, uri, activity.id, at)
    if origin.note is not None and origin.author is not None and _may_be_passed_on(origin.note):
        return await shares.share_nothing_yet(received.actor, origin.author, origin.note.id, activity.id, at)
    return IGNORED


async def on_like(received: Verified[Like]) -> str:
    """Somebody likes a bookmark of ours: it is counted."""
    return await shares.like(received.actor, received.activity.object_id, received.activity.id)


async def _found(object_uri: str, origin: Origin, received_at: int) -> Row | None:
    if origin.note is None or origin.author is None:
        return await shares.bookmark_of(object_uri)
    if not _may_be_passed_on(origin.note):
        return None
    await store_from_origin(origin.author, origin.note, received_at)
    return await shares.bookmark_of(origin.note.id)


def _may_be_passed_on(note: Note) -> bool:
    """Not what was shown to us because we asked by name: that is not the sharer's to pass on."""
    return PUBLIC in (*note.to, *note.cc)


async def _look(object_uri: str, origin: Origin, received_at: int) -> str:
    if origin.note is not None and origin.author is not None:
        return await store_from_origin(origin.author, origin.note, received_at)
    known = await shares.bookmark_of(object_uri)
    if not origin.is_gone or known is None or known["is_local"]:
        return IGNORED
    author = await fetch_one("SELECT * FROM actor WHERE id = ?", known["actor_id"])
    return IGNORED if author is None else await forget_note(author, object_uri)
