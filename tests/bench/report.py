"""What was measured, as a page people read: a table a topic, how it was measured, and which goals are met."""

from __future__ import annotations

import os
import platform
import sqlite3
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.datasets import SAVES
from tests.bench.machine import Load
from tests.bench.pages import IMPORTED, LARGE, SMALL, Compared, Imported, Pages
from tests.bench.rest import Rest
from tests.bench.saves import MANY, Saves

START_S, RESIDENT_MB, SLOWER = 2.0, 120.0, 1.3


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that should hold, with what was found."""

    words: str
    found: str
    met: bool


@dataclass(frozen=True, slots=True)
class Section:
    """A topic's text and its goals."""

    text: str
    goals: tuple[Goal, ...]


def whole(sections: Sequence[str], goals: Sequence[Goal], took_s: float, elsewhere: float) -> str:
    """The page; `elsewhere` is how many cores others kept busy on average."""
    cores = len(os.sched_getaffinity(0))
    head = f"""# What fedimark costs

Written by `make bench` in {took_s / 60:.1f} minutes, on a machine of {cores} cores ({platform.machine()}, Python
{platform.python_version()}, SQLite {sqlite3.sqlite_version}) of which {elsewhere:.1f} did something else meanwhile.
Figures by themselves say as much about that machine; CPU time, and ratios, both sides of which were measured in the
same run, say something about fedimark.

## Goals

{goals_of(goals)}
"""
    return "\n".join([head, *sections, _NOT_MEASURED])


def goals_of(goals: Iterable[Goal]) -> str:
    """The goals as a table."""
    rows = [(goal.words, goal.found, "met" if goal.met else "**missed**") for goal in goals]
    return table(("goal", "found", ""), rows)


def of_rest(states: Sequence[Rest], python_s: float) -> Section:
    """Start-up and memory."""
    rows = [
        (
            one.database,
            f"{one.best_start_s:.2f}",
            f"{one.start_s:.2f}",
            f"{one.worst_start_s:.2f}",
            f"{one.start_cpu_s:.2f}",
            f"{one.best_start_s / python_s:.0f} ×",
            f"{one.resident_mb:.0f}",
            f"{one.cpu_at_rest * 100:.1f} %",
        )
        for one in states
    ]
    names = (
        "database",
        "start, s: fastest",
        "median",
        "slowest",
        "CPU, s",
        "of `python -c pass`",
        "memory, MB",
        "CPU at rest",
    )
    text = f"""## At rest

{table(names, rows)}

`fedimark serve` with its worker, SQLite, one process; five starts. *Start* is from the start of the process to the
first 200 for `/recent`; the fastest is the one that others on the machine held up least. *CPU* is what the process used
until then; *memory* the resident set a second or more later (`VmRSS`, shared libraries counted whole), the largest;
*CPU at rest* the share of one core that the worker takes while nothing happens.
"""
    slowest, largest = max(one.best_start_s for one in states), max(one.resident_mb for one in states)
    cpu = max(one.start_cpu_s for one in states)
    return Section(
        text,
        (
            Goal(
                f"answers within {START_S:.0f} s of its start",
                f"{slowest:.2f} s, {cpu:.2f} s of CPU",
                slowest <= START_S,
            ),
            Goal(f"at most {RESIDENT_MB:.0f} MB at rest", f"{largest:.0f} MB", largest <= RESIDENT_MB),
        ),
    )


def of_pages(pages: Pages) -> Section:
    """Pages a second."""
    rows = []
    for one in pages.compared:
        shown = [f"{value:.0f}" for load in (one.few, one.many) for value in (load.rate,)]
        cpu = [f"{load.cpu_ms:.1f}" for load in (one.few, one.many)]
        waits = f"{one.many.p50_ms:.0f} / {one.many.p99_ms:.0f}"
        rows.append((one.name, *shown, *cpu, f"{_slower(one.few, one.many):.2f}", waits, f"{one.size / 1000:.0f}"))
    names = ("page", f"pages/s, {SMALL:,}", f"{LARGE:,}", f"CPU ms, {SMALL:,}", f"{LARGE:,}", "ratio")
    recent = next(one for one in pages.compared if one.name == "recent").many
    built = pages.built_s[LARGE]
    text = f"""## Pages of 50 entries, with {SMALL:,} and {LARGE:,} bookmarks

{table((*names, "p50 / p99 ms", "KB"), rows)}

One process on SQLite, four keep-alive connections, three rounds of 1.5 s for each of the two databases in turns,
medians. *CPU* is what the server process used for a page, from `/proc`; *ratio* is CPU at {LARGE:,} to CPU at
{SMALL:,}; waiting times are those at {LARGE:,}. The person measured holds 3 of 100 bookmarks and follows 25 of 200
people; tags follow Zipf's law, three on each bookmark, the most common on a third of them; each page is saved ten times
on average ({LARGE:,} bookmarks are of {LARGE // SAVES:,} pages), some by everybody. *Far down* begins in the middle of
all there is, far beyond page 50 where there are so many. Each page is looked at before it is measured: it holds 50
entries. The small data set is compared row by row with what the tests say it must be.
{_of_postgres(pages.on_postgres)}

The wire alone, an application that answers as many bytes and does nothing, in the same process set-up:
{pages.wire.rate:.0f} answers/s, {pages.wire.cpu_ms:.2f} ms of CPU each, so `/recent` is
{recent.cpu_ms / pages.wire.cpu_ms:.0f} times the wire. The load generator (a process of its own, raw asyncio sockets on
uvloop) uses {pages.wire.generator_ms:.2f} ms of CPU for each of these answers.

Resident memory of the server over {LARGE:,} bookmarks after all this: {pages.resident_mb:.0f} MB. The {LARGE:,}
bookmarks were built in {built:.0f} s.
"""
    worst = max(pages.compared, key=lambda one: _slower(one.few, one.many))
    ratio = _slower(worst.few, worst.many)
    words = f"a page at {LARGE:,} bookmarks costs at most {SLOWER} times one at {SMALL:,}"
    goals = [Goal(words, f"{ratio:.2f} ({worst.name})", ratio <= SLOWER)]
    if pages.on_postgres:
        worst = max(pages.on_postgres, key=lambda one: _later(one.few, one.many))
        ratio = _later(worst.few, worst.many)
        words = f"the same on PostgreSQL, waiting: at most {SLOWER} times"
        goals.append(Goal(words, f"{ratio:.2f} ({worst.name})", ratio <= SLOWER))
    return Section(text, tuple(goals))


def _of_postgres(compared: Sequence[Compared]) -> str:
    if not compared:
        return "\nNo PostgreSQL answered.\n"
    rows = [
        (
            one.name,
            *(f"{load.p50_ms:.1f}" for load in (one.few, one.many)),
            f"{_later(one.few, one.many):.2f}",
            *(f"{load.cpu_ms:.1f}" for load in (one.few, one.many)),
        )
        for one in compared
    ]
    names = ("page", f"p50 ms, {SMALL:,}", f"{LARGE:,}", "ratio", f"CPU ms, {SMALL:,}", f"{LARGE:,}")
    return f"""
The same rows on PostgreSQL, one visitor at a time, so that the time waited holds what PostgreSQL itself does:

{table(names, rows)}
"""


def _later(few: Load, many: Load) -> float:
    return many.p50_ms / few.p50_ms


def of_imports(imported: Imported) -> Section:
    """A person's page after an import."""
    few, many = imported.compared.few, imported.compared.many
    rows = [
        ("10 imported, 10 shown", f"{few.rate:.0f}", f"{few.cpu_ms:.1f}", f"{few.p50_ms:.0f} / {few.p99_ms:.0f}"),
        (f"{IMPORTED:,} imported, 10 shown", f"{many.rate:.0f}", f"{many.cpu_ms:.1f}", waits(many)),
        (
            f"{IMPORTED:,} imported, 50 shown",
            f"{imported.fifty.rate:.0f}",
            f"{imported.fifty.cpu_ms:.1f}",
            waits(imported.fifty),
        ),
    ]
    ratio = _slower(few, many)
    text = f"""## A person's page after an import

{table(("page", "pages/s", "CPU ms", "p50 / p99 ms"), rows)}

Two people of one server who imported 10 and {IMPORTED:,} bookmarks of Pinboard's JSON by `fedimark import`
({imported.rows_per_s:.0f} bookmarks/s, start of the command included). The page of many also shows thirty tags at its
side, that of ten fewer.
"""
    goal = Goal(
        f"a page of {IMPORTED:,} imported bookmarks costs at most {SLOWER} times one of ten",
        f"{ratio:.2f}",
        ratio <= SLOWER,
    )
    return Section(text, (goal,))


def of_saves(databases: Sequence[Saves], wire: Load) -> Section:
    """Saves a second."""
    rows, ratios = [], []
    for one in databases:
        for way, (alone, many) in (("by form", one.by_form), ("in process", one.in_process)):
            rows.append(
                (
                    one.database,
                    way,
                    *_both("{:.0f}", alone.rate, many.rate),
                    *_both("{:.2f}", alone.cpu_ms, many.cpu_ms),
                    waits(alone),
                    waits(many),
                )
            )
        ratios.append(_ratios(one))
    names = ("database", "", "saves/s, 1", f"{MANY}", "CPU ms, 1", f"{MANY}", "p50 / p99 ms, 1", f"{MANY}")
    listed = "\n".join(ratios)
    text = f"""## Saves

{table(names, rows)}

Each save is of a page nobody had, with a title, a description and three tags, by one person and by {MANY} people at
once, three seconds each; rows of all timelines, counts and tags are written with it in one transaction. *By form* is
`POST /add` over a socket, signed in, answered by 303; *in process* calls what `fedimark save` calls, in a loop of its
own. CPU is the server's process alone, not PostgreSQL's.

{listed}
- The wire alone takes {wire.rate:.0f} such forms/s at {MANY} connections ({wire.cpu_ms:.2f} ms of CPU each).
"""
    return Section(text, ())


def _ratios(one: Saves) -> str:
    ten = f" and {one.commits.ten:.0f} from ten connections" if one.commits.ten != one.commits.alone else ""
    (form, forms), (inside, insides) = one.by_form, one.in_process
    shares = [f"{load.rate / one.commits.alone:.3f}" for load in (form, inside)]
    return (
        f"- {one.database} commits {one.commits.alone:.0f} small inserts/s one after the other{ten}. One person's "
        f"saves are {shares[0]} of that by form and {shares[1]} in process; {MANY} people save "
        f"{forms.rate / form.rate:.1f} times as much by form and {insides.rate / inside.rate:.1f} in process."
    )


_NOT_MEASURED = """## Not measured

- Keys that must be fetched first, RFC 9421 and Ed25519 between servers, deliveries on PostgreSQL.
- Pages on PostgreSQL, several serving processes, TLS on either side and a proxy in front.
- A cold disk cache, and disks slower than this machine's.
- Search and feeds, which do not exist yet.
"""


def _slower(few: Load, many: Load) -> float:
    return many.cpu_ms / few.cpu_ms


def waits(load: Load) -> str:
    """Median and 99th percentile."""
    return f"{load.p50_ms:.1f} / {load.p99_ms:.1f}"


def _both(form: str, *values: float) -> tuple[str, ...]:
    return tuple(form.format(value) for value in values)


def prose(text: str) -> str:
    """Paragraphs in lines of the page's width, whatever figures stand in them."""
    return "\n\n".join(textwrap.fill(part, 120, break_on_hyphens=False) for part in text.strip().split("\n\n")) + "\n"


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lines of a table in Markdown."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
