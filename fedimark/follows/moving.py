"""When somebody elsewhere moves to another account: their followers here follow the new one."""

from __future__ import annotations

from contextlib import suppress

from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import Forbidden, Gone, Refused
from fedimark.follows import membership, telling
from fedimark.follows.request import ask, leave
from fedimark.here import MICROS

COOL_DOWN = 7 * 86_400 * MICROS

# Of people and pages: the server's own subscriptions follow from theirs.
_FOLLOWERS = """
SELECT f.follower_id FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state IN ('accepted', 'requested') AND (a.local_name IS NOT NULL OR a.tag_id IS NOT NULL)
AND a.kind <> 'Application' ORDER BY f.id LIMIT ?
"""


async def matters(old: Row, at: int) -> bool:
    """Whether somebody here follows who moves, and their last Move is not of this week; `at` is when it came."""
    if old["moved_at"] is not None and old["moved_at"] != at and old["moved_at"] > at - COOL_DOWN:
        return False
    return await fetch_one(_FOLLOWERS, old["id"], 1) is not None


async def moved(old: Row, new: Row, at: int, limit: int) -> int:
    """Let followers here ask the new account and leave the old one, inside `write()`; returns how many did.

    Less than `limit` is the end. Nothing happens within a week of the Move before.
    """
    if new["id"] == old["id"] or not await matters(old, at):
        return 0
    await execute("UPDATE actor SET moved_at = ? WHERE id = ?", at, old["id"])
    followers = await fetch(_FOLLOWERS, old["id"], limit)
    for row in followers:
        # A block, or the new account ended meanwhile, or is nothing for a page: then they only leave.
        with suppress(Forbidden, Gone, Refused):
            await ask(row["follower_id"], new["id"])
            await membership.moved(row["follower_id"], old["id"], new["id"])
        await leave(row["follower_id"], old["id"])
        await telling.moved(row["follower_id"], old, new)
    return len(followers)
