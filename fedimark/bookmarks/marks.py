"""The owner's own marks: to read, starred, archived. They change nothing about who sees a bookmark and never leave."""

from __future__ import annotations

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.traces import left
from fedimark.database import Row, execute, fetch_one, write
from fedimark.errors import NotFound, Refused
from fedimark.timelines.merge import hold

MARKS = frozenset({"to_read", "starred", "archived"})


async def mark(owner: Owner, public_id: str, name: str, value: bool) -> None:
    """Set one mark of one bookmark. Raises NotFound, Refused for a mark there isn't.

    Its owner is held: an edit that read the row before writes all of it, the mark of then too.
    """
    if name not in MARKS:
        raise Refused("There is no such mark.", field="mark")
    sql = f"""
    UPDATE bookmark SET {name} = ? WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL RETURNING url_md5
    """
    async with write():
        await hold("actor", owner.actor_id)
        row = await fetch_one(sql, value, owner.actor_id, public_id)
        if row is None:
            raise NotFound
        await left(owner.actor_id, row["url_md5"])


async def mark_held(row: Row, name: str, value: bool) -> None:
    """The same, inside `write()`, its owner held; `name` is one of MARKS."""
    await execute(f"UPDATE bookmark SET {name} = ? WHERE id = ?", value, row["id"])
    await left(row["actor_id"], row["url_md5"])
