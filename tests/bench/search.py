"""Searches: a hundred of two words over many bookmarks, by the time the database takes; and pages of them a second."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from random import Random
from statistics import median
from urllib.parse import quote_plus

from fedimark.database import Database
from fedimark.here import Here, entered
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text.query import parse
from fedimark.timelines.searching import Order, Scope, Sought, search
from tests.bench import copied, datasets, machine, people
from tests.bench.machine import Load, get
from tests.bench.pages import LARGE, ROUND_S, ROUNDS, SMALL, another

ASKED = 100
_CONNECTIONS = 4
_PAGE = 50
_DIFFERENT = 20  # searches of pages
_ENTRY = b'class="entry h-entry'


@dataclass(frozen=True, slots=True)
class Asked:
    """What the database took for the searches of one scope and order, in ms: the median and the worst.

    `again_ms` is the worst of the same searches asked once more, when what they read is no longer on the disk alone.
    """

    database: str
    scope: str
    order: str
    median_ms: float
    worst_ms: float
    again_ms: float


@dataclass(frozen=True, slots=True)
class Searches:
    """Over the large data set: searches on each database there is, and pages of them with few and many bookmarks, each
    drawn anew.
    """

    asked: tuple[Asked, ...]
    few: Load
    many: Load
    kept: Load  # of the many, asked for again while nothing changes


def build() -> None:
    """Build the data sets that are missing."""
    for amount in (SMALL, LARGE):
        datasets.build(_folder(amount), amount)
    copied.build(_folder(LARGE), LARGE)


def measure() -> Searches:
    """Build what is missing and measure."""
    build()
    large = _folder(LARGE)
    asked = asyncio.run(_asked(large, "SQLite", ""))
    url = copied.build(large, LARGE)
    if url is not None:
        asked += asyncio.run(_asked(large, "PostgreSQL", url))
    for amount in (SMALL, LARGE):
        datasets.refreshed(_folder(amount))
    with ExitStack() as stack:
        served = [stack.enter_context(machine.fedimark(_folder(amount))) for amount in (SMALL, LARGE)]
        for each in served:
            text = machine.answer(each.port, _repeated()[0][0])
            if text.count(_ENTRY) != _PAGE:
                raise RuntimeError(f"{text.count(_ENTRY)} entries instead of {_PAGE}: {text[:300]!r}")
        seen: list[list[Load]] = [[], []]
        for number in range(ROUNDS):
            for each, loads in zip(served, seen, strict=True):
                loads.append(machine.load(each, fresh(str(number)), ROUND_S))
        for request in _repeated()[0][:_DIFFERENT]:
            machine.answer(served[1].port, request)
        kept = machine.load(served[1], _repeated(), ROUND_S)
    return Searches(tuple(asked), machine.middle(seen[0]), machine.middle(seen[1]), kept)


def fresh(series: str) -> list[list[str]]:
    """For each connection searches of two common words, each under an address of its own: none is kept."""
    return [
        [another(request, f"{series}.{who}.{place}") for place, request in enumerate(requests)]
        for who, requests in enumerate(_repeated())
    ]


def _repeated() -> list[list[str]]:
    """For each connection the same few searches again and again."""
    requests = [get(f"/search?in=here&q={quote_plus(text)}", datasets.READER) for text in _common(_DIFFERENT)]
    return [list(islice(cycle(requests), 4_000)) for _ in range(_CONNECTIONS)]


def _common(amount: int) -> list[str]:
    """Two words that stand in every second bookmark."""
    chance = Random(amount)
    return [" ".join(chance.sample(datasets.WORDS, 2)) for _ in range(amount)]


def _two_words() -> list[str]:
    """As many searches of two words: half of them both common, half of them one that only some pages have."""
    chance = Random(ASKED)
    rare = [f"{chance.choice(datasets.WORDS)} {chance.randint(1, LARGE // datasets.SAVES)}" for _ in range(ASKED // 2)]
    return [*_common(ASKED - len(rare)), *rare]


async def _asked(folder: Path, name: str, url: str) -> list[Asked]:
    settings = datasets.settings_of(folder)
    if url:
        settings = replace(settings, database_url=url)
    database = await Database(settings).open()
    reader = datasets.FIRST_ACTOR + datasets.READER
    viewer = Viewer(1, reader, people.name_of(datasets.READER), False, "UTC", Visibility.PUBLIC, False, "auto")
    try:
        # Nothing is sent, so there is no way out.
        async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
            return [await _timed(database, name, viewer, scope, order) for scope in Scope for order in Order]
    finally:
        await database.close()


async def _timed(database: Database, name: str, viewer: Viewer, scope: Scope, order: Order) -> Asked:
    first, again = [[await _took(database, viewer, text, scope, order) for text in _two_words()] for _ in range(2)]
    return Asked(name, scope.value, order.value, median(first), max(first), max(again))


async def _took(database: Database, viewer: Viewer, text: str, scope: Scope, order: Order) -> float:
    before = _database_s(database)
    await search(viewer, Sought(parse(text), scope, order), None, _PAGE)
    return (_database_s(database) - before) * 1_000


def _database_s(database: Database) -> float:
    return sum(seconds for _, seconds in database.metrics._statements.values())


def _folder(amount: int) -> Path:
    return machine.VAR / f"{amount}"


def slowest(asked: Sequence[Asked], order: Order = Order.NEWEST) -> Asked:
    """Of the searches in some order those whose median is the largest."""
    return max((one for one in asked if one.order == order.value), key=lambda one: one.median_ms)
