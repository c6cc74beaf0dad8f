"""Applying what was received: each activity in a transaction of its own, in the order they came."""

from __future__ import annotations

from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.here import MICROS, here, now
from fedimark.inbox.dispatch import dispatch
from fedimark.inbox.handlers import UNFINISHED
from fedimark.inbox.receive import stored
from fedimark.logs import INBOX_APPLIED, INBOX_POISON, log
from fedimark.policy.blocks import is_blocked_actor

BATCH = 50
PAUSES_S = (5, 30, 120, 600)  # after the first, second … failure; the fifth sets a row aside

_WAITING = "SELECT id FROM received_activity WHERE applied_at IS NULL AND next_at <= ? ORDER BY id LIMIT ?"
_STILL_WAITING = "SELECT * FROM received_activity WHERE id = ? AND applied_at IS NULL"
_APPLIED = "UPDATE received_activity SET applied_at = ?, outcome = ? WHERE id = ?"
_SET_BACK = "UPDATE received_activity SET tries = tries + 1, next_at = ?, outcome = ? WHERE id = ?"
_POISON = "UPDATE received_activity SET tries = tries + 1, applied_at = ?, outcome = ? WHERE id = ?"


async def apply_waiting() -> int:
    """Apply up to 50 waiting activities; returns how many were tried, so 0 means none is due.

    Effects and `applied_at` are committed together, so a crash repeats nothing and loses nothing. One that fails
    waits and is tried again, five times in all, while the others pass it.
    """
    waiting = await fetch(_WAITING, now(), BATCH)
    for row in waiting:
        await _try(row["id"])
    if waiting:
        here().wake.set()  # what is answered can be sent
    return len(waiting)


async def _try(row_id: int) -> None:
    try:
        await atomically(lambda: _apply(row_id))
    except Exception as error:  # whatever it is, the others must not wait for it
        await _set_back(row_id, error)


async def _apply(row_id: int) -> None:
    row = await fetch_one(_STILL_WAITING, row_id)
    if row is None:
        return
    received = await stored(row)
    # Taken in before their domain was blocked.
    outcome = "blocked" if await is_blocked_actor(received.actor) else await dispatch(received)
    if outcome != UNFINISHED:
        await execute(_APPLIED, now(), outcome, row_id)
    log.info(INBOX_APPLIED, kind=row["kind"], actor_id=row["actor_id"], outcome=outcome)


async def _set_back(row_id: int, error: Exception) -> None:
    """Let a row wait, or set it aside. Where not even that can be written, the disk is full: raises Unavailable."""
    row: Row | None = await fetch_one(_STILL_WAITING, row_id)
    if row is None:
        return
    name = type(error).__name__
    if row["tries"] < len(PAUSES_S):
        await execute(_SET_BACK, now() + PAUSES_S[row["tries"]] * MICROS, f"failed: {name}", row_id)
        return
    await execute(_POISON, now(), f"poison: {name}", row_id)
    log.error(INBOX_POISON, row_id=row_id, kind=row["kind"], actor_id=row["actor_id"], exc_info=error)
