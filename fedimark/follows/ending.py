"""The end of every follow between two people, whoever asked for it: rows changed inside `write()`."""

from __future__ import annotations

from fedimark.database import Row, fetch
from fedimark.follows import membership, subscriptions
from fedimark.outbox.follows import say_reject, say_undo
from fedimark.timelines.merge import follow_ended

_END = "DELETE FROM follow WHERE follower_id = ? AND target_id = ? RETURNING state, public_id, uri"


async def end_silently(one: Row, other: Row) -> None:
    """End the follows between two people in both directions, and say nothing; both are rows of `actor`.

    A subscription of the server that nobody here needs any more ends all the same: it is nobody's of the two.
    """
    await _ended(one, other)
    await _ended(other, one)


async def end_aloud(local: Row, other: Row) -> None:
    """End the follows between somebody here, or a tag, and another in both directions.

    Another elsewhere is told: by an Undo of what was asked, a Reject of what they asked.
    """
    ours, theirs = await _ended(local, other), await _ended(other, local)
    if other["uri"] is None:
        return
    if ours is not None and ours["state"] != "rejected" and ours["public_id"] is not None:
        await say_undo(local, other, ours["public_id"])
    if theirs is not None and theirs["state"] != "rejected":
        await say_reject(local, other, theirs["uri"])


async def _ended(follower: Row, target: Row) -> Row | None:
    rows = await fetch(_END, follower["id"], target["id"])
    if rows and follower["uri"] is None:
        await membership.left(follower["id"], target["id"])
    if rows and rows[0]["state"] == "accepted" and follower["uri"] is None:
        await follow_ended(follower["id"], target["id"])
    if rows and rows[0]["public_id"] is None and target["uri"] is not None:
        await subscriptions.left(target["id"])
    return rows[0] if rows else None
