"""Deliveries: how fast a queue of letters to many servers is emptied, when they answer at once or after 100 ms."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.here import wall_clock
from fedimark.policy.visibility import Visibility
from tests.bench import ceilings, datasets, machine, people, profiled, stores
from tests.bench.ceilings import Ceilings
from tests.bench.inside import fields_of
from tests.bench.machine import Served
from tests.bench.profiled import Profile
from tests.bench.stores import Store
from tests.bench.strangers import follow, rows, strangers
from tests.support.processes import free_port

HOSTS = 200
FOLLOWERS = 1_000  # five of each host, one letter for all five
SAVED = 25
LATENCIES_MS = (0, 100)

_PATIENCE_S = 180.0
_FIRST_STRANGER = datasets.FIRST_ACTOR + 1_000
_AMOUNT = HOSTS * SAVED
_HOLD = "UPDATE delivery SET next_at = 9000000000000000"
_LET_GO = "UPDATE delivery SET next_at = 0"
_LEFT = "SELECT count(*) FROM delivery"
_REACHED = "SELECT count(*) FROM reach"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A queue that was emptied; memory in MB, before and after, and the most letters that were under way at once."""

    latency_ms: int
    amount: int
    rate: float
    cpu_ms: float
    resident_before: float
    resident: float
    at_once: int


def measure() -> tuple[list[Delivered], Ceilings]:
    """Servers that answer at once, and after 100 ms, on SQLite, between two looks at what one core signs."""
    before = ceilings.measure()
    found = []
    for latency_ms in LATENCIES_MS:
        with _waiting(latency_ms) as (store, sink), machine.fedimark(store.folder, store.environ) as served:
            found.append(_delivered(store, served, sink, latency_ms))
    return found, ceilings.both(before, ceilings.measure())


def profile() -> Profile:
    """Where the time goes, with servers that answer at once, in a run that no other figure is taken from."""
    with _waiting(0) as (store, sink), profiled.serving(store, "delivering") as (served, sampler):
        with sampler.sampling() as taken:
            _delivered(store, served, sink, 0)
        return taken(_AMOUNT)


@contextmanager
def _waiting(latency_ms: int) -> Iterator[tuple[Store, Served]]:
    """A server that saved bookmarks for followers on many servers and said nothing yet, and those servers."""
    port = free_port()
    with machine.sink(port, HOSTS, latency_ms) as sink, stores.sqlite("deliveries") as store:
        bases = [f"http://127.0.{number // 250}.{number % 250 + 1}:{port}" for number in range(HOSTS)]
        some = strangers(FOLLOWERS, bases)
        author = datasets.FIRST_ACTOR
        keys = asdict(some[0].keys)
        own = people.rows(author, 1, wall_clock())
        store.fill((table, {**row, **keys} if table == "actor" else row) for table, row in own)
        store.fill(rows(some, _FIRST_STRANGER, software="mastodon"))
        store.fill(follow(_FIRST_STRANGER + number, author) for number in range(FOLLOWERS))
        store.within(_save_all)
        store.change(_HOLD)
        yield store, sink


async def _save_all() -> None:
    owner = Owner(datasets.FIRST_ACTOR, people.name_of(0), Visibility.PUBLIC, privacy_lock=False)
    for number in range(SAVED):
        fields = fields_of("sent", 0, number)
        await save_bookmark(owner, read_draft(tag_text=fields.pop("tags"), **fields))  # type: ignore[arg-type]


def _delivered(store: Store, served: Served, sink: Served, latency_ms: int) -> Delivered:
    """Let go of what was held, and see it taken: all of it, and each once."""
    amount = store.ask(_LEFT)
    resident, used = served.resident_mb(), served.cpu_s()
    store.change(_LET_GO)
    deadline = time.monotonic() + _PATIENCE_S
    while left := store.ask(_LEFT):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{left} letters were not delivered in {_PATIENCE_S:.0f} s")
        time.sleep(0.2)
    cpu_ms, grown = (served.cpu_s() - used) / amount * 1000, served.resident_mb()
    took = _told(sink)
    if amount != _AMOUNT or took["amount"] != amount or store.ask(_REACHED) != amount:
        raise RuntimeError(f"of {_AMOUNT} letters {amount} were written and {took['amount']} came")
    rate = amount / (took["last_at"] - took["first_at"])
    return Delivered(latency_ms, amount, rate, cpu_ms, resident, grown, took["most_at_once"])


def _told(sink: Served) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.answer(sink.port, machine.get("/")).partition(b"\r\n\r\n")[2])
    return found
