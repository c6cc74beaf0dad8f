"""The owner's own marks: to read, starred, archived. They change nothing about who sees a bookmark and never leave."""

from __future__ import annotations

from fedimark.bookmarks.draft import Owner
from fedimark.database import execute
from fedimark.errors import NotFound, Refused

MARKS = frozenset({"to_read", "starred", "archived"})


async def mark(owner: Owner, public_id: str, name: str, value: bool) -> None:
    """Set one mark of one bookmark. Raises NotFound, Refused for a mark there isn't."""
    if name not in MARKS:
        raise Refused("There is no such mark.", field="mark")
    sql = f"UPDATE bookmark SET {name} = ? WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
    if not await execute(sql, value, owner.actor_id, public_id):
        raise NotFound
