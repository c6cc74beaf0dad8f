"""Files brought in and taken out: how fast, again, and how much memory, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from fedimark.app import running
from fedimark.bookmarks.draft import Owner
from fedimark.database import brought_in
from fedimark.here import entered, wall_clock
from fedimark.importing import exporter, importer
from fedimark.importing.options import PLAIN
from fedimark.policy.visibility import Visibility
from fedimark.settings import Settings
from tests.bench import datasets, machine, people, profiled, stores
from tests.bench.profiled import Profile
from tests.bench.stores import Store

ROWS, MANY = 10_000, 40_000
MOST_S = {"SQLite": 0.7, "PostgreSQL": 1.2}
FOUND_S = 3.0
"""How much later all that came in stands in every stream and is found by search, in the same job."""
FLAT_MB = 16.0
"""What the memory may grow by with as many rows again: a list of them would take twice as much."""


@dataclass(frozen=True, slots=True)
class Brought:
    """Of one database: seconds until ROWS rows are in their owner's lists, and from then on until they are everywhere;
    the same again and out, and megabytes that more rows took.
    """

    database: str
    listed_s: float
    found_s: float
    again_s: float
    out_s: float
    rows_per_s: float
    grown_mb: float


def measure(many: int = MANY) -> list[Brought]:
    """Measure each database there is; `many` rows are brought in after the first ones, to see the memory."""
    found = []
    for new in stores.kinds():
        with new("files") as store:
            store.fill(people.rows(datasets.FIRST_ACTOR, 1, wall_clock()))
            sizes = {"few": ROWS, "many": many, "more": many}
            told = _in_a_process(store, {series: _file(store, series, rows) for series, rows in sizes.items()})
            found.append(Brought(store.name, **told))
    return found


def profile() -> Profile:
    """Where the time of a hundred rows goes, on SQLite, in a run that no other figure is taken from."""
    with stores.sqlite("files") as store:
        store.fill(people.rows(datasets.FIRST_ACTOR, 1, wall_clock()))
        few = str(_file(store, "few", ROWS))
        with profiled.inside("importing") as taken:
            store.within(lambda: _brought(_owner(), few))
        return taken(ROWS // 100)


def _owner() -> Owner:
    return Owner(datasets.FIRST_ACTOR, people.name_of(0), Visibility.PUBLIC, privacy_lock=False)


def _file(store: Store, series: str, rows: int) -> Path:
    path = store.folder / f"{series}.html"
    with path.open("w") as file:
        file.write("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p>\n")
        for n in range(rows):
            tags = f"tag{n % 40},topic{n % 300},year{n % 12}"
            file.write(
                f'<DT><A HREF="https://site{n % 997}.example/{series}/{n}" ADD_DATE="{1_500_000_000 + 60 * n}" '
                f'PRIVATE="0" TAGS="{tags}">A page about number {n}</A>\n<DD>Words about it, {n} of them.\n'
            )
        file.write("</DL><p>\n")
    return path


def _in_a_process(store: Store, paths: Mapping[str, Path]) -> dict[str, float]:
    settings = store.settings
    job = {"database": settings.database, "data_dir": settings.data_dir} | {name: str(p) for name, p in paths.items()}
    command = [sys.executable, "-m", "tests.bench.files", json.dumps(job)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=machine.ROOT)
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


async def _bring(job: dict[str, Any]) -> dict[str, float]:
    settings = Settings(base_url=people.BASE_URL, database_url=job["database"], data_dir=job["data_dir"])
    owner = _owner()
    async with running(settings) as server, entered(server.here), brought_in():
        first = await _brought(owner, job["few"])
        again = await _brought(owner, job["few"])
        out = await _taken(owner)
        await _brought(owner, job["many"])
        before = _peak_mb()
        more = await _brought(owner, job["more"])
        await _taken(owner)
    return {
        "listed_s": first.listed_s,
        "found_s": first.whole_s - first.listed_s,
        "again_s": again.whole_s,
        "out_s": out,
        "rows_per_s": more.rows / more.whole_s,
        "grown_mb": _peak_mb() - before,
    }


@dataclass(frozen=True, slots=True)
class _Run:
    """How long an import took until its last row was listed, and until its job was done."""

    rows: int
    listed_s: float
    whole_s: float


async def _brought(owner: Owner, path: str) -> _Run:
    number, _ = await importer.written_down(owner.username, Path(path).name, PLAIN)
    started = listed = time.perf_counter()
    rows = 0
    async for report in importer.bring_in(owner, Path(path), job_id=number):
        rows, listed = report.rows, time.perf_counter()
    return _Run(rows, listed - started, time.perf_counter() - started)


async def _taken(owner: Owner) -> float:
    started = time.perf_counter()
    async for _ in exporter.export(owner):
        pass
    return time.perf_counter() - started


def _peak_mb() -> float:
    # Of this program alone: what getrusage() tells is never less than what held whoever started it.
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else math.nan


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(_bring(json.loads(sys.argv[1])))) + "\n")
