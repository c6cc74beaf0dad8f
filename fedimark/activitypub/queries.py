"""What strangers on other servers may read: public and unlisted bookmarks, and who people are."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.policy.visibility import Visibility

_PERSON = "SELECT * FROM actor WHERE local_name = ? AND kind <> 'Application'"
_NOTE = f"""
SELECT * FROM bookmark WHERE public_id = ? AND actor_id = ? AND is_local AND removed_at IS NULL
AND visibility >= {int(Visibility.UNLISTED)} AND lower(url) LIKE 'http%'
"""
_TOMBSTONE = "SELECT * FROM tombstone WHERE uri_hash = ?"
_PUBLIC = f"""
FROM bookmark WHERE actor_id = ? AND visibility = {int(Visibility.PUBLIC)} AND removed_at IS NULL AND lower(url) LIKE 'http%'
"""
_OUTBOX = f"""
SELECT * {_PUBLIC} AND (saved_at, id) < (?, COALESCE((SELECT id FROM bookmark WHERE public_id = ?), 0))
ORDER BY saved_at DESC, id DESC LIMIT ?
"""
_NEWEST = f"SELECT * {_PUBLIC} ORDER BY saved_at DESC, id DESC LIMIT ?"


async def person(username: str) -> Row:
    """Somebody of this server. Raises NotFound, Gone for who left."""
    row = await fetch_one(_PERSON, username)
    if row is None:
        raise NotFound
    if row["gone_at"] is not None:
        raise Gone
    return row


async def departed(username: str) -> Row | None:
    """Somebody who left this server, or None."""
    return await fetch_one(f"{_PERSON} AND gone_at IS NOT NULL", username)


async def shown_bookmark(owner: Row, public_id: str) -> Row:
    """A bookmark that anybody may read. Raises NotFound for every other, whether there is one or not."""
    row = await fetch_one(_NOTE, public_id, owner["id"])
    if row is None:
        raise NotFound
    return row


async def tombstone(uri: str) -> Row | None:
    """What is left of an object of ours that ended, or None."""
    return await fetch_one(_TOMBSTONE, addresses.uri_hash(uri))


async def public_count(owner: Row) -> int:
    """How many bookmarks an outbox holds."""
    row = await fetch_one(f"SELECT count(*) AS amount {_PUBLIC}", owner["id"])
    return int(row["amount"]) if row else 0


async def outbox_page(owner: Row, before: tuple[int, str] | None, limit: int) -> list[Row]:
    """Public bookmarks, newest first; the next page begins before the last row's (saved_at, public_id)."""
    if before is None:
        return await fetch(_NEWEST, owner["id"], limit)
    return await fetch(_OUTBOX, owner["id"], *before, limit)
