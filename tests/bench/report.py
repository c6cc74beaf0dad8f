"""What was measured, as a page people read: a table a topic, how it was measured, and which goals are met."""

from __future__ import annotations

import os
import platform
import sqlite3
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench import files
from tests.bench.busy import A_SECOND, Busy
from tests.bench.datasets import SAVES
from tests.bench.files import Brought
from tests.bench.kept import Kept
from tests.bench.machine import Load
from tests.bench.pages import IMPORTED, LARGE, ROUND_S, ROUNDS, SMALL, Compared, Imported, Pages
from tests.bench.rest import Rest
from tests.bench.saves import FLUSH_US, MANY, OF_COMMITS, Saves, Slowly
from tests.bench.search import ASKED, Searches, slowest

START_S, RESIDENT_MB, SLOWER = 2.0, 120.0, 1.3
PAGES, PAGE_KB, PACKING_MS, P99_MS, NOTES, KNOWN = 600, 60.0, 0.3, 100.0, 6_000, 10_000
SEARCH_MS, SEARCHES = 50.0, 400


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing that should hold, with what was found, in words; `ceiling` is what this run's machine allows at all.

    `ratio` is to the goal: 1 is just met, more is better, whether much is wanted or little.
    """

    words: str
    found: str
    met: bool
    ceiling: str = ""
    ratio: float | None = None


def _figure(found: float) -> str:
    return f"{found:,.0f}" if found >= 10_000 else f"{found:,.4g}"


def at_least(words: str, found: float, wanted: float, *, told: str = "", ceiling: str = "") -> Goal:
    """A goal of which more is better; `told` are the words for what was found, else the number."""
    return Goal(words, told or _figure(found), found >= wanted, ceiling, found / wanted)


def at_most(words: str, found: float, wanted: float, *, told: str = "", ceiling: str = "") -> Goal:
    """A goal of which less is better."""
    return Goal(words, told or _figure(found), found <= wanted, ceiling, wanted / found if found > 0 else None)


@dataclass(frozen=True, slots=True)
class Section:
    """A topic's text and its goals."""

    text: str
    goals: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class Spent:
    """How long a topic was to take, and took."""

    topic: str
    budget_s: float
    took_s: float


def whole(sections: Sequence[str], goals: Sequence[Goal], spent: Sequence[Spent], elsewhere: float) -> str:
    """The page; `elsewhere` is how many cores others kept busy on average."""
    cores, took_s = len(os.sched_getaffinity(0)), sum(one.took_s for one in spent)
    head = f"""# What fedimark costs

Written by `make bench` in {took_s / 60:.1f} minutes, on a machine of {cores} cores ({platform.machine()}, Python
{platform.python_version()}, SQLite {sqlite3.sqlite_version}) of which {elsewhere:.1f} did something else meanwhile.
Figures by themselves say as much about that machine; CPU time, and ratios, both sides of which were measured in the
same run, say something about fedimark.

## Goals

{goals_of(goals)}

*Ratio* is what was found to the goal, the other way round where less is wanted: 1 is just met. Where a goal is missed,
profiles at the end of this page show where the time goes.
"""
    return "\n".join([head, *sections, _NOT_MEASURED, spent_on(spent)])


def goals_of(goals: Iterable[Goal]) -> str:
    """The goals as a table."""
    rows = [
        (
            goal.words,
            goal.found,
            goal.ceiling,
            "" if goal.ratio is None else f"{goal.ratio:.2f}",
            "met" if goal.met else "**missed**",
        )
        for goal in goals
    ]
    return table(("goal", "found", "ceiling in this run", "ratio", ""), rows)


def spent_on(spent: Iterable[Spent]) -> str:
    """How long each topic took, as a section."""
    rows = [(one.topic, f"{one.budget_s:.0f}", f"{one.took_s:.0f}") for one in spent]
    text = "Data sets, which are built once, are not counted among what was to be spent."
    return f"## Time\n\n{table(('topic', 'to be spent, s', 'spent, s'), rows)}\n\n{text}\n"


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

`fedimark serve` with its worker, SQLite, one process; three starts. *Start* is from the start of the process to the
first 200 for `/recent`; the fastest is the one that others on the machine held up least. *CPU* is what the process used
until then; *memory* the resident set a second or more later (`VmRSS`, shared libraries counted whole), the largest;
*CPU at rest* the share of one core that the worker takes while nothing happens.
"""
    slowest, largest = max(one.best_start_s for one in states), max(one.resident_mb for one in states)
    cpu = max(one.start_cpu_s for one in states)
    return Section(
        text,
        (
            at_most(
                f"answers within {START_S:.0f} s of its start",
                slowest,
                START_S,
                told=f"{slowest:.2f} s, {cpu:.2f} s of CPU",
            ),
            at_most(f"at most {RESIDENT_MB:.0f} MB at rest", largest, RESIDENT_MB, told=f"{largest:.0f} MB"),
        ),
    )


def of_pages(pages: Pages) -> Section:
    """Pages a second."""
    rows = []
    for one in pages.compared:
        shown = [f"{value:.0f}" for load in (one.few, one.many) for value in (load.rate,)]
        cpu = [f"{load.cpu_ms:.1f}" for load in (one.few, one.many)]
        waits = f"{one.many.p50_ms:.0f} / {one.many.p99_ms:.0f}"
        size, kept = f"{one.size / 1000:.0f}", f"{_a_core(one.kept):.0f}"
        rows.append((one.name, *shown, *cpu, f"{_slower(one.few, one.many):.2f}", waits, kept, size))
    names = ("page", f"pages/s, {SMALL:,}", f"{LARGE:,}", f"CPU ms, {SMALL:,}", f"{LARGE:,}", "ratio")
    recent = next(one for one in pages.compared if one.name == "recent").many
    built = pages.built_s[LARGE]
    text = f"""## Pages of 50 entries, with {SMALL:,} and {LARGE:,} bookmarks

{table((*names, "p50 / p99 ms", "kept/s of a core", "KB"), rows)}

One process on SQLite, four keep-alive connections, {ROUNDS} rounds of {ROUND_S} s for each of the two databases in
turns, medians. *CPU* is what the server process used for a page, from `/proc`; *ratio* is CPU at {LARGE:,} to CPU at
{SMALL:,}; waiting times are those at {LARGE:,}. The person measured holds 3 of 100 bookmarks and follows 25 of 200
people; tags follow Zipf's law, three on each bookmark, the most common on a third of them; each page is saved ten times
on average ({LARGE:,} bookmarks are of {LARGE // SAVES:,} pages), some by everybody. *Far down* begins in the middle of
all there is, far beyond page 50 where there are so many. Each page is looked at before it is measured: it holds 50
entries. All but one column are of pages drawn anew, each asked for under an address of its own; their entries were
drawn before. *Kept* is the page with {SMALL:,} asked for again and again while nothing is written, in a second of CPU
time. The small data set is compared row by row with what the tests say it must be.
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
    goals = [*_speeds(pages), at_most(words, ratio, SLOWER, told=f"{ratio:.2f} ({worst.name})")]
    if pages.on_postgres:
        worst = max(pages.on_postgres, key=lambda one: _later(one.few, one.many))
        ratio = _later(worst.few, worst.many)
        words = f"the same on PostgreSQL, waiting: at most {SLOWER} times"
        goals.append(at_most(words, ratio, SLOWER, told=f"{ratio:.2f} ({worst.name})"))
    return Section(text, tuple(goals))


def _speeds(pages: Pages) -> list[Goal]:
    """How many pages and documents a core finishes, and how large they are."""
    kept = min(pages.compared, key=lambda one: _a_core(one.kept))
    anew = min(pages.compared, key=lambda one: _a_core(one.few))
    most = max(pages.compared, key=lambda one: one.size)
    note, known = (_a_core(load) for load in pages.documents)
    of = f"pages of 50 at {SMALL:,} bookmarks in a second of CPU time"
    return [
        at_least(f"{of}: {PAGES}", _a_core(kept.kept), PAGES, told=f"{_a_core(kept.kept):.0f} ({kept.name})"),
        at_least(
            f"{of}, each drawn anew: {PAGES}", _a_core(anew.few), PAGES, told=f"{_a_core(anew.few):.0f} ({anew.name})"
        ),
        at_most(
            f"HTML of a page, as long as they are by themselves: {PAGE_KB:.0f} KB", pages.twenty_size / 1000, PAGE_KB
        ),
        at_most(f"compressing it takes at most {PACKING_MS} ms of CPU time", pages.packing_ms, PACKING_MS),
        at_most(
            f"HTML of a page of 50: {PAGE_KB:.0f} KB",
            most.size / 1000,
            PAGE_KB,
            told=f"{most.size / 1000:.0f} ({most.name})",
        ),
        at_least(f"a bookmark as ActivityPub in a second of CPU time: {NOTES:,}", note, NOTES),
        at_least(f"the same for who has it: {KNOWN:,}", known, KNOWN),
    ]


def of_busy(busy: Sequence[Busy]) -> Section:
    """Reading while the inbox is busy."""
    rows = [(one.database, name, f"{load.rate:.0f}", waits(load)) for one in busy for name, load in one.pages.items()]
    taken = ", ".join(f"{one.taken.rate:.0f}/s taken on {one.database}, {waits(one.taken)} ms" for one in busy)
    text = f"""## Pages while the inbox is busy

{table(("database", "page", "pages/s", "p50 / p99 ms"), rows)}

Each page by a reader of its own who looks ten times a second, while {A_SECOND} signed Creates a second come and are
applied in the same process ({taken}). Whoever sends or looks waits from when it was due.
"""
    goals = []
    for one in busy:
        name, load = max(one.pages.items(), key=lambda pair: pair[1].p99_ms)
        words = f"p99 of every page while the inbox takes {A_SECOND}/s ({one.database}): {P99_MS:.0f} ms"
        goals.append(at_most(words, load.p99_ms, P99_MS, told=f"{load.p99_ms:.0f} ({name})"))
    return Section(text, tuple(goals))


def _a_core(load: Load) -> float:
    """Answers in a second of CPU time."""
    return 1000 / load.cpu_ms


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
A few of these pages over the same rows on PostgreSQL, one visitor at a time, so that the time waited holds what
PostgreSQL itself does:

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
    goal = at_most(f"a page of {IMPORTED:,} imported bookmarks costs at most {SLOWER} times one of ten", ratio, SLOWER)
    return Section(text, (goal,))


def of_files(databases: Sequence[Brought]) -> Section:
    """Files brought in and taken out."""
    rows = [
        (
            one.database,
            f"{one.listed_s:.2f}",
            f"{one.found_s:.2f}",
            f"{one.again_s:.2f}",
            f"{one.out_s:.2f}",
            f"{one.rows_per_s:,.0f}",
            f"{one.grown_mb:.0f}",
        )
        for one in databases
    ]
    head = (
        *("database", "in until listed, s", "from then on until found, s", "the same again, s", "out, s"),
        *("rows/s of more", "MB that more took"),
    )
    text = f"""## Files in and out

{table(head, rows)}

{files.ROWS:,} rows of Netscape's HTML with three tags each, brought in as the command line does once it has looked into
the file, 500 in a transaction, with what became of each; then {files.MANY:,} more, and as many again. *Listed* they are
when their owner's lists, tags and counts have all of them; *found* when every stream of several savers shows them too
and search knows them, which is the end of the job. The last three columns are of whole jobs. How much memory the last
took is the growth of what the process held at most.
"""
    goals = []
    for one in databases:
        most = files.MOST_S[one.database]
        words = f"{files.ROWS:,} rows that come in are listed on {one.database} within {most} s"
        goals.append(at_most(words, one.listed_s, most))
        words = f"and stand in every stream and in search at most {files.FOUND_S:.0f} s later"
        goals.append(at_most(words, one.found_s, files.FOUND_S))
        again = f"the same file again is no slower on {one.database}"
        goals.append(at_most(again, one.again_s, max(most, one.listed_s)))
        more = f"{files.MANY:,} rows take no more memory on {one.database} than {files.FLAT_MB:.0f} MB"
        goals.append(at_most(more, one.grown_mb, files.FLAT_MB))
    return Section(text, tuple(goals))


def of_saves(databases: Sequence[Saves], wire: Load) -> Section:
    """Saves a second."""
    rows, ratios = [], []
    for one in databases:
        for way, (alone, many) in (("by form", one.by_form), ("in process", one.in_process)):
            of_database = one.database_ms if way == "in process" and one.database_ms[0] else None
            rows.append(
                (
                    one.database,
                    way,
                    *_both("{:.0f}", alone.rate, many.rate),
                    *_both("{:.2f}", alone.cpu_ms, many.cpu_ms),
                    *(_both("{:.2f}", *of_database) if of_database else ("", "")),
                    waits(alone),
                    waits(many),
                )
            )
        ratios.append(_ratios(one))
    cpu = ("CPU ms, 1", f"{MANY}", "PostgreSQL's, 1", f"{MANY}")
    names = ("database", "", "saves/s, 1", f"{MANY}", *cpu, "p50 / p99 ms, 1", f"{MANY}")
    listed = "\n".join(ratios)
    text = f"""## Saves

{table(names, rows)}

Each save is of a page nobody had, with a title, a description and three tags, by one person and by {MANY} people at
once, three seconds each; rows of all timelines, counts and tags are written with it in one transaction. *By form* is
`POST /add` over a socket, signed in, answered by 303; *in process* calls what `fedimark save` calls, in a loop of its
own. CPU is the server's process alone; beside it stands what PostgreSQL's own processes used for a save in process: the
rows and index entries of a save, some forty, cost it several times what the one row costs that a commit is measured by.

{listed}
{"".join(_of_disk(one.slowly) for one in databases if one.slowly)}\
- The wire alone takes {wire.rate:.0f} such forms/s at {MANY} connections ({wire.cpu_ms:.2f} ms of CPU each).
{"".join(map(_where, databases))}"""
    goals = [
        Goal(
            f"saves on {one.database}, {goal.words}: {goal.least:.0f}/s by form or in process, without one error",
            f"{goal.by_form:.0f}/s by form, {goal.in_process:.0f}/s in process",
            goal.is_met,
            f"{one.commits.alone:,.0f} serial commits/s",
            max(goal.by_form, goal.in_process) / goal.least,
        )
        for one in databases
        for goal in one.goals
    ]
    goals += [_of_slowly(one.slowly) for one in databases if one.slowly]
    return Section(text, tuple(goals))


def _of_slowly(slowly: Slowly) -> Goal:
    """The goal of one person's saves on PostgreSQL where a commit takes as long as where the goal was set."""
    committed = slowly.commits.alone
    return Goal(
        f"the same where the disk takes {FLUSH_US / 1000} ms more to keep a commit: {committed * OF_COMMITS:.0f}/s",
        f"{slowly.in_process.rate:.0f}/s in process",
        slowly.in_process.rate >= committed * OF_COMMITS,
        f"{committed:,.0f} serial commits/s",
        slowly.in_process.rate / (committed * OF_COMMITS),
    )


def _of_disk(slowly: Slowly) -> str:
    share = slowly.in_process.rate / slowly.commits.alone
    return (
        f"- How many commits a second there are is the disk’s. Where it takes {FLUSH_US / 1000} ms more to keep each "
        f"(`commit_delay`, with `commit_siblings` 0), {slowly.commits.alone:.0f} a second, as where the goal was set "
        f"(400 to 1,100), one person's saves are {share:.3f} of that in process.\n"
    )


def _where(one: Saves) -> str:
    """Where the time of one save goes on PostgreSQL, and the CPU of forms where a goal is missed."""
    return _parts(one) + _profiled(one)


def _parts(one: Saves) -> str:
    if not one.explained:
        return ""
    alone = one.in_process[0]
    rows = [(name, f"{took:.3f}") for name, took in one.explained.items()]
    told = sum(one.explained.values())
    rows += [("its statements together", f"{told:.3f}"), ("one insert, committed", f"{1000 / one.commits.alone:.3f}")]
    rows += [("fedimark’s own CPU, with sockets", f"{alone.cpu_ms:.3f}"), ("a save, p50", f"{alone.p50_ms:.3f}")]
    return f"""
{table((f"one save in process on {one.database}", "ms"), rows)}

What is written counts with its entries in indexes, as EXPLAIN ANALYZE takes the time, which costs some of it.
"""


def _profiled(one: Saves) -> str:
    if not one.profiles:
        return ""
    places = sorted({place for each in one.profiles for place in each.places}, key=lambda it: _share(one, it))
    rows = [(place, *(f"{each.places.get(place, 0.0):.2f}" for each in one.profiles)) for place in reversed(places)]
    return f"\n{table((f'a form on {one.database}, CPU ms', 'alone', f'of {MANY} at once'), rows)}\n"


def _share(one: Saves, place: str) -> float:
    return sum(each.places.get(place, 0.0) for each in one.profiles)


def _ratios(one: Saves) -> str:
    ten = f" and {one.commits.ten:.0f} from ten connections" if one.commits.ten != one.commits.alone else ""
    (form, forms), (inside, insides) = one.by_form, one.in_process
    shares = [f"{load.rate / one.commits.alone:.3f}" for load in (form, inside)]
    return (
        f"- {one.database} commits {one.commits.alone:.0f} inserts/s of 480 bytes one after the other{ten}. One "
        f"person's saves are {shares[0]} of that by form and {shares[1]} in process; {MANY} people save "
        f"{forms.rate / form.rate:.1f} times as much by form and {insides.rate / inside.rate:.1f} in process."
    )


def of_search(searches: Searches) -> Section:
    """Searching."""
    rows = [
        (one.database, one.scope, one.order, f"{one.median_ms:.1f}", f"{one.worst_ms:.1f}", f"{one.again_ms:.1f}")
        for one in searches.asked
    ]
    asked = ((f"{SMALL:,}", searches.few), (f"{LARGE:,}", searches.many), (f"{LARGE:,}, kept", searches.kept))
    loads = [(name, f"{load.rate:.0f}", f"{load.cpu_ms:.1f}", waits(load)) for name, load in asked]
    text = f"""## Searches

{table(("database", "in", "first", "database ms, median", "worst", "worst asked again"), rows)}

A hundred searches of two words over {LARGE:,} bookmarks, half of them of words that stand in every second bookmark,
half with one that only some pages have, as the person of the pages asks them; the time of all statements of a page of
50, in a process with nothing else to do. *Asked again* are all of them once more: the first time may have read from the
disk what nobody had read before. *Mine* are 30,000 bookmarks, *network* 25 people of 200, *here* all that is public.

{table(("bookmarks", "pages/s", "CPU ms", "p50 / p99 ms"), loads)}

Pages of 50 entries, signed in, *here*, of two common words, as pages are measured above: drawn anew, and kept.
"""
    worst = slowest(searches.asked)
    words = (
        f"the median of {ASKED} two-word searches at {LARGE:,} bookmarks takes the database at most {SEARCH_MS:.0f} ms"
    )
    told = f"{worst.median_ms:.1f} ({worst.scope}, {worst.database}; the worst {worst.worst_ms:.0f})"
    goals = (
        at_most(words, worst.median_ms, SEARCH_MS, told=told),
        at_least(
            f"pages of a search at {LARGE:,} bookmarks in a second of CPU time: {SEARCHES}",
            _a_core(searches.kept),
            SEARCHES,
        ),
        at_least(f"the same, each drawn anew: {SEARCHES}", _a_core(searches.many), SEARCHES),
    )
    return Section(text, goals)


def of_kept(found: Sequence[Kept]) -> Section:
    """What an admin waits for."""
    rows = [
        (one.words, f"{one.rows:,}", f"{one.took_s:.1f}", f"{one.rows / one.took_s:,.0f}", f"{one.per_100_000_s:.1f}")
        for one in found
    ]
    names = ("command", "rows", "took, s", "rows/s", "100,000 rows, s")
    text = f"""## Backups and moving

{table(names, rows)}

The data set of 10,000 bookmarks, by the command line, each a process of its own with what it takes to start. Moving
compares every row with its source after it was copied.
"""
    return Section(text, [])


_NOT_MEASURED = """## Not measured

- Keys that must be fetched first, RFC 9421 and Ed25519 between servers.
- Several serving processes, TLS on either side and a proxy in front.
- A cold disk cache, and disks slower than this machine's.
- Feeds, and what people say to each other.
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
