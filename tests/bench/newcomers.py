"""A thousand people nobody here has heard of, who all ask to follow one: met, taken on, and told so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from fedimark import addresses
from fedimark.here import wall_clock
from tests.bench import datasets, machine, people, profiled, stores
from tests.bench.deliveries import told_by
from tests.bench.profiled import Profile
from tests.bench.sink import address
from tests.bench.stores import Store
from tests.bench.strangers import Stranger, follows, strangers, with_keys
from tests.support.processes import free_port

NEWCOMERS, HOSTS = 1_000, 200
_FOLLOWED = datasets.FIRST_ACTOR + 2 * NEWCOMERS  # whom PostgreSQL, which knows nothing of given ids, will not reach
_CONNECTIONS = 16
_SECONDS = 60.0  # at most
_ACCEPTED = "SELECT count(*) FROM follow WHERE state = 'accepted'"


@dataclass(frozen=True, slots=True)
class TakenOn:
    """Seconds from the first Follow that was sent to the last Accept that came, and GETs for each who followed."""

    database: str
    took_s: float
    cpu_ms: float
    asked: float


def measure() -> list[TakenOn]:
    """Measure each database there is."""
    found = []
    for new in stores.kinds():
        with _asking(new) as (store, sink, some), machine.fedimark(store.folder, store.environ) as served:
            found.append(_taken_on(store, served, sink, some))
    return found


def profile() -> Profile:
    """Where the time goes, on SQLite, in a run that no other figure is taken from."""
    return _profile(stores.sqlite, "meeting")


def profile_on_postgres() -> Profile:
    """The same on PostgreSQL, with what its own processes use; raises RuntimeError where there is none."""
    _, *others = stores.kinds()
    if not others:
        raise RuntimeError("there is no PostgreSQL")
    return _profile(others[0], "meeting-postgres")


def _profile(new: Callable[[str], AbstractContextManager[Store]], name: str) -> Profile:
    with _asking(new) as (store, sink, some), profiled.serving(store, name) as (served, sampler):
        used = store.database_cpu_s()
        with sampler.sampling() as taken:
            _taken_on(store, served, sink, some)
        found, used = taken(NEWCOMERS), store.database_cpu_s() - used
        return found.beside(profiled.POSTGRES, used) if used else found


@contextmanager
def _asking(
    new: Callable[[str], AbstractContextManager[Store]],
) -> Iterator[tuple[Store, machine.Served, list[Stranger]]]:
    """Somebody here whom nobody follows, servers elsewhere, and their people."""
    port = free_port()
    some = strangers(NEWCOMERS, [f"http://{address(number)}:{port}" for number in range(HOSTS)])
    with machine.sink(port, HOSTS, 0) as sink, new("newcomers") as store:
        store.fill(with_keys(people.rows(_FOLLOWED, 1, wall_clock()), some[0].keys))
        yield store, sink, some


def _taken_on(store: Store, served: machine.Served, sink: machine.Served, some: list[Stranger]) -> TakenOn:
    target = people.BASE_URL + addresses.person(people.name_of(0))
    requests = follows(some, target, _CONNECTIONS)
    started, used = time.monotonic(), served.cpu_s()
    machine.load(served, requests, _SECONDS, 202)
    while (told := told_by(sink))["amount"] < NEWCOMERS:
        if time.monotonic() - started > _SECONDS:
            raise RuntimeError(f"of {NEWCOMERS} Accepts {told['amount']} came in {_SECONDS:.0f} s")
        time.sleep(0.05)
    if told["amount"] != NEWCOMERS or store.ask(_ACCEPTED) != NEWCOMERS:
        raise RuntimeError(f"{NEWCOMERS} asked, {store.ask(_ACCEPTED)} follow, {told['amount']} were told so")
    cpu_ms = (served.cpu_s() - used) / NEWCOMERS * 1000
    # The generator takes a moment to start, which is not ours: it began with the first who was asked for.
    return TakenOn(store.name, told["last_at"] - told["asked_at"], cpu_ms, told["asked"] / NEWCOMERS)
