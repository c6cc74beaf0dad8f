"""Deliveries: how fast a queue of letters to many servers is emptied, when they answer at once or after 100 ms."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.bookmarks.untold import tell_waiting
from fedimark.delivery import schedule
from fedimark.here import wall_clock
from fedimark.policy.visibility import Visibility
from tests.bench import ceilings, datasets, machine, people, profiled, stores
from tests.bench.ceilings import Ceilings
from tests.bench.inside import fields_of
from tests.bench.machine import Served
from tests.bench.profiled import Profile
from tests.bench.sink import address
from tests.bench.stores import Store
from tests.bench.strangers import follow, rows, strangers, with_keys
from tests.support.processes import free_port

HOSTS = 200
FOLLOWERS = 1_000  # five of each host, one letter for all five
SAVED = 25

_PATIENCE_S = 60.0
_FIRST_STRANGER = datasets.FIRST_ACTOR + 1_000
_HOLD = "UPDATE delivery SET next_at = 9000000000000000"
_LET_GO = "UPDATE delivery SET next_at = 0"
_LET_HOSTS_GO = "UPDATE peer SET next_at = 0 WHERE next_at IS NOT NULL"
_WARM = "UPDATE peer SET answered_at = {}"
_LEFT = "SELECT count(*) FROM delivery"
_REACHED = "SELECT count(*) FROM reach"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A queue to be emptied; `followers` are of all hosts in turns, `saved` bookmarks are told to each inbox.

    Of the hosts the first `troubled` take nothing well, and the last `dead` do not exist.
    """

    words: str
    hosts: int = HOSTS
    followers: int = FOLLOWERS
    saved: int = SAVED
    latency_ms: int = 0
    own_inboxes: bool = False
    is_warm: bool = True
    troubled: int = 0
    dead: int = 0

    @property
    def amount(self) -> int:
        """How many letters hosts that are well must get."""
        inboxes = self.followers if self.own_inboxes else self.hosts
        return (inboxes - self.troubled - self.dead) * self.saved


AT_ONCE = Scenario("warm servers that answer at once")
LATE = Scenario("warm servers that answer after 100 ms", latency_ms=100)
OWN = Scenario("1,000 inboxes of 50 servers", hosts=50, saved=1, own_inboxes=True, is_warm=False)
OWN_LATE = replace(OWN, words="the same, answered after 100 ms", latency_ms=100)
TROUBLED = Scenario(
    "1,000 servers, 300 of them in trouble",
    hosts=1_000,
    saved=1,
    is_warm=False,
    troubled=225,
    dead=75,
)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A queue that was emptied; memory in MB, before and after, and the most letters that were under way at once."""

    scenario: Scenario
    database: str
    amount: int
    took_s: float  # from the first that came to the last
    cpu_ms: float
    resident_before: float
    resident: float
    at_once: int

    @property
    def rate(self) -> float:
        """Letters a second."""
        return self.amount / self.took_s


def measure() -> tuple[list[Delivered], Ceilings]:
    """Each scenario on each database, between two looks at what one core signs."""
    before = ceilings.measure()
    found = []
    for new in stores.kinds():
        for scenario in (AT_ONCE, LATE, OWN, OWN_LATE, TROUBLED):
            with _waiting(scenario, new) as (store, sink), machine.fedimark(store.folder, store.environ) as served:
                found.append(_delivered(scenario, store, served, sink))
    return found, ceilings.both(before, ceilings.measure())


def profile() -> Profile:
    """Where the time goes, with servers that answer at once, in a run that no other figure is taken from."""
    with _waiting(AT_ONCE, stores.sqlite) as (store, sink), profiled.serving(store, "delivering") as (served, sampler):
        with sampler.sampling() as taken:
            _delivered(AT_ONCE, store, served, sink)
        return taken(AT_ONCE.amount)


@contextmanager
def _waiting(scenario: Scenario, new: Callable[[str], AbstractContextManager[Store]]) -> Iterator[tuple[Store, Served]]:
    """A server that saved bookmarks for followers on many servers and said nothing yet, and those servers."""
    port, there = free_port(), scenario.hosts - scenario.dead
    with machine.sink(port, there, scenario.latency_ms, scenario.troubled) as sink, new("deliveries") as store:
        bases = [f"http://{address(number)}:{port}" for number in range(scenario.hosts)]
        some = strangers(scenario.followers, bases)
        if scenario.own_inboxes:
            some = [replace(each, inbox=f"{each.uri}/inbox") for each in some]
        author = datasets.FIRST_ACTOR
        store.fill(with_keys(people.rows(author, 1, wall_clock()), some[0].keys))
        store.fill(rows(some, _FIRST_STRANGER, software="mastodon"))
        store.fill(follow(_FIRST_STRANGER + number, author) for number in range(len(some)))
        store.within(lambda: _save_all(scenario.saved))
        store.change(_HOLD)
        store.within(schedule.look)
        if scenario.is_warm:
            store.change(_WARM.format(wall_clock()))
        yield store, sink


async def _save_all(saved: int) -> None:
    owner = Owner(datasets.FIRST_ACTOR, people.name_of(0), Visibility.PUBLIC, privacy_lock=False)
    for number in range(saved):
        fields = fields_of("sent", 0, number)
        await save_bookmark(owner, read_draft(tag_text=fields.pop("tags"), **fields))  # type: ignore[arg-type]
    while await tell_waiting():
        pass


def _delivered(scenario: Scenario, store: Store, served: Served, sink: Served) -> Delivered:
    """Let go of what was held, and see it taken: all of it, and each once."""
    resident, used = served.resident_mb(), served.cpu_s()
    store.change(_LET_GO)
    store.change(_LET_HOSTS_GO)
    deadline = time.monotonic() + _PATIENCE_S
    while (took := told_by(sink))["amount"] < scenario.amount or store.ask(_REACHED) < scenario.amount:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{scenario.words}: {took} of {scenario.amount} came in {_PATIENCE_S:.0f} s")
        time.sleep(0.2)
    cpu_ms, grown = (served.cpu_s() - used) / scenario.amount * 1000, served.resident_mb()
    if took["amount"] != scenario.amount or (not scenario.troubled and store.ask(_LEFT)):
        raise RuntimeError(f"{scenario.words}: of {scenario.amount} letters {took['amount']} came")
    took_s = took["last_at"] - took["first_at"]
    return Delivered(scenario, store.name, scenario.amount, took_s, cpu_ms, resident, grown, took["most_at_once"])


def told_by(sink: Served) -> dict[str, Any]:
    """What a sink has counted so far."""
    found: dict[str, Any] = json.loads(machine.answer(sink.port, machine.get("/")).partition(b"\r\n\r\n")[2])
    return found
