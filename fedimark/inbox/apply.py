"""Applying what was received, in the order it came: plain Notes in runs, everything else in transactions of its own.

What can't be applied before another server was asked waits in a lane of its own, so that a server that does not
answer holds up nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from fedimark.database import Row, atomically, execute, fetch, fetch_one, is_sqlite
from fedimark.errors import Postponed, Unreachable
from fedimark.here import MICROS, here, now
from fedimark.inbox import askers, asking, runs
from fedimark.inbox.announced import make_room
from fedimark.inbox.authority import may_be_heard
from fedimark.inbox.dispatch import dispatch
from fedimark.inbox.handlers import UNFINISHED
from fedimark.inbox.origin import Origin
from fedimark.inbox.receive import stored
from fedimark.inbox.relayed import PASSED
from fedimark.inbox.runs import counted
from fedimark.logs import INBOX_APPLIED, INBOX_POISON, log
from fedimark.metrics import APPLIED
from fedimark.policy.blocks import is_blocked_actor
from fedimark.vocab.activities import Announce

BATCH = 256
AT_ONCE = 8  # servers asked at one time
PAUSES_S = (5, 30, 120, 600)  # after the first, second … failure; the fifth sets a row aside
UNREACHABLE_PAUSES_S = (60, 600, 3_600, 21_600)
LONGEST_TURN = 86_400 * MICROS  # how long one may wait to be asked about at all

RUNS: Mapping[str, Callable[[Sequence[int]], Awaitable[int]]] = MappingProxyType(
    {runs.KIND: runs.apply_plain, askers.KIND: askers.apply_plain}
)
"""What is applied together when it came one after the other; each returns how many of the first it applied."""

_WAITING = """
SELECT id, kind, {length}(body) AS size FROM received_activity WHERE id IN (
    SELECT id FROM received_activity
    WHERE applied_at IS NULL AND asking_since IS NULL AND next_at <= ?{part} ORDER BY id LIMIT ?) ORDER BY id
"""
_PART = " AND actor_id % ? = ?"
# Each server's first before anybody's second: a thousand questions about a slow one make no other wait long.
_ASKING = """
SELECT w.id FROM (
    SELECT r.id, r.next_at, row_number() OVER (PARTITION BY a.host ORDER BY r.next_at, r.id) AS place
    FROM received_activity r JOIN actor a ON a.id = r.actor_id
    WHERE r.applied_at IS NULL AND r.asking_since IS NOT NULL AND r.next_at <= ?) w
ORDER BY w.place, w.next_at, w.id LIMIT ?
"""
_STILL_WAITING = "SELECT * FROM received_activity WHERE id = ? AND applied_at IS NULL"
_ASK = "UPDATE received_activity SET asking_since = ? WHERE id = ?"
_APPLIED = "UPDATE received_activity SET applied_at = ?, outcome = ? WHERE id = ?"
_SET_BACK = "UPDATE received_activity SET tries = tries + 1, next_at = ?, outcome = ? WHERE id = ?"
_POSTPONE = "UPDATE received_activity SET next_at = ?, outcome = ? WHERE id = ?"
_POISON = "UPDATE received_activity SET tries = tries + 1, applied_at = ?, outcome = ? WHERE id = ?"


async def apply_waiting(shard: int = 0, of: int = 1) -> int:
    """Apply up to 256 waiting activities; returns how many were tried, so 0 means none is due.

    With `of`, those of a part of all actors: what is said of one object comes from one actor, and stays in its order.

    Effects and `applied_at` are committed together, so a crash repeats nothing and loses nothing. One that fails
    waits and is tried again, five times in all, while the others pass it.
    """
    part = (of, shard) if of > 1 else ()
    # PostgreSQL would unfold each body to count its characters.
    sql = _WAITING.format(length="length" if is_sqlite() else "octet_length", part=_PART if part else "")
    waiting = await fetch(sql, now(), *part, BATCH)
    for stretch in runs.cut(waiting, RUNS):
        await _try_stretch(stretch)
    if waiting:
        here().wake.set()  # what is answered can be sent, what must be asked can be
    return len(waiting)


async def apply_asked() -> int:
    """Apply up to 8 activities whose server must be asked first, all at one time; returns how many were tried."""
    waiting = await fetch(_ASKING, now(), AT_ONCE)
    await asyncio.gather(*(_try_asked(row["id"]) for row in waiting))
    if waiting:
        here().wake.set()
    return len(waiting)


async def _try_stretch(stretch: runs.Stretch) -> None:
    """Apply what is plain together, and what is not by itself; where a run fails, each of those left by itself."""
    left = list(stretch.ids)
    while stretch.kind and left:
        try:
            done = await RUNS[stretch.kind](left)
        except Exception:  # one of them: alone it holds up and undoes no other
            break
        if not done:
            await _try(left[0])
        left = left[done or 1 :]
    for row_id in left:
        await _try(row_id)


async def _try(row_id: int) -> None:
    try:
        await atomically(lambda: _apply(row_id, None))
    except Exception as error:  # whatever it is, the others must not wait for it
        await _set_back(row_id, error)


async def _try_asked(row_id: int) -> None:
    try:
        row = await fetch_one(_STILL_WAITING, row_id)
        if row is not None:
            origin = await asking.ask(await stored(row))
            await atomically(lambda: _apply(row_id, origin))
    except Exception as error:
        await _set_back(row_id, error)


async def _apply(row_id: int, origin: Origin | None) -> None:
    # Held until its effects are committed: two workers on one database must not apply it twice.
    row = await fetch_one(_STILL_WAITING if is_sqlite() else f"{_STILL_WAITING} FOR UPDATE", row_id)
    if row is None:
        return
    received = replace(await stored(row), origin=origin)
    # Taken in before their domain was blocked, or they were suspended.
    if await is_blocked_actor(received.actor):
        outcome = "blocked"
    elif received.actor["suspended_at"] is not None and not may_be_heard(received.activity):
        outcome = "suspended"
    elif (ready := received if origin else await asking.without_asking(received)) is None:
        await execute(_ASK, now(), row_id)
        if isinstance(received.activity, Announce):
            await make_room(received)
        return
    else:
        outcome = await dispatch(ready)
    if outcome == PASSED:
        await execute("DELETE FROM received_activity WHERE id = ?", row_id)
    elif outcome != UNFINISHED:
        await execute(_APPLIED, now(), outcome, row_id)
    log.info(INBOX_APPLIED, kind=row["kind"], actor_id=row["actor_id"], outcome=outcome)
    counted(outcome, [row["received_at"]])


async def _set_back(row_id: int, error: Exception) -> None:
    """Let a row wait, or set it aside. Where not even that can be written, the disk is full: raises Unavailable."""
    row: Row | None = await fetch_one(_STILL_WAITING, row_id)
    if row is None:
        return
    name = type(error).__name__
    if isinstance(error, Postponed) and row["received_at"] > now() - LONGEST_TURN:
        # Nobody was asked: it only waits for its turn.
        await execute(_POSTPONE, now() + error.retry_after_s * MICROS, f"failed: {name}", row_id)
        return
    pauses = UNREACHABLE_PAUSES_S if isinstance(error, Unreachable) else PAUSES_S
    if row["tries"] < len(pauses):
        await execute(_SET_BACK, now() + pauses[row["tries"]] * MICROS, f"failed: {name}", row_id)
        return
    if isinstance(error, Unreachable):
        await execute(_APPLIED, now(), "unreachable", row_id)
        return
    await execute(_POISON, now(), f"poison: {name}", row_id)
    here().metrics.count(APPLIED, "set_aside")
    log.error(INBOX_POISON, row_id=row_id, kind=row["kind"], actor_id=row["actor_id"], exc_info=error)
