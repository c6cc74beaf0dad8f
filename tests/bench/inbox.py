"""Signed Creates: how many are taken in a second, how many applied, and how long who delivers one waits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fedimark.addresses import uri_hash
from fedimark.database import analyzed
from fedimark.here import wall_clock
from fedimark.models import ReceivedActivity
from fedimark.policy.blocks import VERSION
from tests.bench import ceilings, datasets, machine, people, profiled, same_rows, stores
from tests.bench.ceilings import Ceilings
from tests.bench.machine import Load, Served
from tests.bench.profiled import Profile
from tests.bench.stores import Store
from tests.bench.strangers import Letters, Stranger, create, follow, rows, strangers

READERS = 64  # people here, each of whom follows a few strangers
STRANGERS = 200
HOSTS = 8
BLOCKED = 1_000  # domains
BUSY = 64  # connections that always have a request under way
HELD, ROUNDS = 2_000, 3  # Creates that are let go at once, and how often
PACED_A_SECOND = 100  # requests, over as many connections, each sent when it is due

_ROUND_S = 1.5
_PACED_S = 3.0
_WARM = 400
_ROOM = 1.4  # requests made ready, for each that is expected
_PATIENCE_S = 120.0
_FIRST_STRANGER = datasets.FIRST_ACTOR + 1_000
_HELD_UNTIL = 9_000_000_000_000_000  # and a round later for each round
_LET_GO = f"UPDATE received_activity SET next_at = 0 WHERE next_at = {_HELD_UNTIL} + {{}}"
_WAITING = f"SELECT count(*) FROM received_activity WHERE applied_at IS NULL AND next_at < {_HELD_UNTIL}"
_UNINDEXED = "SELECT count(*) FROM unindexed"
_ANSWERED = "SELECT count(*) FROM received_activity"
_NOT_SAVED = "SELECT count(*) FROM received_activity WHERE outcome <> 'saved'"
_IN_TIMELINES = "SELECT count(*) FROM entry WHERE stream = 1"


@dataclass(frozen=True, slots=True)
class Applied:
    """Activities that were applied, all the way into timelines; memory in MB, before and after.

    `bare_rate` is how many a second the same rows are of, copied by the database alone.
    """

    amount: int
    rate: float
    cpu_ms: float
    database_cpu_ms: float
    bare_rate: float
    resident_before: float
    resident: float


@dataclass(frozen=True, slots=True)
class Received:
    """What one database came to; each pair is without the worker and with it at work.

    `busy` is a load of connections that wait for nothing but answers, `paced` one of 100 a second.
    """

    database: str
    busy: tuple[Load, Load]
    paced: tuple[Load, Load]
    left: int  # activities that still waited to be applied when the last load ended
    applied: Applied
    resident: tuple[float, float]  # of the server that only takes in, before and after


def measure() -> tuple[list[Received], Ceilings]:
    """Each database there is, between two looks at what one core verifies."""
    before = ceilings.measure()
    found = []
    letters = Letters(_speakers())
    for new in stores.kinds():
        with new("inbox") as store:
            found.append(_measure(store, letters))
    return found, ceilings.both(before, ceilings.measure())


def profile() -> tuple[Profile, Profile]:
    """Where the time of taking in and of applying goes, on SQLite, in runs that no other figure is taken from."""
    with stores.sqlite("inbox") as store:
        some = _filled(store)
        letters = Letters(some)
        with profiled.serving(store, "accepting", "--no-worker") as (served, sampler):
            expected = _busy(served, letters, "first", _warm(served, letters))
            before = store.ask(_ANSWERED)
            with sampler.sampling() as taken:
                _busy(served, letters, "profile", expected)
            accepting = taken(store.ask(_ANSWERED) - before)
        store.fill(_held(some, 0))
        with profiled.serving(store, "applying") as (_, sampler):
            _at_rest(store)
            with sampler.sampling() as taken:
                _apply(store, 0)
            return accepting, taken(HELD)


def _measure(store: Store, letters: Letters) -> Received:
    some = _filled(store)
    with machine.fedimark(store.folder, store.environ, arguments=("--no-worker",)) as served:
        expected, resident = _warm(served, letters), served.resident_mb()
        busy = _busy(served, letters, "alone", expected)
        paced = _paced(served, letters, "pace")
        grown = served.resident_mb()
    for number in range(ROUNDS):
        store.fill(_held(some, number))
    with machine.fedimark(store.folder, store.environ) as served:
        applied = _applied(store, served)
        busy_both = _busy(served, letters, "both", busy)
        paced_both = _paced(served, letters, "slow")
        left = store.ask(_WAITING)
        _finished(store)
    _check(store)
    return Received(store.name, (busy, busy_both), (paced, paced_both), left, applied, (resident, grown))


def _filled(store: Store) -> list[Stranger]:
    """People here who follow people of a few servers elsewhere, each stranger with one follower."""
    some = _speakers()
    store.fill(people.rows(datasets.FIRST_ACTOR, READERS, wall_clock()))
    store.fill(rows(some, _FIRST_STRANGER))
    store.fill(_blocked())
    readers = [datasets.FIRST_ACTOR + number % READERS for number in range(STRANGERS)]
    store.fill(follow(reader, _FIRST_STRANGER + number) for number, reader in enumerate(readers))
    # PostgreSQL would do so within a minute.
    store.within(lambda: analyzed("actor", "follow", "peer"))
    return some


def _speakers() -> list[Stranger]:
    return strangers(STRANGERS, [f"https://peer{number}.example" for number in range(HOSTS)])


def _blocked() -> Iterator[tuple[str, dict[str, Any]]]:
    """Domains that nothing is taken from, and that there are some."""
    yield "fact", {"name": VERSION, "value": "bench"}
    for number in range(BLOCKED):
        yield "blocked_domain", {"host": f"bad{number}.example", "reason": "", "created_at": people.MADE_AT}


def _warm(served: Served, letters: Letters) -> Load:
    """What is to be expected of a server that has taken in some already."""
    machine.load(served, letters.of("cold", _WARM, BUSY), _ROUND_S, 202)
    return machine.load(served, letters.of("warm", 4 * _WARM, BUSY), _ROUND_S, 202)


def _busy(served: Served, letters: Letters, series: str, expected: Load) -> Load:
    """A load that always has enough to send: once more, with twice as much, where it had not."""
    amount = int(expected.rate * _ROUND_S * _ROOM)
    while True:
        load = machine.load(served, letters.of(series, amount, BUSY), _ROUND_S, 202)
        if load.answers < amount:
            return load
        amount, series = amount * 2, f"{series}x"


def _paced(served: Served, letters: Letters, series: str) -> Load:
    amount = int(PACED_A_SECOND * (_PACED_S + 1))
    requests = letters.of(series, amount, PACED_A_SECOND)
    return machine.load(served, requests, _PACED_S, 202, every_s=1.0)


def _held(some: Sequence[Stranger], number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Creates as they are kept once they were proven, not to be applied before they are let go."""
    common = {**people.defaults(ReceivedActivity), "kind": "Create", "next_at": _HELD_UNTIL + number}
    for count in range(HELD):
        body, at = create(some[count % len(some)], f"held{number}", count), wall_clock()
        actor_id, name = _FIRST_STRANGER + count % len(some), uri_hash(f"held {number} {count}")
        yield "received_activity", {**common, "uri_hash": name, "actor_id": actor_id, "body": body, "received_at": at}


def _applied(store: Store, served: Served) -> Applied:
    """Let go of what was held, and see it applied, several times; the round in which others held it up least."""
    _at_rest(store)
    resident, rounds = served.resident_mb(), []
    for number in range(ROUNDS):
        _at_rest(store)
        used, used_beside = served.cpu_s(), store.database_cpu_s()
        took = _apply(store, number)
        beside_ms = (store.database_cpu_s() - used_beside) / HELD * 1000
        rounds.append(((served.cpu_s() - used) / HELD * 1000, HELD / took, beside_ms))
    cpu_ms, rate, beside_ms = min(rounds)
    bare_rate = store.ask("SELECT count(*) FROM bookmark") / same_rows.copied_s(store)
    return Applied(HELD, rate, cpu_ms, beside_ms, bare_rate, resident, served.resident_mb())


def _apply(store: Store, number: int) -> float:
    """Seconds from the first that was applied to the last, by what the rows say."""
    since = store.ask("SELECT COALESCE(max(applied_at), 0) FROM received_activity")
    store.change(_LET_GO.format(number))
    _finished(store)
    span = f"SELECT max(applied_at) - min(applied_at) FROM received_activity WHERE applied_at > {since}"
    return store.ask(span) / 1e6


def _finished(store: Store) -> None:
    """Wait until nothing waits to be applied."""
    _nothing_left(store, _WAITING)


def _at_rest(store: Store) -> None:
    """Wait until search has learned of all that was applied before too: what comes next is measured alone."""
    _finished(store)
    _nothing_left(store, _UNINDEXED)


def _nothing_left(store: Store, waiting: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while left := store.ask(waiting):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} activities were not done with in {_PATIENCE_S:.0f} s")
        time.sleep(0.2)


def _check(store: Store) -> None:
    """Every one is a bookmark now, and stands in its one reader's timeline: else something else was measured."""
    amount, wrong, entries = (store.ask(sql) for sql in (_ANSWERED, _NOT_SAVED, _IN_TIMELINES))
    if wrong or entries != amount:
        raise RuntimeError(f"of {amount} activities {wrong} were not saved, {entries} stand in timelines")
