"""Leaving: what somebody saved, said and chose here is deleted; only the name stays, so nobody gets it again."""

from __future__ import annotations

from fedimark.accounts.credentials import prove_password
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import remove_all
from fedimark.bookmarks.shares import unshare_some
from fedimark.database import atomically, execute, fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.follows import digests, membership
from fedimark.follows.subscriptions import left_all
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.logs import ACCOUNT_LEFT, log
from fedimark.media.files import drop_avatar
from fedimark.outbox.publish import person_ended
from fedimark.outbox.tag_ends import person_left
from fedimark.policy.visibility import Viewer
from fedimark.timelines.merge import Merged

# The keys stay: the worker still signs the Deletes with them.
_STRIP = """
UPDATE actor SET name = '', summary = '', icon = '', fields = '[]', also_known_as = '[]',
    moved_to = '', approves_followers = ?, gone_at = ?
WHERE id = ? AND gone_at IS NULL
"""
# Of the person, and of their tags.
_FOLLOWS = """
DELETE FROM follow WHERE follower_id = ? OR target_id = ? OR target_id IN (SELECT id FROM actor WHERE owner_id = ?)
"""
_LINKS = "DELETE FROM link_for_you WHERE giver_id = ? OR owner_id = ?"
_MUTES = "DELETE FROM block WHERE blocker_id = ? AND is_mute"
_ALL = 1_000_000
_OWN_ROWS = (
    "DELETE FROM session WHERE account_id = ?",
    "DELETE FROM token WHERE account_id = ?",
    "DELETE FROM invite WHERE made_by = ?",
    "DELETE FROM imported_chunk WHERE job_id IN (SELECT id FROM job WHERE owner_id = ?)",
    "DELETE FROM job WHERE owner_id = ?",
    "DELETE FROM account WHERE id = ?",
)


async def leave(viewer: Viewer, typed_name: str, password: str) -> None:
    """Delete the person's account in one transaction, and let other servers be told.

    Raises Refused with field `username` or `password` when either is not right; nothing is deleted then.
    """
    if typed_name.strip() != viewer.username:
        raise Refused(_("Type %(username)s to delete this account.", username=viewer.username), field="username")
    await prove_password(viewer, password)
    icon = await atomically(lambda: _end(viewer))
    here().wake.set()
    if icon:
        await drop_avatar(icon)
    log.info(ACCOUNT_LEFT, name=viewer.username)


async def _end(viewer: Viewer) -> str:
    """Inside `write`: delete everything; returns the picture's file name."""
    actor = await fetch_one("SELECT * FROM actor WHERE id = ?", viewer.actor_id)
    # First of all: from here on no save of theirs, from another tab or an import, gets in between.
    if actor is None or not await execute(_STRIP, False, now(), viewer.actor_id):
        raise NotFound
    await person_left(actor)
    await remove_all(Owner.of(viewer))
    await unshare_some(actor, _ALL)
    # Before the follows go: they say who must hear of it.
    await person_ended(actor)
    await left_all(viewer.actor_id)
    await execute(_FOLLOWS, *[viewer.actor_id] * 3)
    await digests.forget(viewer.actor_id)
    await membership.gone(viewer.actor_id)
    await membership.forget_lists(viewer.actor_id)
    await execute(_MUTES, viewer.actor_id)
    await execute("DELETE FROM mute WHERE owner_id = ?", viewer.actor_id)
    await execute(_LINKS, viewer.actor_id, viewer.actor_id)
    await execute("DELETE FROM notification WHERE owner_id = ? OR actor_id = ?", viewer.actor_id, viewer.actor_id)
    await execute("DELETE FROM trace WHERE actor_id = ?", viewer.actor_id)
    await execute("DELETE FROM written_note WHERE actor_id = ?", viewer.actor_id)
    await execute("DELETE FROM profile_link WHERE actor_id = ?", viewer.actor_id)
    await execute("DELETE FROM given_link WHERE giver_id = ?", viewer.actor_id)
    await execute(f"DELETE FROM entry WHERE stream = {Merged.NETWORK} AND owner_id = ?", viewer.actor_id)
    for sql in _OWN_ROWS:
        await execute(sql, viewer.account_id)
    return str(actor["icon"])
