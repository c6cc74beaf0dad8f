"""What becomes of lists of people when a follow ends or moves along; inside `write()`, where the follow changes."""

from __future__ import annotations

from fedimark.database import execute

_LEFT = """
DELETE FROM list_member WHERE actor_id = ? AND list_id IN (SELECT id FROM people_list WHERE owner_id = ?)
"""
_GONE = "DELETE FROM list_member WHERE actor_id = ?"
_MOVED = """
INSERT INTO list_member (list_id, actor_id)
SELECT e.list_id, CAST(? AS BIGINT) FROM list_member e JOIN people_list l ON l.id = e.list_id
WHERE e.actor_id = ? AND l.owner_id = ? ON CONFLICT (list_id, actor_id) DO NOTHING
"""
_UNCHOSEN = "UPDATE people_list SET from_id = NULL WHERE owner_id = ? AND from_id = ?"
_LISTS = "DELETE FROM list_member WHERE list_id IN (SELECT id FROM people_list WHERE owner_id = ?)"


async def left(follower_id: int, target_id: int) -> None:
    """Take whom somebody follows no more off their lists, and out of what they chose to see."""
    await execute(_LEFT, target_id, follower_id)
    await execute(_UNCHOSEN, follower_id, target_id)


async def moved(follower_id: int, old_id: int, new_id: int) -> None:
    """Put the new account of somebody on the lists where the old one is."""
    await execute(_MOVED, new_id, old_id, follower_id)


async def gone(actor_id: int) -> None:
    """Take somebody who is gone off every list."""
    await execute(_GONE, actor_id)


async def forget_lists(owner_id: int) -> None:
    """Take away every list of somebody who leaves."""
    await execute(_LISTS, owner_id)
    await execute("DELETE FROM people_list WHERE owner_id = ?", owner_id)
