"""Answering who asks, by hand: accept, reject, and removing a follower."""

from __future__ import annotations

from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import NotFound
from fedimark.follows.queries import ANSWERED_BY
from fedimark.follows.request import Reader
from fedimark.here import here, now
from fedimark.outbox.follows import say_accept, say_reject
from fedimark.timelines.merge import follow_began, follow_ended

_FOLLOW = f"SELECT * FROM follow WHERE id = ? AND target_id IN (SELECT t.id FROM actor t WHERE {ANSWERED_BY})"
_ANSWER = "UPDATE follow SET state = ?, answered_at = ? WHERE id = ?"
_ACTOR = "SELECT * FROM actor WHERE id = ?"


async def accept(target: Reader, follow_id: str) -> None:
    """Let a request stand; `follow_id` is its row's id, as a form sends it. Raises NotFound."""
    await atomically(lambda: _accept(target.actor_id, follow_id))
    here().wake.set()


async def reject(target: Reader, follow_id: str) -> None:
    """Refuse a request, or end what was accepted before; they may ask again. Raises NotFound."""
    await atomically(lambda: _reject(target.actor_id, follow_id))
    here().wake.set()


async def remove_follower(target: Reader, follow_id: str) -> None:
    """Let somebody follow no more: on the wire a Reject that comes late. Raises NotFound."""
    await reject(target, follow_id)


async def _accept(target_id: int, follow_id: str) -> None:
    row = await _asked(target_id, follow_id)
    if row["state"] != "requested":
        return
    await execute(_ANSWER, "accepted", now(), row["id"])
    local, follower = await _both(row)
    if follower["local_name"] is not None:
        await follow_began(follower["id"], local["id"])
    else:
        await say_accept(local, follower, row["uri"])


async def _reject(target_id: int, follow_id: str) -> None:
    row = await _asked(target_id, follow_id)
    await execute(_ANSWER, "rejected", now(), row["id"])
    local, follower = await _both(row)
    if follower["local_name"] is None:
        await say_reject(local, follower, row["uri"])
    elif row["state"] == "accepted":
        await follow_ended(follower["id"], local["id"])


async def _asked(target_id: int, follow_id: str) -> Row:
    known = follow_id.isascii() and follow_id.isdigit() and len(follow_id) < 19
    row = await fetch_one(_FOLLOW, int(follow_id), *[target_id] * 3) if known else None
    if row is None or row["state"] == "rejected":
        raise NotFound
    return row


async def _both(row: Row) -> tuple[Row, Row]:
    local, follower = await fetch_one(_ACTOR, row["target_id"]), await fetch_one(_ACTOR, row["follower_id"])
    assert local is not None
    assert follower is not None
    return local, follower
