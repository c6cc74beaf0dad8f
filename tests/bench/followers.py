"""What a bookmark costs whose saver 10,000 people of 2,000 other servers follow: the save, and the worker's step that
writes the rows which tell them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

from fedimark import addresses
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.bookmarks.untold import tell_waiting
from fedimark.database import execute, fetch_one
from fedimark.here import wall_clock
from fedimark.models import Actor, Follow, Peer
from fedimark.policy.visibility import Visibility
from tests.bench import datasets, people, profiled, stores
from tests.bench.inside import fields_of
from tests.bench.profiled import Profile
from tests.bench.stores import Store

FOLLOWERS, INBOXES = 10_000, 2_000
_FOLLOWED, _ALONE = 0, 1  # of two people the one whom all follow, and one whom nobody does
_ROUNDS = 9
_STRANGERS = 100_000  # the ids of people elsewhere begin here
# One in ten servers takes another shape than most.
_SOFTWARE = ("mastodon",) * 18 + ("lemmy", "fedimark")


@dataclass(frozen=True, slots=True)
class Told:
    """Milliseconds, the median of several: of a save with followers, of one without, and of telling all followers."""

    database: str
    followed_ms: float
    alone_ms: float
    told_ms: float

    @property
    def rows_ms(self) -> float:
        """What it adds to a save that there are followers."""
        return self.followed_ms - self.alone_ms


def measure() -> list[Told]:
    """Measure each database there is."""
    found = []
    for new in stores.kinds():
        with new("followers") as store:
            _fill(store)
            found.append(_measured(store))
    return found


def profile() -> Profile:
    """Where the time of a save and of telling everybody goes, on SQLite; a save that nobody hears of is counted in."""
    with stores.sqlite("followers") as store:
        _fill(store)
        with profiled.inside("telling") as taken:
            _measured(store)
        return taken(_ROUNDS + 1)


def _fill(store: Store) -> None:
    store.fill(people.rows(datasets.FIRST_ACTOR, 2, wall_clock()))
    store.fill(_strangers())


def _measured(store: Store) -> Told:
    async def work() -> Told:
        if not store.settings.is_sqlite:
            await execute("ANALYZE")
        took = {_FOLLOWED: list[float](), _ALONE: list[float]()}
        told = list[float]()
        for count in range(_ROUNDS + 1):
            for person, times in took.items():
                times.append(await _save(person, count))
                spent = await _tell()
                told += [spent] if person == _FOLLOWED else []
        row = await fetch_one("SELECT count(*) AS amount FROM delivery")
        if row is None or row["amount"] != INBOXES * (_ROUNDS + 1):
            raise RuntimeError(f"not everybody is told: {row}")
        followed, alone = (median(times[1:]) * 1_000 for times in took.values())
        return Told(store.name, followed, alone, median(told[1:]) * 1_000)

    told: Told = store.within(work)
    return told


async def _save(person: int, count: int) -> float:
    name = people.name_of(person)
    owner = Owner(datasets.FIRST_ACTOR + person, name, Visibility.PUBLIC, privacy_lock=False)
    fields = fields_of("told", person, count)
    draft = read_draft(tag_text=fields.pop("tags"), **fields)  # type: ignore[arg-type]
    started = time.perf_counter()
    await save_bookmark(owner, draft)
    return time.perf_counter() - started


async def _tell() -> float:
    """What the worker does next."""
    started = time.perf_counter()
    await tell_waiting()
    return time.perf_counter() - started


def _strangers() -> Iterator[tuple[str, dict[str, Any]]]:
    actor, follow, peer = people.defaults(Actor), people.defaults(Follow), people.defaults(Peer)
    for number in range(INBOXES):
        host = f"peer{number:04}.example"
        software = _SOFTWARE[number % len(_SOFTWARE)]
        inbox = f"https://{host}/inbox"
        yield "inbox", {"id": number + 1, "url": inbox, "hash": addresses.uri_hash(inbox), "host": host}
        yield "peer", {**peer, "host": host, "software": software, "software_at": wall_clock()}
    for number in range(FOLLOWERS):
        host = f"peer{number % INBOXES:04}.example"
        uri = f"https://{host}/users/reader{number:05}"
        said = {
            "uri": uri,
            "uri_hash": addresses.uri_hash(uri),
            "username": f"reader{number:05}",
            "host": host,
            "inbox": f"{uri}/inbox",
            "shared_inbox": f"https://{host}/inbox",
            "inbox_id": number % INBOXES + 1,
        }
        yield "actor", {**actor, "id": _STRANGERS + number, "created_at": people.MADE_AT, **said}
        ends = {"follower_id": _STRANGERS + number, "target_id": datasets.FIRST_ACTOR + _FOLLOWED}
        yield "follow", {**follow, "state": "accepted", "created_at": people.MADE_AT, **ends}
