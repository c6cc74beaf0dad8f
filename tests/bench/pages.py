"""Pages a second: the same page of 50 entries with few and with many bookmarks behind it, in turns."""

from __future__ import annotations

import json
import re
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fedimark.web.finished import Finished
from tests.bench import copied, datasets, machine, people
from tests.bench.machine import Load, Served, get
from tests.support.processes import FEDIMARK, clean_environ

SMALL, LARGE = 10_000, 1_000_000
IMPORTED = 10_000
_CONNECTIONS = 4
_ANEW = 1_000  # requests a visitor has in a round, more than are answered
ROUNDS, ROUND_S = 3, 0.6
_PACKED = 100
_ON_POSTGRES = ("a person", "a person's tag", "recent", "network, signed in", "a tag, far down", "who saved a page")
_ENTRY = b'class="entry h-entry'
_MIDDLE = people.MADE_AT + datasets.YEARS // 2  # half of the bookmarks are older
_READER = people.name_of(datasets.READER)

PAGES = {
    "a person": get(f"/u/{_READER}"),
    "a person, signed in": get(f"/u/{_READER}", datasets.READER),
    "a person, far down": get(f"/u/{_READER}?before={_MIDDLE}-none"),
    "a person's tag": get(f"/u/{_READER}/t/tag0001"),
    "a tag": get("/t/tag0001"),
    "recent": get("/recent"),
    "recent, far down": get(f"/recent?before={_MIDDLE}-none"),
    "network, signed in": get("/network", datasets.READER),
    "network, far down": get(f"/network?before={_MIDDLE}-none", datasets.READER),
    "a tag, far down": get(f"/t/tag0001?before={_MIDDLE}-none"),
    "who saved a page": get(f"/url/{datasets.hash_of(1)}"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """The same page over two data sets, drawn anew for every answer; `size` is its length in bytes.

    `kept` is the page with few bookmarks asked for again and again while nothing changes.
    """

    name: str
    few: Load
    many: Load
    size: int
    kept: Load


@dataclass(frozen=True, slots=True)
class Pages:
    """All pages, the wire alone, and memory after the load; on PostgreSQL, where one answers, by a single visitor."""

    compared: tuple[Compared, ...]
    on_postgres: tuple[Compared, ...]
    wire: Load
    resident_mb: float
    built_s: dict[int, float]
    twenty_size: int  # bytes of the largest of these pages with as many entries as without a setting
    packing_ms: float  # of CPU, to compress that one
    documents: tuple[Load, Load]  # a bookmark as ActivityPub, and 304 for who has it


@dataclass(frozen=True, slots=True)
class Imported:
    """A person's page after imports of ten and of many, ten entries a page, and how fast the import was."""

    compared: Compared
    fifty: Load
    rows_per_s: float


def build() -> None:
    """Build the data sets that are missing: once for ever, or until a model changes."""
    for amount in (SMALL, LARGE):
        datasets.build(_folder(amount), amount)
        copied.build(_folder(amount), amount)


def build_imports() -> None:
    """The same of those that are imported."""
    _import(machine.VAR / "imported")


def measure() -> Pages:
    """Build what is missing and measure every page."""
    built = {amount: datasets.build(_folder(amount), amount) for amount in (SMALL, LARGE)}
    with ExitStack() as stack:
        for amount in built:
            datasets.refreshed(_folder(amount))
        few, many = (stack.enter_context(machine.fedimark(_folder(amount))) for amount in built)
        compared = tuple(_compare(name, few, many, (request, request)) for name, request in PAGES.items())
        resident = many.resident_mb()
        documents = _documents(few)
    on_postgres = _on_postgres()
    size = sorted(one.size for one in compared)[len(compared) // 2]
    with machine.bare(size) as nothing:
        wire = machine.load(nothing, [[get("/")]] * _CONNECTIONS, ROUND_S)
    return Pages(compared, on_postgres, wire, resident, built, *_twenty(), documents)


def _twenty() -> tuple[int, float]:
    with machine.fedimark(_folder(SMALL), {"FEDIMARK_PAGE_SIZE": ""}) as served:
        answers = [machine.answer(served.port, request) for request in PAGES.values()]
    largest = max((text.partition(b"\r\n\r\n")[2] for text in answers), key=len)
    return len(largest), _packing_ms(largest)


def _packing_ms(body: bytes) -> float:
    """What compressing a page costs, as the server does it, in this process."""
    started = time.process_time()
    for _ in range(_PACKED):
        assert len(Finished(200, {}, body).gzipped) < len(body)
    return (time.process_time() - started) / _PACKED * 1000


def _on_postgres() -> tuple[Compared, ...]:
    urls = {amount: copied.build(_folder(amount), amount) for amount in (SMALL, LARGE)}
    if None in urls.values():
        return ()
    with ExitStack() as stack:
        few, many = (
            stack.enter_context(machine.fedimark(_folder(amount), {"FEDIMARK_DATABASE_URL": str(url)}))
            for amount, url in urls.items()
        )
        some = {name: PAGES[name] for name in _ON_POSTGRES}
        return tuple(_compare(name, few, many, (request, request), visitors=1) for name, request in some.items())


def measure_imports() -> Imported:
    """Import ten and 10,000 bookmarks of two people and measure the page of each."""
    folder = machine.VAR / "imported"
    rate = _import(folder)
    with machine.fedimark(folder, {"FEDIMARK_PAGE_SIZE": "10"}) as served:
        compared = _compare("a person", served, served, (get("/u/ten"), get("/u/many")), entries=10)
    with machine.fedimark(folder) as served:
        fifty = machine.load(served, [[get("/u/many")]] * _CONNECTIONS, ROUND_S)
    return Imported(compared, fifty, rate)


def _compare(
    name: str, few: Served, many: Served, requests: tuple[str, str], *, entries: int = 50, visitors: int = _CONNECTIONS
) -> Compared:
    """Measure a page of two servers in turns, after a look at whether it holds what it should."""
    size = 0
    for served, request in zip((few, many), requests, strict=True):
        text = machine.answer(served.port, request)
        found = text.count(_ENTRY)
        if found != entries:
            raise RuntimeError(f"{name}: {found} entries instead of {entries}: {text[:300]!r}")
        size = len(text.partition(b"\r\n\r\n")[2])
    seen: tuple[list[Load], list[Load]] = ([], [])
    for number in range(ROUNDS):
        for served, request, loads in zip((few, many), requests, seen, strict=True):
            loads.append(machine.load(served, anew(request, visitors, f"{number}"), ROUND_S))
    kept = machine.load(few, [[requests[0]]] * visitors, ROUND_S)
    return Compared(name, machine.middle(seen[0]), machine.middle(seen[1]), size, kept)


def anew(request: str, visitors: int, series: str) -> list[list[str]]:
    """For each visitor requests for one page, none of which was drawn before."""
    return [[another(request, f"{series}.{who}.{number}") for number in range(_ANEW)] for who in range(visitors)]


def another(request: str, name: str) -> str:
    """A request for the same page that differs in what nothing hangs on."""
    path = request.split(" ", 2)[1]
    return request.replace(path, f"{path}{'&' if '?' in path else '?'}anew={name}", 1)


def _documents(served: Served) -> tuple[Load, Load]:
    """A bookmark as other servers ask for it, and who knows it already."""
    page = machine.answer(served.port, PAGES["a person"])
    path = re.search(rb'class=u-url href="(/u/[^"]+/b/[^"]+)"', page)
    assert path is not None
    asked = get(path[1].decode()).replace("text/html", "application/activity+json")
    etag = re.search(rb'\r\netag: ("[^"]+")', machine.answer(served.port, asked))
    assert etag is not None
    known = asked.replace("\r\n\r\n", f"\r\nIf-None-Match: {etag[1].decode()}\r\n\r\n")
    both = [machine.load(served, [[asked]] * 8, 2 * ROUND_S), machine.load(served, [[known]] * 8, 2 * ROUND_S, 304)]
    return both[0], both[1]


def _folder(amount: int) -> Path:
    return machine.VAR / f"{amount}"


def _import(folder: Path) -> float:
    """Import once, through the command line; returns bookmarks a second of the large import."""
    if (rate := datasets.known(folder)) is not None:
        return rate
    datasets.emptied(folder)
    environ = clean_environ() | {"FEDIMARK_BASE_URL": people.BASE_URL, "FEDIMARK_DATA_DIR": str(folder)}

    def run(*arguments: str, given: str = "") -> str:
        command = [str(FEDIMARK), *arguments]
        done = subprocess.run(
            command, env=environ, input=given, capture_output=True, text=True, timeout=300, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout

    took = 0.0
    run("migrate")
    for name, amount in (("ten", 10), ("many", IMPORTED)):
        file = folder / f"{name}.json"
        file.write_text(json.dumps([_pinboard(number) for number in range(amount)]))
        run("account", "add", name, "--password-stdin", given="correct horse battery staple\n")
        started = time.monotonic()
        run("import", str(file), "--user", name)
        took = time.monotonic() - started
    datasets.remember(folder, IMPORTED / took)
    return IMPORTED / took


def _pinboard(number: int) -> dict[str, str]:
    return {
        "href": datasets.url_of(number),
        "description": f"Page {number}, kept for later",
        "extended": f"What stands at {datasets.url_of(number)} is worth a second look some day, and some words more.",
        "time": f"20{10 + number % 10}-0{1 + number % 9}-1{number % 10}T12:{number % 60:02}:00Z",
        "shared": "yes",
        "toread": "no",
        "tags": f"tag{number % 7:04} tag{number % 101:04} tag{number % 1009:04}",
    }
