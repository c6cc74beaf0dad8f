"""Pages while the inbox takes two hundred Creates a second: how long readers wait whose pages change all the time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.bench import inbox, machine, people, stores
from tests.bench.machine import Load, Served, get
from tests.bench.strangers import creates

A_SECOND = 200
_SECONDS = 4.0
_EVERY_S = 0.1  # each reader looks so often
_BEFORE = 1_500  # Creates that stand there when the readers come

PAGES = {
    "recent": get("/recent"),
    "network, signed in": get("/network", 0),
    "a person": get(f"/u/{people.name_of(0)}"),
    "a tag": get("/t/page-cache"),
}


@dataclass(frozen=True, slots=True)
class Busy:
    """Each page's readers beside the load on the inbox, of one database."""

    database: str
    pages: dict[str, Load]
    taken: Load


def measure() -> list[Busy]:
    """On each database there is."""
    found = []
    for new in stores.kinds():
        with new("busy") as store:
            some = inbox._filled(store)
            with machine.fedimark(store.folder, store.environ) as served:
                machine.load(served, creates(some, "before", _BEFORE, 8), 30.0, 202)
                inbox._finished(store)
                amount = int(A_SECOND * (_SECONDS + 2))
                requests = creates(some, "beside", amount, A_SECOND)
                with ThreadPoolExecutor() as threads:
                    beside = threads.submit(machine.load, served, requests, _SECONDS + 1, 202, every_s=1.0)
                    pages = {name: threads.submit(_read, served, request) for name, request in PAGES.items()}
                    loads = {name: each.result() for name, each in pages.items()}
                    found.append(Busy(store.name, loads, beside.result()))
    return found


def _read(served: Served, request: str) -> Load:
    return machine.load(served, [[request]], _SECONDS, every_s=_EVERY_S)
