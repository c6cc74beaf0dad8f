"""Bookmarks that somebody elsewhere passed on, and those of people here that somebody likes.

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two shares of one object by one person the later counts, and an Undo ends what was said up to the moment
that it names: so it is the same in whatever order they come.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.bookmarks import telling
from fedimark.bookmarks.incoming import IGNORED, drop_if_unwanted, is_buried
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.here import MICROS, now
from fedimark.policy.blocks import between, no_block_between
from fedimark.policy.visibility import Visibility, leaves, may_be_passed_on
from fedimark.timelines.merge import hold, share_began, share_ended
from fedimark.vocab.activities import ActivityRef

_OURS = """
SELECT b.* FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE a.local_name = ? AND b.public_id = ? AND b.removed_at IS NULL
"""
_SHARE = """
INSERT INTO share (actor_id, object_hash, bookmark_id, uri, shared_at, hidden_at) VALUES (?, ?, ?, ?, ?, ?)
"""
_LIKE = """
INSERT INTO reaction (actor_id, bookmark_id, kind, uri) VALUES (?, ?, ?, ?)
ON CONFLICT (actor_id, bookmark_id, kind) DO UPDATE SET uri = excluded.uri
"""
_UNLIKE = "DELETE FROM reaction WHERE actor_id = ? AND kind = 'Like' AND (uri = ? OR (bookmark_id = ? AND ? = ''))"
_BURY = """
INSERT INTO tombstone (uri_hash, uri, deleted_at) VALUES (?, ?, ?) ON CONFLICT (uri_hash)
DO UPDATE SET deleted_at = excluded.deleted_at WHERE tombstone.deleted_at < excluded.deleted_at
"""
_BURIED = "SELECT deleted_at FROM tombstone WHERE uri_hash = ?"
# Whoever is suspended, or stands behind a block with the saver, is there still and not counted.
_COUNTED = f"""
JOIN bookmark b ON b.id = r.bookmark_id JOIN actor a ON a.id = r.actor_id
WHERE b.id = ? AND a.suspended_at IS NULL AND {no_block_between("a.id", "b.actor_id")}
"""
_SHARED_UNLISTED = f"""
SELECT b.* FROM bookmark b WHERE b.actor_id = ? AND b.visibility = {int(Visibility.UNLISTED)} AND b.removed_at IS NULL
AND EXISTS (SELECT 1 FROM share s WHERE s.bookmark_id = b.id) ORDER BY b.id
"""
_COUNTS = f"""
SELECT (SELECT count(*) FROM reaction r {_COUNTED} AND r.kind = 'Like') AS likes,
(SELECT count(*) FROM share r {_COUNTED}) AS shares
"""


async def bookmark_of(uri: str) -> Row | None:
    """The bookmark that a Note's id means, of somebody here or elsewhere; None when there is none."""
    ours = addresses.local_bookmark(uri)
    if ours is not None:
        return await fetch_one(_OURS, *ours)
    return await fetch_one("SELECT * FROM bookmark WHERE uri_hash = ?", addresses.uri_hash(uri))


async def counts(bookmark_id: int) -> dict[str, int]:
    """How many people elsewhere like a bookmark and share it: `likes` and `shares`.

    Whom its saver blocks, or who blocks them, counts no more, whenever that began; nor does who is suspended.
    """
    row = await fetch_one(_COUNTS, bookmark_id, bookmark_id)
    return {name: int(amount) for name, amount in (row or {}).items()}


async def share(sharer: Row, bookmark: Row, object_uri: str, share_uri: str | None, at: int) -> str:
    """Somebody elsewhere shared a bookmark at a moment; `share_uri` is their Announce's id."""
    object_hash, uri = addresses.uri_hash(object_uri), share_uri or ""
    if bookmark["is_local"] and not may_be_passed_on(Visibility(bookmark["visibility"])):
        return IGNORED
    await hold("actor", sharer["id"])
    if await between(sharer["id"], bookmark["actor_id"]):
        return IGNORED
    await hold("link", bookmark["link_id"])
    before = await _one(sharer, object_hash)
    if before is not None and (before["shared_at"], before["uri"]) >= (at, uri):
        return "known"
    if before is not None:
        await _end(before, bookmark)
    await execute(_SHARE, sharer["id"], object_hash, bookmark["id"], uri, at, None)
    await share_began(bookmark, sharer["id"])
    if bookmark["is_local"]:
        await telling.shared(sharer["id"], bookmark)
    return "shared"


async def share_nothing_yet(sharer: Row, author: Row, object_uri: str, share_uri: str | None, at: int) -> str:
    """Somebody elsewhere shared a Note that is no bookmark: it is remembered, for an edit may make it one.

    That edit may as well have come before, and then the share would stand.
    """
    object_hash, uri = addresses.uri_hash(object_uri), share_uri or ""
    await hold("actor", sharer["id"])
    if await between(sharer["id"], author["id"]) or await is_buried(author, object_uri):
        return IGNORED
    before = await _one(sharer, object_hash)
    if before is not None and (before["shared_at"], before["uri"]) >= (at, uri):
        return "known"
    if before is not None:
        await _end(before, None)
    await execute(_SHARE, sharer["id"], object_hash, None, uri, at, now())
    return "remembered"


async def doubt(announcer: Row) -> None:
    """Somebody announced what was not so at its origin."""
    await execute("UPDATE actor SET doubts = doubts + 1 WHERE id = ?", announcer["id"])


async def unshare(sharer: Row, ref: ActivityRef) -> str:
    """They take it back: named by the Announce's id, else by what was shared."""
    await hold("actor", sharer["id"])
    found = None
    if ref.id is not None:
        await _bury(sharer, ref)
        found = await fetch_one("SELECT * FROM share WHERE actor_id = ? AND uri = ?", sharer["id"], ref.id)
    if found is None and ref.object is not None:
        named = await _one(sharer, addresses.uri_hash(ref.object))
        found = named if named is not None and (ref.id is None or not named["uri"]) else None
    if found is None or found["shared_at"] > _taken_back_until(ref):
        return IGNORED
    await _unshare(found)
    return "unshared"


async def unshare_some(sharer: Row, limit: int) -> int:
    """End some of the shares of somebody who is gone, and all their likes; returns how many shares."""
    await execute("DELETE FROM reaction WHERE actor_id = ?", sharer["id"])
    found = await fetch("SELECT * FROM share WHERE actor_id = ? LIMIT ?", sharer["id"], limit)
    for row in found:
        await _unshare(row)
    return len(found)


async def show_or_hide_shared(author_id: int) -> None:
    """Show what people shared of somebody here who may be read again, or hide it, for they may not, inside `write()`.

    Their public bookmarks come and go by `listed`; this is for what is unlisted, and nobody but sharers shows.
    """
    for bookmark in await fetch(_SHARED_UNLISTED, author_id):
        await hold("link", bookmark["link_id"])
        for row in await fetch("SELECT actor_id FROM share WHERE bookmark_id = ?", bookmark["id"]):
            await share_ended(bookmark, row["actor_id"])
            await share_began(bookmark, row["actor_id"])


async def like(fan: Row, object_uri: str, like_uri: str | None) -> str:
    """Somebody elsewhere likes a bookmark of this server; what else they like is not ours to count."""
    bookmark = await bookmark_of(object_uri) if addresses.local_bookmark(object_uri) else None
    if bookmark is None or not leaves(Visibility(bookmark["visibility"])):
        return IGNORED
    if await was_taken_back(fan, like_uri, None) or await between(fan["id"], bookmark["actor_id"]):
        return IGNORED
    await execute(_LIKE, fan["id"], bookmark["id"], "Like", like_uri or "")
    await telling.liked(fan["id"], bookmark)
    return "liked"


async def unlike(fan: Row, ref: ActivityRef) -> str:
    """They like it no more: named by the Like's id, else by what was liked."""
    if ref.id is not None:
        await _bury(fan, ref)
    bookmark = await bookmark_of(ref.object) if ref.object and addresses.local_bookmark(ref.object) else None
    named = (ref.id or "-", bookmark["id"] if bookmark else 0, ref.id or "")
    return "unliked" if await execute(_UNLIKE, fan["id"], *named) else IGNORED


async def was_taken_back(actor: Row, uri: str | None, said_at: int | None) -> bool:
    """Whether an Undo of this activity came before it; what is said later under the same id counts anew."""
    row = await fetch_one(_BURIED, _grave(actor, uri)) if uri else None
    return row is not None and (said_at is None or said_at <= row["deleted_at"])


async def _one(sharer: Row, object_hash: str) -> Row | None:
    sql = "SELECT * FROM share WHERE actor_id = ? AND object_hash = ?"
    return await fetch_one(sql, sharer["id"], object_hash)


async def _unshare(row: Row) -> None:
    sql = "SELECT * FROM bookmark WHERE id = ?"
    bookmark = await fetch_one(sql, row["bookmark_id"]) if row["bookmark_id"] is not None else None
    await _end(row, bookmark)
    if bookmark is not None:
        await drop_if_unwanted(bookmark)


async def _end(row: Row, bookmark: Row | None) -> None:
    await execute("DELETE FROM share WHERE id = ?", row["id"])
    if bookmark is not None:
        await share_ended(bookmark, row["actor_id"])


async def _bury(actor: Row, ref: ActivityRef) -> None:
    """Remember until when something was taken back, of several times the last."""
    assert ref.id is not None
    await execute(_BURY, _grave(actor, ref.id), ref.id, _taken_back_until(ref))


def _taken_back_until(ref: ActivityRef) -> int:
    """Up to which moment an Undo ends what was said under an id; a second may be cut off on its way."""
    return now() if ref.published is None else ref.published + MICROS - 1


def _grave(actor: Row, uri: str) -> str:
    return addresses.uri_hash(f"{actor['uri']} {uri}")
