"""Taking hosts in hand, with the letters that may go there.

A host is leased as a whole, so no two processes ever send to one at once, whatever they are and wherever they run.
Whoever dies with it loses it when the lease runs out: each letter is sent at least once. Letters are marked as long,
because who cancels one must know that it may arrive.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import TypeAlias

from fedimark.database import (
    Row,
    Script,
    among,
    ask,
    atomically,
    execute,
    fetch,
    for_each,
    is_sqlite,
    marks,
    perform,
    several,
)
from fedimark.delivery import breaker, schedule
from fedimark.delivery.breaker import Gate, Health, Lane
from fedimark.delivery.choose import CONNECTIONS, Box, Choice, choose
from fedimark.delivery.peers import SILENT, health_of
from fedimark.here import MICROS, here, now
from fedimark.jobs.holders import NOBODY, holder, living
from fedimark.policy.muted import is_muted
from fedimark.remote import peers as known

SLOTS: Mapping[Lane, int] = MappingProxyType({Lane.FAST: 256, Lane.OTHERS: 128})
"""How many inboxes each lane serves at once."""
LETTERS = 20  # for one inbox in one look

_OTHERS_TOTAL_S = 10.0
_LEASE = 60 * MICROS
_SETTLING = 5 * MICROS  # beyond the time one try may take
_NO_WORKER = -1
_WINDOW = 64  # letters of a host that are seen in one look
_INBOXES = 2 * CONNECTIONS  # of a host that are taken in one look

_LEASE_HOSTS = """
UPDATE peer SET lease_until = ?, next_at = ?, leased_by = ? WHERE host {some}
AND next_at IS NOT NULL AND next_at <= ? AND lease_until <= ? AND paused_at IS NULL
RETURNING host, scheme, scheme_until, software, fails, open_until, failing_days, failed_at, answered_at
"""
_FREE = """
SELECT host FROM peer WHERE host {some} AND next_at IS NOT NULL AND next_at <= ? AND lease_until <= ?
AND paused_at IS NULL FOR UPDATE SKIP LOCKED
"""
_RENEW = """
UPDATE peer SET lease_until = ?, next_at = ? WHERE (host, lease_until) IN (VALUES {rows}) AND paused_at IS NULL
RETURNING host
"""
_HELD = "(CAST(? AS VARCHAR(255)), CAST(? AS BIGINT))"  # PostgreSQL would take them for text
_WAITS = "d.dead_at IS NULL AND d.paced_until IS NULL"
# The inboxes of a host's first letters that are due, the longest waiting first, each with its oldest letter.
_BOXES = f"""
SELECT p.host AS host, g.inbox_hash AS inbox_hash, o.id AS oldest, o.next_at AS oldest_next_at, g.amount AS amount
FROM (SELECT e.inbox_hash, MIN(e.next_at) AS first, COUNT(*) AS amount FROM (
        SELECT d.inbox_hash, d.next_at FROM delivery d WHERE d.host = p.host AND d.next_at <= ? AND {_WAITS} {{beside}}
        ORDER BY d.next_at, d.id LIMIT {_WINDOW}) e GROUP BY e.inbox_hash) g
JOIN delivery o ON o.id = (SELECT MIN(d.id) FROM delivery d
    WHERE d.host = p.host AND d.inbox_hash = g.inbox_hash AND {_WAITS})
ORDER BY g.first, o.id
"""
# From the oldest of an inbox to the next and the next, a few steps.
_FOLLOWING = f"""
WITH RECURSIVE chain(id, host, inbox_hash, place) AS (
    SELECT id, host, inbox_hash, 1 FROM delivery WHERE id {{some}}
    UNION ALL
    SELECT (SELECT MIN(d.id) FROM delivery d WHERE d.host = chain.host AND d.inbox_hash = chain.inbox_hash
            AND d.id > chain.id AND {_WAITS}),
        chain.host, chain.inbox_hash, chain.place + 1
    FROM chain WHERE chain.id IS NOT NULL AND chain.place < ?)
SELECT id, host, inbox_hash FROM chain WHERE id IS NOT NULL ORDER BY id
"""
# What somebody is cancelling this moment is not waited for.
_HOLD = "SELECT id FROM delivery WHERE id {some} ORDER BY id FOR UPDATE SKIP LOCKED"
_TAKE = "UPDATE delivery SET lease_until = ? WHERE id {some} RETURNING *"
_PUT_OFF = f"""
UPDATE delivery SET next_at = later.moment
FROM (SELECT column1 AS host, column2 AS inbox_hash, column3 AS moment FROM (VALUES {{rows}}) v) later
WHERE delivery.host = later.host AND delivery.inbox_hash = later.inbox_hash AND delivery.next_at < later.moment
AND {_WAITS.replace("d.", "delivery.")}
"""
_LATER = "(CAST(? AS VARCHAR(255)), CAST(? AS VARCHAR(40)), CAST(? AS BIGINT))"
_ACTIVITIES = "SELECT id, kind, actor_id, body FROM activity WHERE id {some}"
_BODIES = "SELECT activity_id, profile, body FROM activity_body WHERE activity_id {some}"
_SENDERS = "SELECT * FROM actor WHERE id {some}"
_NOTHING: Row = {"kind": "", "actor_id": 0}  # an activity that is gone: nobody says it
_HELD_BY_OTHERS = """
SELECT host FROM peer WHERE lease_until > 0 AND lease_until > ? AND leased_by NOT IN ({spared})
ORDER BY host
"""
_END_OF_LETTERS = "UPDATE delivery SET lease_until = ? WHERE host {some} AND lease_until > ?"
_END_OF_LEASE = "UPDATE peer SET lease_until = 0, leased_by = 0, next_at = ? WHERE host {some}"
_UNTOUCHED = "UPDATE delivery SET lease_until = 0 WHERE lease_until = ? AND id {some}"
_LET_GO = "UPDATE delivery SET lease_until = ? WHERE lease_until = ? AND id {some}"
_LOCK = "SELECT host FROM peer WHERE host {some} ORDER BY host FOR UPDATE"
_FIRST = f"(SELECT d.next_at FROM delivery d WHERE d.host = peer.host AND {_WAITS} ORDER BY d.next_at LIMIT 1)"
_GIVE_BACK = f"""
UPDATE peer SET lease_until = 0, leased_by = 0,
    next_at = CASE WHEN {_FIRST} < open_until THEN open_until ELSE {_FIRST} END
WHERE (host, lease_until) IN (VALUES {{rows}}) RETURNING host, next_at
"""


@dataclass(slots=True, eq=False)
class Visit:
    """A host in hand until `lease_until`, with letters that may go there: a list for each inbox, oldest first.

    Letters are rows of `delivery` with their activity's `kind`, `body` as bytes, and `sender`, a row of `actor`.
    """

    host: str
    lease_until: int
    health: Health
    is_silent: bool  # no answer means there that a letter was taken
    inboxes: deque[list[Row]] = field(default_factory=deque)
    in_hand: set[str] = field(default_factory=set)  # hashes of the inboxes whose letters are here
    is_all: bool = False  # whether nothing more was due at the last look
    tried: int = 0
    arrived: int = 0
    # What arrived and is not written down yet, by its inbox.
    settling: dict[str, list[asyncio.Future[None]]] = field(default_factory=dict)

    @property
    def lane(self) -> Lane:
        """The lane its letters go in."""
        return breaker.lane(self.health, now())


_Found: TypeAlias = list[tuple[Visit, list[Row]]]


def patience_s(lane: Lane) -> float:
    """How long one try may take, in seconds."""
    total = here().settings.delivery_total_s
    return total if lane is Lane.FAST else min(total, _OTHERS_TOTAL_S)


def one_try(lane: Lane) -> int:
    """How long one delivery may take with its settling, in microseconds."""
    return int(patience_s(lane) * MICROS) + _SETTLING


async def claim(room: Mapping[Lane, int] = SLOTS) -> list[Visit]:
    """Take hosts that are due in hand, up to `room` of each lane, with letters for each; none while this is muted."""
    if await is_to_rest() or not await schedule.is_any():
        return []
    await schedule.look()

    async def work() -> list[Visit]:
        found = [await schedule.due(lane, limit) for lane, limit in sorted(room.items(), reverse=True) if limit > 0]
        return await _begin(list(chain.from_iterable(found)))

    return await atomically(work)


async def is_to_rest() -> bool:
    """Whether nothing new may be begun: this server is muted, or this process is to end."""
    return here().ending.is_set() or await is_muted()


async def claim_some(hosts: Sequence[str]) -> list[Visit | None]:
    """Take these hosts in hand; None for each that is not due, is paused, or is in somebody else's hand."""

    async def work() -> list[Visit | None]:
        visits = {visit.host: visit for visit in await _begin(hosts)}
        return [visits.get(host) for host in hosts]

    return await atomically(work)


async def look_again(visits: Sequence[Visit]) -> list[bool]:
    """Fetch more letters for hosts in hand; False for a host that is so no more."""
    until = _lease_end()
    rows = ", ".join([_HELD] * len(visits))
    held = [value for visit in visits for value in (visit.host, visit.lease_until)]

    async def work() -> tuple[set[str], _Found]:
        kept = {row["host"] for row in await fetch(_RENEW.format(rows=rows), until, until, *held)}
        return kept, await perform(_fill([visit for visit in visits if visit.host in kept], until))

    # Nothing is theirs before it is committed: the work may be done twice.
    kept, found = await atomically(work)
    for visit in visits:
        if visit.host in kept:
            visit.lease_until = until
    _hand_over(found)
    return [visit.host in kept for visit in visits]


async def give_back(visits: Sequence[Visit]) -> list[int | None]:
    """Let go of hosts; returns when each is due next, None where nothing waits or it was in hand no more."""

    async def work() -> list[int | None]:
        if not is_sqlite():
            # Whoever spread letters before is seen by the statement after this one.
            await fetch(_LOCK.format(some=among("varchar")), several(visit.host for visit in visits))
        rows = ", ".join([_HELD] * len(visits))
        held = [value for visit in visits for value in (visit.host, visit.lease_until)]
        found = {row["host"]: row["next_at"] for row in await fetch(_GIVE_BACK.format(rows=rows), *held)}
        return [found.get(visit.host) for visit in visits]

    return await atomically(work)


async def untouched(letters: Sequence[Row]) -> None:
    """Unmark letters of one look that were not tried after all."""
    if letters:
        numbers = several(each["id"] for each in letters)
        await execute(_UNTOUCHED.format(some=among()), letters[0]["lease_until"], numbers)


async def let_go(letters: Sequence[Row]) -> None:
    """End the leases of letters that were being tried: of no effect on one that is settled.

    Not to nothing: that a try was under way is remembered, for it may have arrived. (outbox.publish)
    """
    if letters:
        numbers = several(each["id"] for each in letters)
        await execute(_LET_GO.format(some=among()), now(), letters[0]["lease_until"], numbers)


async def take_over() -> None:
    """Free what workers had in hand that are no more; on SQLite there is no other than who asks."""
    moment = now()
    alive = [] if is_sqlite() else await living()
    # What no numbered worker has in hand may be in the hands of a command beside them: then its lease ends by itself.
    spared = [*alive, NOBODY] if alive else [_NO_WORKER]

    async def work() -> None:
        lock = "" if is_sqlite() else " FOR UPDATE"
        sql = f"{_HELD_BY_OTHERS.format(spared=marks(len(spared)))}{lock}"
        hosts = [row["host"] for row in await fetch(sql, moment, *spared)]
        if hosts:
            # Not to nothing: that a try was under way is remembered, for it may have arrived. (outbox.publish)
            await execute(_END_OF_LETTERS.format(some=among("varchar")), moment, several(hosts), moment)
            await execute(_END_OF_LEASE.format(some=among("varchar")), moment, several(hosts))

    await atomically(work)


def _lease_end() -> int:
    return now() + max(_LEASE, 2 * one_try(Lane.FAST))


async def _begin(hosts: Sequence[str]) -> list[Visit]:
    rows, visits = await perform(_lease(hosts)) if hosts else ([], [])
    for row in rows:
        known.remember(row["host"], row["scheme"], row["scheme_until"])
    return visits


def _lease(hosts: Sequence[str]) -> Script[tuple[list[Row], list[Visit]]]:
    moment, until, some = now(), _lease_end(), among("varchar")
    free: Iterable[str] = hosts
    if not is_sqlite():
        free = [row["host"] for row in (yield from ask(_FREE.format(some=some), several(hosts), moment, moment))]
    rows = yield from ask(_LEASE_HOSTS.format(some=some), until, until, holder(), several(free), moment, moment)
    visits = [Visit(row["host"], until, health_of(row), row["software"] in SILENT) for row in rows]
    _hand_over((yield from _fill(visits, until)))
    return rows, visits


def _fill(visits: Sequence[Visit], until: int) -> Script[_Found]:
    """The letters that may go to hosts in hand, marked until then; what must wait is put off."""
    moment = now()
    asked = [visit for visit in visits if breaker.gate(visit.health, moment) is not Gate.OPEN]
    boxes = yield from _boxes(asked, moment)
    choices: dict[str, Choice] = {}
    for visit in visits:
        rows = boxes.get(visit.host, [])
        gate = breaker.gate(visit.health, moment)
        seen = [Box(row["inbox_hash"], row["oldest"], row["oldest_next_at"]) for row in rows]
        choice = choices[visit.host] = choose(seen, gate, visit.in_hand, moment)
        visit.is_all = sum(row["amount"] for row in rows) < _WINDOW and len(choice.heads) <= _INBOXES
        del choice.heads[_INBOXES:]
    yield from put_off(
        (host, inbox_hash, later) for host, choice in choices.items() for inbox_hash, later in choice.put_off.items()
    )
    heads = [head for choice in choices.values() for head in choice.heads]
    return (yield from _take({visit.host: visit for visit in visits}, heads, until)) if heads else []


def _hand_over(found: _Found) -> None:
    for visit, letters in found:
        visit.inboxes.append(letters)
        visit.in_hand.add(letters[0]["inbox_hash"])


def _boxes(visits: Sequence[Visit], moment: int) -> Script[dict[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    if not visits:
        return found
    in_hand = [each for visit in visits for each in visit.in_hand]
    beside = f"AND NOT (d.inbox_hash {among('varchar')})" if in_hand else ""
    columns = ("host", "inbox_hash", "oldest", "oldest_next_at", "amount")
    sql = for_each(columns, "peer p", _BOXES.format(beside=beside), f"p.host {among('varchar')}")
    more = [several(in_hand)] if in_hand else []
    for row in (yield from ask(sql, moment, *more, several(visit.host for visit in visits))):
        found.setdefault(row["host"], []).append(row)
    return found


def put_off(later: Iterable[tuple[str, str, int]]) -> Script[None]:
    """Let all letters for some inboxes, by host and hash, wait for a moment at least."""
    rows = list(later)
    if rows:
        yield from ask(_PUT_OFF.format(rows=", ".join([_LATER] * len(rows))), *chain.from_iterable(rows))


def _take(visits: Mapping[str, Visit], heads: Sequence[int], until: int) -> Script[_Found]:
    """Mark the oldest letters of inboxes, with those behind them, and read what they say."""
    moment = now()
    following = yield from ask(_FOLLOWING.format(some=among()), several(heads), LETTERS)
    held = yield from _held([row["id"] for row in following])
    inboxes: dict[str, list[int]] = {}
    ended: set[str] = set()
    for row in following:
        letters = inboxes.setdefault(row["inbox_hash"], [])
        is_probe = breaker.gate(visits[row["host"]].health, moment) is Gate.HALF_OPEN
        if row["id"] not in held or (is_probe and letters):
            ended.add(row["inbox_hash"])
        if row["inbox_hash"] not in ended:
            letters.append(row["id"])
    numbers = [number for letters in inboxes.values() for number in letters]
    rows = sorted((yield from ask(_TAKE.format(some=among()), until, several(numbers))), key=lambda row: int(row["id"]))
    yield from _read(rows)
    taken: dict[str, list[Row]] = {}
    for row in rows:
        taken.setdefault(row["inbox_hash"], []).append(row)
    return [(visits[some[0]["host"]], some) for some in taken.values()]


def _held(numbers: Sequence[int]) -> Script[set[int]]:
    """Those that nobody else holds this moment, now held by us."""
    if is_sqlite():
        return set(numbers)
    return {row["id"] for row in (yield from ask(_HOLD.format(some=among()), several(numbers)))}


def _read(letters: Sequence[Row]) -> Script[None]:
    """Put into letters what they say and who says it: each body and each person is read once."""
    some = several({each["activity_id"] for each in letters})
    said = {row["id"]: row for row in (yield from ask(_ACTIVITIES.format(some=among()), some))}
    bodies = {(number, ""): row["body"].encode() for number, row in said.items()}
    if any(each["profile"] for each in letters):
        for row in (yield from ask(_BODIES.format(some=among()), some)):
            bodies[row["activity_id"], row["profile"]] = row["body"].encode()
    people = several({row["actor_id"] for row in said.values()})
    senders = {row["id"]: row for row in (yield from ask(_SENDERS.format(some=among()), people))}
    for each in letters:
        activity = said.get(each["activity_id"], _NOTHING)
        plain = bodies.get((each["activity_id"], ""), b"")
        each["body"] = bodies.get((each["activity_id"], each["profile"]), plain)
        each["kind"], each["sender"] = activity["kind"], senders.get(activity["actor_id"])
