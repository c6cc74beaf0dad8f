"""Saves a second: by form over a socket and in process, one person and 64, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlencode

import asyncpg

from fedimark.here import wall_clock
from tests.bench import datasets, machine, people, profiled, stores
from tests.bench.inside import fields_of
from tests.bench.machine import Load, Served
from tests.bench.profiled import Profile
from tests.bench.stores import Store

MANY = 64
SQLITE, POSTGRES = 600.0, 1_000.0  # saves a second
OF_COMMITS = 0.5  # of what one connection commits
# The goal was set where a disk took a millisecond to keep a commit (400 to 1,100 a second). Where one takes a fifth of
# that, half of the commits says how fast the disk is, so the same is measured with PostgreSQL waiting before it writes.
FLUSH_US = 750
_ROUND_S = 3.0
_PROFILED_S = 2.0
_PATIENCE_S = 20.0
_UNINDEXED = "SELECT count(*) FROM unindexed"
_MOST_A_SECOND = 1_500  # requests made ready for each second of a round


@dataclass(frozen=True, slots=True)
class Commits:
    """What a database commits of one small insert each: one after the other, and ten connections at once."""

    alone: float
    ten: float


@dataclass(frozen=True, slots=True)
class Aim:
    """Saves a second as measured both ways, and as the better way should reach at least; one error ends the bench."""

    words: str
    by_form: float
    in_process: float
    least: float

    @property
    def is_met(self) -> bool:
        """Whether it is reached."""
        return max(self.by_form, self.in_process) >= self.least


@dataclass(frozen=True, slots=True)
class Slowly:
    """Saves of one person in process where each commit waits for `FLUSH_US` more, and what is committed there."""

    in_process: Load
    commits: Commits


@dataclass(frozen=True, slots=True)
class Saves:
    """The four loads of one database, and its ceiling."""

    database: str
    by_form: tuple[Load, Load]
    in_process: tuple[Load, Load]
    commits: Commits
    database_ms: tuple[float, float] = (0.0, 0.0)  # of PostgreSQL's own CPU, for a save in process
    explained: Mapping[str, float] = field(default_factory=dict)  # milliseconds of a save in process, by what it writes
    slowly: Slowly | None = None  # on PostgreSQL
    profiles: tuple[Profile, ...] = ()  # of forms, by one person and by many, where a goal is missed

    @property
    def goals(self) -> tuple[Aim, ...]:
        """What is to be reached."""
        alone, many = ((self.by_form[number].rate, self.in_process[number].rate) for number in (0, 1))
        if self.database == "SQLite":
            as_one = max(SQLITE, *alone)
            return Aim("one person", *alone, SQLITE), Aim(f"{MANY} people, no slower than one", *many, as_one)
        commits = self.commits.alone * OF_COMMITS
        return Aim("one person, half of what is committed", *alone, commits), Aim(f"{MANY} people", *many, POSTGRES)


def measure() -> tuple[list[Saves], Load]:
    """Measure each database there is, and what the wire alone carries of the same forms."""
    found = []
    for new in stores.kinds():
        with new("saves") as store:
            store.fill(people.rows(datasets.FIRST_ACTOR, MANY, wall_clock()))
            is_sqlite = store.settings.is_sqlite
            commits = _sqlite_commits(store.folder) if is_sqlite else asyncio.run(_postgres_commits(store.url))
            found.append(_measure(store, commits))
    with machine.bare(0, 303) as nothing:
        wire = machine.load(nothing, _forms("bare", MANY), _ROUND_S, 303)
    return found, wire


def _measure(store: Store, commits: Commits) -> Saves:
    with machine.fedimark(store.folder, store.environ) as served:
        _by_form(served, "warm", 4, 1.0)
        forms = _by_form(served, "one", 1, _ROUND_S), _by_form(served, "many", MANY, _ROUND_S)
    (one, one_ms, parts), (many, many_ms, _) = _inside(store, 1), _inside(store, MANY)
    slowly = None if store.settings.is_sqlite else _slowly(store)
    saves = Saves(store.name, forms, (one, many), commits, (one_ms, many_ms), parts, slowly)
    return saves if all(goal.is_met for goal in saves.goals) else replace(saves, profiles=_profiles(store))


def _slowly(store: Store) -> Slowly:
    name = store.url.rpartition("/")[2]
    for setting, value in (("commit_siblings", 0), ("commit_delay", FLUSH_US)):
        store.change(f"ALTER DATABASE {name} SET {setting} = {value}")  # for whoever connects from now on
    slowly = Slowly(_inside(store, 1, "slowly")[0], asyncio.run(_postgres_commits(store.url)))
    store.change(f"ALTER DATABASE {name} RESET ALL")
    return slowly


def _profiles(store: Store) -> tuple[Profile, ...]:
    found = []
    with profiled.serving(store, f"saves-{store.name.lower()}") as (served, sampler):
        _by_form(served, "warm-again", 4, 1.0)
        # What the rounds before left for search to learn is none of theirs.
        machine.wait_until(lambda: not store.ask(_UNINDEXED), _PATIENCE_S)
        for series, amount in (("profile-one", 1), ("profile-many", MANY)):
            with sampler.sampling() as made:
                load = _by_form(served, series, amount, _PROFILED_S)
            found.append(made(load.answers))
    return tuple(found)


def _by_form(served: Served, series: str, amount: int, seconds: float) -> Load:
    return machine.load(served, _forms(series, amount, seconds), seconds, 303)


def _forms(series: str, amount: int, seconds: float = _ROUND_S) -> list[list[str]]:
    """For each connection the forms it will send, each of a page nobody saved."""
    each = int(seconds * _MOST_A_SECOND / (amount if series != "bare" else 4)) + 200
    return [[_form(series, person, count) for count in range(each)] for person in range(amount)]


def _form(series: str, person: int, count: int) -> str:
    body = urlencode(fields_of(series, person, count))
    return (
        f"POST /add HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nCookie: {people.cookie_of(person)}\r\n"
        "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def _inside(store: Store, amount: int, series: str = "inside") -> tuple[Load, float, Mapping[str, float]]:
    """Saves in process, and what each costs PostgreSQL, in milliseconds of CPU, and of its own time by parts."""
    job = {
        "database": store.url,
        "data_dir": str(store.folder),
        "first_actor": datasets.FIRST_ACTOR,
        "people": amount,
        "seconds": _ROUND_S,
        "round": f"{series}-{amount}",
        "explain": series == "inside" and amount == 1 and not store.settings.is_sqlite,
    }
    command = [sys.executable, "-m", "tests.bench.inside"]
    done = subprocess.run(
        command, input=json.dumps(job), capture_output=True, text=True, cwd=machine.ROOT, timeout=60, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    saw = json.loads(done.stdout)
    load = machine.of(saw["waited"], saw["took"], saw["cpu"])
    return load, saw["database_cpu"] / load.answers * 1000, saw["explained"]


_INSERT = f"INSERT INTO ceiling (word) VALUES ('{'as large as a bookmark. ' * 20}')"


def _sqlite_commits(folder: Path) -> Commits:
    """SQLite has one writer: ten at once are one after the other."""
    database = sqlite3.connect(folder / "ceiling.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("CREATE TABLE ceiling (id INTEGER PRIMARY KEY, word TEXT)")
    count, until = 0, time.monotonic() + 1
    while time.monotonic() < until:
        database.execute(_INSERT)
        count += 1
    database.close()
    return Commits(count, count)


async def _postgres_commits(url: str) -> Commits:
    pool = await asyncpg.create_pool(url, min_size=10, max_size=10)
    try:
        assert await pool.fetchval("SHOW synchronous_commit") == "on"
        await pool.execute("CREATE TABLE IF NOT EXISTS ceiling (id bigserial PRIMARY KEY, word text)")
        return Commits(await _committed(pool, 1), await _committed(pool, 10))
    finally:
        await pool.close()


async def _committed(pool: asyncpg.Pool, at_once: int, seconds: float = 2.0) -> float:
    until = time.monotonic() + seconds

    async def commit() -> int:
        count = 0
        async with pool.acquire() as connection:
            while time.monotonic() < until:
                await connection.execute(_INSERT)
                count += 1
        return count

    return sum(await asyncio.gather(*(commit() for _ in range(at_once)))) / seconds
