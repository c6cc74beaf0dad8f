"""What one bookmark from elsewhere costs that 10,000 people here read: a line in each of their networks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from fedimark.addresses import uri_hash
from fedimark.database import execute, fetch_one
from fedimark.here import wall_clock
from fedimark.inbox.apply import apply_waiting
from fedimark.models import Entry
from tests.bench import datasets, people, profiled, stores
from tests.bench.profiled import Profile
from tests.bench.stores import Store
from tests.bench.strangers import create, follow, rows, strangers

READERS = 10_000
LINES = 30  # in each network before
_ROUNDS = 9
_FIRST_STRANGER = datasets.FIRST_ACTOR + READERS
_READ, _ALONE = 0, 1  # of two people elsewhere the one whom all read, and one whom a single person does
_CAME = """
INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, tries, next_at, outcome)
VALUES (?, ?, 'Create', ?, ?, 0, ?, '')
"""


@dataclass(frozen=True, slots=True)
class FannedOut:
    """Milliseconds of applying one Create, the median of several: of who has so many readers, and of who has one.

    `cpu_ms` is CPU time of this process and PostgreSQL's together, for one of the first, the mean.
    """

    database: str
    read_ms: float
    alone_ms: float
    cpu_ms: float

    @property
    def lines_ms(self) -> float:
        """What the readers add, all of it in the database."""
        return self.read_ms - self.alone_ms


def measure() -> list[FannedOut]:
    """Measure each database there is."""
    found = []
    for new in stores.kinds():
        with new("readers") as store:
            _fill(store)
            found.append(_measured(store))
    return found


def profile() -> Profile:
    """Where the time of one that so many read goes, on SQLite; what one reader costs beside it is counted in."""
    with stores.sqlite("readers") as store:
        _fill(store)
        with profiled.inside("fanning-out") as taken:
            _measured(store)
        return taken(_ROUNDS + 1)


def _fill(store: Store) -> None:
    store.fill(people.rows(datasets.FIRST_ACTOR, READERS, wall_clock()))
    store.fill(rows(strangers(2, ["https://peer0.example"], keys=1), _FIRST_STRANGER))
    store.fill(_follows())
    store.fill(_lines())


def _measured(store: Store) -> FannedOut:
    some = strangers(2, ["https://peer0.example"], keys=1)

    async def work() -> FannedOut:
        if not store.settings.is_sqlite:
            await execute("ANALYZE")
        took = {_READ: list[float](), _ALONE: list[float]()}
        used = {_READ: 0.0, _ALONE: 0.0}
        for count in range(_ROUNDS + 1):
            for who, times in took.items():
                name, body = uri_hash(f"{who} {count}"), create(some[who], f"of{who}", count)
                await execute(_CAME, name, _FIRST_STRANGER + who, body, wall_clock(), wall_clock())
                started, before = time.perf_counter(), time.process_time() + store.database_cpu_s()
                await apply_waiting()
                times.append(time.perf_counter() - started)
                used[who] += time.process_time() + store.database_cpu_s() - before
        row = await fetch_one("SELECT count(*) AS amount FROM entry WHERE stream = 1")
        wanted = READERS * LINES + (READERS + 1) * (_ROUNDS + 1)
        if row is None or row["amount"] != wanted:
            raise RuntimeError(f"not everybody reads it: {row}, not {wanted}")
        read, alone = (median(times[1:]) * 1_000 for times in took.values())
        return FannedOut(store.name, read, alone, used[_READ] / (_ROUNDS + 1) * 1_000)

    fanned_out: FannedOut = store.within(work)
    return fanned_out


def _follows() -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(READERS):
        yield follow(datasets.FIRST_ACTOR + number, _FIRST_STRANGER + _READ)
    yield follow(datasets.FIRST_ACTOR, _FIRST_STRANGER + _ALONE)


def _lines() -> Iterator[tuple[str, dict[str, Any]]]:
    """What stands in the networks already, as it comes: reader by reader in no order."""
    line = people.defaults(Entry)
    for place in range(LINES):
        for number in range(READERS):
            owner = datasets.FIRST_ACTOR + number * 7 % READERS
            at = people.MADE_AT + place * 1_000_000
            yield (
                "entry",
                {**line, "stream": 1, "owner_id": owner, "link_id": 10**6 + place * 97 + owner % 89, "position": at},
            )
