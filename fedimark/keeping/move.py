"""From SQLite to PostgreSQL: table by table, each in one transaction, so that a move that was cut off goes on.

The file is held for the whole time, and nobody else may have it open. While rows arrive, a row of the new database says
so and no server starts on it; when all have arrived and are proven the same, the old one says that it was moved. At no
moment does a server start on both.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias
from urllib.parse import urlsplit

from fedimark.database import migrate, tables_postgres, tables_sqlite
from fedimark.database.tables import Batches, Source, Table, Values, line_of
from fedimark.database.tables_postgres import PostgresTables
from fedimark.database.tables_sqlite import SqliteTables
from fedimark.database.whole import steps
from fedimark.errors import Refused
from fedimark.here import wall_clock
from fedimark.keeping import names, place
from fedimark.policy import muted
from fedimark.settings import Settings

Say: TypeAlias = Callable[[str], None]

_FACT = "fact"
_FACTS = Table(_FACT, ("name", "value"))
_PUT = "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_LONG = 'SELECT {key} FROM "{table}" WHERE {too_long} LIMIT 5'
_LIMITS = """
SELECT column_name AS name, character_maximum_length AS most FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = $1 AND data_type IN ('character varying', 'text')
"""


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and the checksum of all of them in their order."""

    rows: int
    sha256: str


async def move(settings: Settings, url: str, say: Say) -> int:
    """Move all rows of this SQLite database to an empty PostgreSQL one, and return how many; go on where one was cut
    off.

    `say` is told how far it is. Raises Refused and Unavailable.
    """
    _check(settings, url)
    new = Settings(base_url=settings.base_url, data_dir=settings.data_dir, database_url=url)
    with tables_sqlite.connected(settings.sqlite_path) as connection:
        _hold(connection)
        source = SqliteTables(connection)
        if await source.migrations() != steps():
            raise Refused("This database is not up to date: run `fedimark migrate` first.")
        _check_not_elsewhere(connection, url)
        await _check_empty(new)
        await migrate(new)
        async with tables_postgres.connected(url) as to:
            target = PostgresTables(to)
            tables = [table for table in await target.tables(names.flags()) if table.name != _FACT]
            await _check_fits(source, target, tables)
            await _begin(target)
            sums = await _copy(source, target, tables, say)
            await _compare(source, target, sums, say)
            _leave(connection, url)
            await _finish(source, target, new)
    return sum(each.rows for each in sums.values())


def _check(settings: Settings, url: str) -> None:
    if not settings.is_sqlite:
        raise Refused("This server’s database is PostgreSQL already.")
    if urlsplit(url).scheme not in ("postgres", "postgresql"):
        raise Refused("The new database must begin with postgres://")
    if not settings.sqlite_path.exists():
        raise Refused(f"There is no database {settings.sqlite_path} to move.")


def _hold(connection: sqlite3.Connection) -> None:
    """Have the file alone: even somebody who only has it open stands in the way."""
    connection.execute("PRAGMA busy_timeout = 1000")
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError:
        raise Refused("A server or a command runs on this database: stop it first.") from None


def _check_not_elsewhere(connection: sqlite3.Connection, url: str) -> None:
    row = connection.execute("SELECT value FROM fact WHERE name = ?", (place.MOVED_TO,)).fetchone()
    if row and row[0] != shown(url):
        raise Refused(f"This database was moved to {row[0]} before.")


async def _check_empty(new: Settings) -> None:
    """Nothing, or a move that was cut off."""
    async with tables_postgres.connected(new.database) as to:
        there = PostgresTables(to)
        if not (found := await there.migrations()):
            return
        if found != steps()[: len(found)]:
            raise Refused("The new database was made by a newer version of fedimark: give an empty one.")
        tables = await there.tables(names.flags())
        if any(table.name == _FACT for table in tables) and await _arriving(there) is not None:
            return
        for table in tables:
            if await to.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")'):
                raise Refused("The new database is not empty: rows are moved into an empty one.")


async def _check_fits(source: SqliteTables, target: PostgresTables, tables: list[Table]) -> None:
    """Texts that PostgreSQL would not take, before anything is copied: SQLite asks for no length."""
    there = {table.name: set(table.columns) for table in await source.tables(names.flags())}
    for table in tables:
        if there.get(table.name) != set(table.columns):
            raise Refused(f"The table {table.name} is not the same in both databases.")
        limits = await target.connection.fetch(_LIMITS, table.name)
        wrong = [f'instr("{row["name"]}", char(0)) > 0' for row in limits]
        wrong += [f'length("{row["name"]}") > {row["most"]}' for row in limits if row["most"]]
        if not wrong:
            continue
        sql = _LONG.format(key=table.key, table=table.name, too_long=" OR ".join(wrong))
        if rows := source.connection.execute(sql).fetchall():
            found = ", ".join(str(row[0]) for row in rows)
            raise Refused(f"The table {table.name} holds texts that PostgreSQL does not take: rows {found}.")


async def _arriving(target: PostgresTables) -> dict[str, Sum] | None:
    """The tables that have arrived, None for a database that nothing is being moved into."""
    value = await target.connection.fetchval("SELECT value FROM fact WHERE name = $1", place.ARRIVING)
    return None if value is None else {name: Sum(*each) for name, each in json.loads(value).items()}


async def _begin(target: PostgresTables) -> None:
    if await _arriving(target) is None:
        await target.run(_PUT, place.ARRIVING, "{}")


async def _copy(source: SqliteTables, target: PostgresTables, tables: list[Table], say: Say) -> dict[str, Sum]:
    """Copy what has not arrived, or has changed since it did."""
    arrived = await _arriving(target) or {}
    sums: dict[str, Sum] = {}
    for number, table in enumerate(tables, 1):
        known = arrived.get(table.name)
        if known is None or known != await _sum(source, table):
            known = await _copy_table(source, target, table, {**arrived, **sums})
        sums[table.name] = known
        say(f"{number}/{len(tables)} {table.name}: {known.rows} rows")
    return sums


async def _copy_table(source: SqliteTables, target: PostgresTables, table: Table, arrived: dict[str, Sum]) -> Sum:
    """One table in one transaction, with the word that it has arrived."""
    counter = _Counter()
    async with target.connection.transaction():
        await target.run(f'TRUNCATE "{table.name}"')
        await target.load(table, counter.through(source.rows(table)))
        await target.start_after(table, await source.last_number(table))
        known = {**arrived, table.name: counter.sum}
        await target.run(_PUT, place.ARRIVING, json.dumps({name: [s.rows, s.sha256] for name, s in known.items()}))
    return counter.sum


async def _compare(source: SqliteTables, target: PostgresTables, sums: dict[str, Sum], say: Say) -> None:
    """Read every row again from where it is now. Raises Refused with the first that differs."""
    for table in await target.tables(names.flags()):
        if table.name == _FACT:
            continue
        async with _reading(target):
            there = await _sum(target, table)
        if there != sums[table.name]:
            async with _reading(target):
                row = await _first_difference(source, target, table)
            raise Refused(f"The table {table.name} did not arrive as it was (row {row}): run the command again.")
    say(f"{len(sums)} tables are the same in both databases, row by row")


@asynccontextmanager
async def _reading(target: PostgresTables) -> AsyncIterator[None]:
    async with target.connection.transaction(isolation="repeatable_read", readonly=True):
        yield


async def _sum(source: Source, table: Table) -> Sum:
    counter = _Counter()
    async for _ in counter.through(source.rows(table)):
        pass
    return counter.sum


async def _first_difference(source: Source, target: Source, table: Table) -> object:
    place_of_key = table.columns.index(table.key)
    here, there = [[row async for some in each.rows(table) for row in some] for each in (source, target)]
    for one, other in zip_longest(here, there):
        if one is None or other is None or line_of(one) != line_of(other):
            return (one or other)[place_of_key]
    return "?"


def _leave(connection: sqlite3.Connection, url: str) -> None:
    """The old one says that it was moved, before the new one may be started."""
    moved = ((place.MOVED_TO, shown(url)), (muted.FACT, f"{muted.MOVED} {wall_clock()}"))
    for name, value in moved:
        connection.execute("INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", (name, value))
    connection.execute("COMMIT")
    connection.execute("BEGIN EXCLUSIVE")


async def _finish(source: SqliteTables, target: PostgresTables, new: Settings) -> None:
    """The facts, without those of the old place, and with them the leave to start."""
    async with target.connection.transaction():
        async for some in source.rows(_FACTS):
            for name, value in some:
                if name not in names.OF_A_PLACE or (name == muted.FACT and muted.read_muted(value).why != muted.MOVED):
                    await target.run(_PUT, name, value)
        await target.run("DELETE FROM fact WHERE name IN (?, ?)", place.ARRIVING, place.FACT)
    await target.run("ANALYZE")


def shown(url: str) -> str:
    """A database's address without its password."""
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{user}{parts.hostname or ''}{port}{parts.path}"


class _Counter:
    """Counts rows that pass, and sums them up."""

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    @property
    def sum(self) -> Sum:
        """Of what has passed so far."""
        return Sum(self.rows, self._digest.hexdigest())

    async def through(self, batches: Batches) -> AsyncIterator[list[Values]]:
        """The same batches."""
        async for some in batches:
            self.rows += len(some)
            self._digest.update(b"".join(map(line_of, some)))
            yield some
