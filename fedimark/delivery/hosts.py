"""How each host fares, for admins: what waits there and why, and what they may do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fedimark.database import Row, atomically, execute, fetch
from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate
from fedimark.delivery.peers import health_of, wake
from fedimark.here import here, now
from fedimark.policy.muted import is_muted

FORGOTTEN = "forgotten"  # why a delivery will never arrive: an admin said so

_WAITS = "d.dead_at IS NULL AND d.paced_until IS NULL"
_STATES = f"""
SELECT p.host, p.fails, p.open_until, p.failing_days, p.failed_at, p.answered_at, p.paused_at, p.last_error,
    COUNT(d.id) AS waiting, MIN(d.created_at) AS oldest, MIN(d.next_at) AS next_at
FROM (SELECT * FROM peer p WHERE p.host > ? AND p.host LIKE ? ESCAPE '!' AND (p.fails > 0 OR p.paused_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM delivery d WHERE d.host = p.host AND {_WAITS})) ORDER BY p.host LIMIT ?) p
LEFT JOIN delivery d ON d.host = p.host AND {_WAITS}
GROUP BY p.host, p.fails, p.open_until, p.failing_days, p.failed_at, p.answered_at, p.paused_at, p.last_error
ORDER BY p.host
"""
_WAITING = f"""
SELECT w.waiting, w.oldest, p.fails, p.open_until, p.failing_days, p.failed_at, p.answered_at, p.paused_at
FROM (SELECT d.host, COUNT(*) AS waiting, MIN(d.created_at) AS oldest FROM delivery d WHERE {_WAITS} GROUP BY d.host) w
LEFT JOIN peer p ON p.host = w.host
"""
_PAUSE = """
INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at, paused_at) VALUES (?, '', 0, '', ?, ?, ?)
ON CONFLICT (host) DO UPDATE SET paused_at = excluded.paused_at
"""
_GO_ON = "UPDATE peer SET paused_at = NULL WHERE host = ?"
_TRY = (
    "UPDATE peer SET failing_days = 0, open_until = CASE WHEN open_until > ? THEN ? ELSE open_until END WHERE host = ?"
)
_FORGET = "UPDATE delivery SET dead_at = ?, last_error = ? WHERE host = ? AND dead_at IS NULL AND lease_until <= ?"


class State(StrEnum):
    """How it stands with a host, in a word."""

    WELL = "well"
    RESTING = "resting"  # its breaker is open: until `HostState.resting_until`
    DORMANT = "dormant"  # a probe a week
    PAUSED = "paused"  # by an admin; what is older than a week is given up all the same
    MUTED = "muted"  # this whole server sends nothing


_NEVER = frozenset({State.PAUSED, State.MUTED})  # nothing is tried until somebody says so


@dataclass(frozen=True, slots=True)
class HostState:
    """One host: what waits there, and how it fares. Moments are microseconds since 1970; 0 is never."""

    host: str
    waiting: int
    oldest: int  # when the oldest letter that waits was written
    fails: int  # in a row
    state: State
    resting_until: int
    last_error: str  # a short fixed word
    answered_at: int  # within a minute
    next_try: int


@dataclass(frozen=True, slots=True)
class StateCount:
    """What waits for all hosts in one state together; `oldest` is when the oldest of it was written."""

    state: State
    hosts: int
    waiting: int
    oldest: int


async def states(after: str = "", limit: int = 100, part: str = "") -> list[HostState]:
    """Hosts for which something waits, which fail, or which are paused, by name; the next page begins `after` the last.

    With `part`, only those in whose name it stands. One statement, and now and then whether this server is muted.
    """
    at, muted = now(), await is_muted()
    return [_read(row, _state(row, at, muted=muted)) for row in await fetch(_STATES, after, _like(part), limit)]


async def counts_by_state() -> list[StateCount]:
    """How much waits, and since when, for hosts in each state; states for which nothing waits are left out."""
    at, muted, found = now(), await is_muted(), dict[State, StateCount]()
    for row in await fetch(_WAITING):
        state = _state(row, at, muted=muted)
        was = found.get(state, StateCount(state, 0, 0, row["oldest"]))
        oldest = min(was.oldest, row["oldest"])
        found[state] = StateCount(state, was.hosts + 1, was.waiting + row["waiting"], oldest)
    return [found[state] for state in State if state in found]


async def retry(host: str) -> None:
    """Try a host now: what waits there is sent, or one letter to see whether it answers where it did not.

    Its own wish (Retry-After) stands.
    """

    async def work() -> None:
        at = now()
        await execute(_TRY, at, at, host)
        await wake(host, at)

    await atomically(work)
    here().wake.set()


async def pause(host: str) -> None:
    """Send a host nothing more until `go_on`. Nothing is lost, but what waits for a week is given up as ever."""
    at = now()
    await execute(_PAUSE, host, at, at, at)


async def go_on(host: str) -> None:
    """End a pause."""
    await execute(_GO_ON, host)
    here().wake.set()


async def forget(host: str) -> int:
    """Give up what waits for a host, and return how much that was; who follows from there still does.

    What is under way may arrive.
    """
    at = now()
    return await execute(_FORGET, at, FORGOTTEN, host, at)


def _like(part: str) -> str:
    for sign in "!%_":
        part = part.replace(sign, f"!{sign}")
    return f"%{part}%"


def _read(row: Row, state: State) -> HostState:
    return HostState(
        host=row["host"],
        waiting=row["waiting"],
        oldest=row["oldest"] or 0,
        fails=row["fails"],
        state=state,
        resting_until=row["open_until"] if state in (State.RESTING, State.DORMANT) else 0,
        last_error=row["last_error"],
        answered_at=row["answered_at"],
        next_try=max(row["next_at"], row["open_until"]) if row["waiting"] and state not in _NEVER else 0,
    )


def _state(row: Row, at: int, *, muted: bool) -> State:
    health = health_of(row)
    if row["paused_at"] is not None:
        return State.PAUSED
    if muted:
        return State.MUTED
    if health.is_dormant:
        return State.DORMANT
    return State.RESTING if breaker.gate(health, at) is Gate.OPEN else State.WELL
