"""Taking due deliveries under a lease.

Whoever dies with them loses them when the lease runs out, so each is sent at least once. What is due and may not go is
put off, so that looking costs as much as there is to send, however much waits for hosts that are dead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, takewhile
from types import MappingProxyType

from fedimark.database import Row, atomically, execute, execute_many, fetch, is_sqlite, marks
from fedimark.delivery import pacing
from fedimark.delivery.breaker import Lane
from fedimark.delivery.choose import CONNECTIONS, Choice, Due, choose
from fedimark.delivery.peers import health_of
from fedimark.here import MICROS, here, now
from fedimark.logs import DELIVERY_DEAD, log

SLOTS: Mapping[Lane, int] = MappingProxyType({Lane.FAST: 256, Lane.OTHERS: 128})
"""How many inboxes each lane serves at once."""
LETTERS = 10  # for one inbox under one lease
EXPIRED = "expired"

_OTHERS_TOTAL_S = 10.0
_LEASE = 60 * MICROS
_SETTLING = 5 * MICROS  # beyond the time one try may take
_WINDOW = 500

_LEASED = "SELECT DISTINCT host, inbox_hash FROM delivery WHERE lease_until > 0 AND lease_until > ?"
_DUE = """
SELECT id FROM delivery WHERE dead_at IS NULL AND paced_until IS NULL AND lane = ? AND next_at <= ?{elsewhere}
ORDER BY next_at, id LIMIT ?{lock}
"""
# Read after the rows are held, so that whoever ends a try or closes a breaker meanwhile wakes what we put off, not the
# other way round.
_SEEN = """
SELECT d.id, d.host, d.inbox_hash, d.lane, d.created_at, o.id AS oldest, o.next_at AS oldest_next_at,
    p.fails, p.open_until, p.failing_days, p.failed_at, p.answered_at
FROM delivery d
JOIN delivery o ON o.id = (SELECT MIN(e.id) FROM delivery e
    WHERE e.host = d.host AND e.inbox_hash = d.inbox_hash AND e.dead_at IS NULL AND e.paced_until IS NULL)
LEFT JOIN peer p ON p.host = d.host
WHERE d.id IN ({marks}) ORDER BY d.next_at, d.id
"""
# From the oldest of an inbox to the next and the next, a few steps.
_FOLLOWING = """
WITH RECURSIVE chain(id, host, inbox_hash, place) AS (
    SELECT id, host, inbox_hash, 1 FROM delivery WHERE id IN ({marks})
    UNION ALL
    SELECT (SELECT MIN(d.id) FROM delivery d WHERE d.host = chain.host AND d.inbox_hash = chain.inbox_hash
            AND d.id > chain.id AND d.dead_at IS NULL AND d.paced_until IS NULL),
        chain.host, chain.inbox_hash, chain.place + 1
    FROM chain WHERE chain.id IS NOT NULL AND chain.place < ?)
SELECT id, inbox_hash FROM chain WHERE id IS NOT NULL ORDER BY id
"""
_HOLD = "SELECT id FROM delivery WHERE id IN ({marks}) ORDER BY id FOR UPDATE SKIP LOCKED"
_TAKE = "UPDATE delivery SET lease_until = ?, next_at = ?, lane = ? WHERE id IN ({marks})"
_PUT_OFF = """
WITH later(id, moment) AS (VALUES {rows})
UPDATE delivery SET next_at = later.moment FROM later WHERE delivery.id = later.id
"""
_LATER = "(CAST(? AS BIGINT), CAST(? AS BIGINT))"  # PostgreSQL would take them for text
_MOVE = "UPDATE delivery SET lane = ? WHERE id = ?"
_EXPIRE = "UPDATE delivery SET dead_at = ?, last_error = ? WHERE id IN ({marks})"
_CLAIMED = """
SELECT d.*, a.kind, a.actor_id, COALESCE(y.body, a.body) AS body FROM delivery d JOIN activity a ON a.id = d.activity_id
LEFT JOIN activity_body y ON y.activity_id = d.activity_id AND y.profile = d.profile
WHERE d.id IN ({marks}) ORDER BY d.id
"""
_RELEASE = "UPDATE delivery SET lease_until = 0, next_at = ? WHERE lease_until = ? AND id IN ({marks})"
_GO_ON = """
UPDATE delivery SET next_at = CASE WHEN not_before > ? THEN not_before ELSE ? END WHERE lease_until <= ?
AND id = (SELECT MIN(id) FROM delivery WHERE host = ? AND inbox_hash = ? AND dead_at IS NULL AND paced_until IS NULL)
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(72178002)"


def patience_s(lane: int) -> float:
    """How long one try may take, in seconds."""
    total = here().settings.delivery_total_s
    return total if lane == Lane.FAST else min(total, _OTHERS_TOTAL_S)


def one_try(lane: int) -> int:
    """How long one delivery may take with its settling, in microseconds."""
    return int(patience_s(lane) * MICROS) + _SETTLING


async def claim(room: Mapping[Lane, int] = SLOTS) -> list[list[Row]]:
    """Due deliveries, leased for a minute or more: one list for each inbox, oldest first, up to `room` inboxes a lane.

    Rows of `delivery` with their activity's `kind`, `actor_id` and `body`.
    """
    found: list[list[Row]] = []
    left = dict(room)
    while any(left.values()):
        # Whoever is not taken is out of the way then, so each look sees others.
        taken, is_all = await atomically(lambda: _look(left))
        found += taken
        for letters in taken:
            left[Lane(letters[0]["lane"])] -= 1
        if is_all:
            break
    return found


async def release(deliveries: Sequence[Row]) -> None:
    """Give deliveries of one inbox back that were not tried after all, unless somebody else has them by now."""
    if deliveries:
        numbers = [each["id"] for each in deliveries]
        await execute(_RELEASE.format(marks=marks(len(numbers))), now(), deliveries[0]["lease_until"], *numbers)


async def go_on(delivery: Row) -> None:
    """Let the next one for the same inbox be looked at now."""
    moment = now()
    await execute(_GO_ON, moment, moment, moment, delivery["host"], delivery["inbox_hash"])


async def take_over() -> None:
    """Free what a worker had taken that is no more; for its successor, before it claims anything."""
    moment = now()
    # Not to nothing: that a try was under way is remembered, for it may have arrived. (outbox.publish)
    sql = "UPDATE delivery SET lease_until = ?, next_at = ? WHERE lease_until > 0 AND lease_until > ?"
    await execute(sql, moment, moment, moment)


async def _look(room: Mapping[Lane, int]) -> tuple[list[list[Row]], bool]:
    """Take what may go of the first that are due, put off the rest; and whether these were all."""
    if not is_sqlite():
        # Two claims at once would each see the other's inboxes as free.
        await fetch(_ONE_AT_A_TIME)
    moment = now()
    await pacing.admit(moment)
    leased = [(row["host"], row["inbox_hash"]) for row in await fetch(_LEASED, moment)]
    windows = [await _due(lane, moment, leased) for lane in sorted(room, reverse=True) if room[lane] > 0]
    numbers = [number for window in windows for number in window]
    if not numbers:
        return [], True
    seen = await fetch(_SEEN.format(marks=marks(len(numbers))), *numbers)
    choice = choose([_read(row) for row in seen], room, leased, moment)
    await _put_off(choice, moment)
    is_all = not choice or (not choice.expired and all(len(window) < _WINDOW for window in windows))
    return await _take(choice, moment), is_all


async def _due(lane: Lane, moment: int, leased: Iterable[tuple[str, str]]) -> list[int]:
    """The first of what is due in a lane, but for hosts that have all the connections they get."""
    full = sorted(host for host, inboxes in Counter(host for host, _ in leased).items() if inboxes >= CONNECTIONS)
    elsewhere = f" AND host NOT IN ({marks(len(full))})" if full else ""
    # What somebody is cancelling this moment is not waited for.
    lock = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
    rows = await fetch(_DUE.format(elsewhere=elsewhere, lock=lock), int(lane), moment, *full, _WINDOW)
    return [row["id"] for row in rows]


def _read(row: Row) -> Due:
    return Due(
        row["id"],
        row["host"],
        row["inbox_hash"],
        Lane(row["lane"]),
        row["created_at"],
        row["oldest"],
        row["oldest_next_at"],
        health_of(row),
    )


async def _put_off(choice: Choice, moment: int) -> None:
    if choice.put_off:
        rows = ", ".join([_LATER] * len(choice.put_off))
        await execute(_PUT_OFF.format(rows=rows), *chain.from_iterable(choice.put_off.items()))
    if choice.move:
        await execute_many(_MOVE, [(int(lane), number) for number, lane in choice.move.items()])
    if choice.expired:
        await execute(_EXPIRE.format(marks=marks(len(choice.expired))), moment, EXPIRED, *choice.expired)
        log.warning(DELIVERY_DEAD, reason=EXPIRED, amount=len(choice.expired))


async def _take(choice: Choice, moment: int) -> list[list[Row]]:
    """Lease the chosen ones with those behind them, and read what they say."""
    if not choice.send:
        return []
    heads = list(choice.send)
    found = await fetch(_FOLLOWING.format(marks=marks(len(heads))), *heads, LETTERS)
    held = await _held([row["id"] for row in found])
    inboxes: dict[str, list[int]] = {}
    for row in found:
        inboxes.setdefault(row["inbox_hash"], []).append(row["id"])
    lanes: dict[Lane, list[int]] = {}
    for oldest, *behind in inboxes.values():
        following = [] if oldest in choice.probes else takewhile(held.__contains__, behind)
        lanes.setdefault(choice.send[oldest], []).extend([oldest, *following])
    for lane, numbers in lanes.items():
        until = moment + max(_LEASE, 2 * one_try(lane))
        await execute(_TAKE.format(marks=marks(len(numbers))), until, until, int(lane), *numbers)
    return await _letters([number for numbers in lanes.values() for number in numbers])


async def _held(numbers: Sequence[int]) -> set[int]:
    """Those that nobody else holds this moment, now held by us."""
    if is_sqlite():
        return set(numbers)
    return {row["id"] for row in await fetch(_HOLD.format(marks=marks(len(numbers))), *numbers)}


async def _letters(numbers: Sequence[int]) -> list[list[Row]]:
    inboxes: dict[str, list[Row]] = {}
    for row in await fetch(_CLAIMED.format(marks=marks(len(numbers))), *numbers):
        inboxes.setdefault(row["inbox_hash"], []).append(row)
    return list(inboxes.values())
