"""Follows that nobody answered, relays among them, are asked again: after a day, and after a week."""

from __future__ import annotations

from functools import partial

from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.follows import relays
from fedimark.here import MICROS, here, now
from fedimark.outbox.follows import say_follow_again

DAY = 86_400 * MICROS
WEEK = 7 * DAY
BATCH = 50

_LOOK_EVERY = 600 * MICROS
_UNANSWERED = """(
    (f.asked_again_at IS NULL AND f.created_at <= ?)
    OR (f.created_at <= ? AND f.asked_again_at < f.created_at + ?))"""
_DUE = f"""
SELECT f.id FROM follow f JOIN actor t ON t.id = f.target_id JOIN actor r ON r.id = f.follower_id
WHERE f.state = 'requested' AND f.public_id IS NOT NULL AND r.local_name IS NOT NULL
AND t.uri IS NOT NULL AND t.gone_at IS NULL AND t.suspended_at IS NULL
AND r.gone_at IS NULL AND r.suspended_at IS NULL AND {_UNANSWERED} ORDER BY f.id LIMIT ?
"""
_RELAYS_DUE = f"SELECT f.id FROM relay f WHERE f.state = 'requested' AND {_UNANSWERED} ORDER BY f.id LIMIT ?"
_WAITING = "SELECT * FROM follow WHERE id = ? AND state = 'requested'"
_ACTOR = "SELECT * FROM actor WHERE id = ?"


async def ask_again() -> int:
    """Say unanswered Follows again, each under its own id; returns how many. Looks every ten minutes."""
    caches, moment = here().caches, now()
    if moment < caches.get("follows.heal_at", 0):
        return 0
    since = (moment - DAY, moment - WEEK, WEEK, BATCH)
    due, relays_due = await fetch(_DUE, *since), await fetch(_RELAYS_DUE, *since)
    for row in due:
        await atomically(partial(_again, row["id"]))
    for row in relays_due:
        await atomically(partial(relays.again, row["id"]))
    if len(due) < BATCH:
        caches["follows.heal_at"] = moment + _LOOK_EVERY
    if due or relays_due:
        here().wake.set()
    return len(due) + len(relays_due)


async def _again(follow_id: int) -> None:
    row: Row | None = await fetch_one(_WAITING, follow_id)
    if row is None:
        return
    follower, target = await fetch_one(_ACTOR, row["follower_id"]), await fetch_one(_ACTOR, row["target_id"])
    assert follower is not None
    assert target is not None
    await say_follow_again(follower, target, row["public_id"])
    await execute("UPDATE follow SET asked_again_at = ? WHERE id = ?", now(), row["id"])
