"""New databases to measure in, removed after: SQLite on the disk that var/ is on, PostgreSQL where one answers."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg

from fedimark.database import Database, execute_many, marks, migrate, write
from fedimark.here import Here, entered
from fedimark.settings import Settings
from tests.bench import datasets, machine, people
from tests.support.storage import answering_postgres


@dataclass(frozen=True, slots=True)
class Store:
    """A migrated database with its data directory."""

    name: str
    folder: Path
    url: str

    @property
    def settings(self) -> Settings:
        """What a server over it runs with."""
        return Settings(
            base_url=people.BASE_URL,
            data_dir=str(self.folder),
            allow_loopback=True,
            database_url=self.url,
            paced_after_bookmarks=10**9,
        )

    @property
    def environ(self) -> dict[str, str]:
        """What a process is told beside the data directory."""
        return {"FEDIMARK_DATABASE_URL": self.url}

    def fill(self, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Write rows, each with the name of its table; all rows of a table have the same columns."""
        tables: dict[str, list[dict[str, Any]]] = {}
        for table, row in rows:
            tables.setdefault(table, []).append(row)

        async def work() -> None:
            async with write():
                for table, lines in tables.items():
                    columns = ", ".join(lines[0])
                    sql = f"INSERT INTO {table} ({columns}) VALUES ({marks(len(lines[0]))})"
                    await execute_many(sql, [tuple(line.values()) for line in lines])

        self.within(work)

    def within(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Do some work as the server of this database, which nobody serves meanwhile and which has no way out."""

        async def inside() -> Any:
            async with _opened(self.settings):
                return await work()

        return asyncio.run(inside())

    def ask(self, sql: str) -> int:
        """The one number a statement finds, beside whoever serves."""
        if self.settings.is_sqlite:
            with _sqlite_beside(self.settings.sqlite_path) as database:
                return int(database.execute(sql).fetchone()[0] or 0)
        return int(asyncio.run(_on_postgres(self.url, lambda connection: connection.fetchval(sql))) or 0)

    def database_cpu_s(self) -> float:
        """CPU seconds that PostgreSQL's processes of this database used so far, where they are of this machine."""
        if self.settings.is_sqlite:
            return 0.0
        name = f" {self.url.rpartition('/')[2]} ".encode()
        return sum(_cpu_s(process) for process in Path("/proc").glob("[0-9]*") if _called(process).count(name))

    def change(self, sql: str) -> None:
        """Run a statement that writes, beside whoever serves."""
        if self.settings.is_sqlite:
            with _sqlite_beside(self.settings.sqlite_path) as database:
                database.execute(sql)
        else:
            asyncio.run(_on_postgres(self.url, lambda connection: connection.execute(sql)))


def kinds() -> list[Callable[[str], AbstractContextManager[Store]]]:
    """What makes an empty, migrated database, given a topic to name it by: of each kind that there is."""
    server = answering_postgres()
    return [sqlite, partial(_postgres, server)] if server else [sqlite]


@contextmanager
def sqlite(topic: str) -> Iterator[Store]:
    """An empty, migrated SQLite database."""
    folder = machine.VAR / f"{topic}-sqlite"
    datasets.emptied(folder)
    store = Store("SQLite", folder, datasets.settings_of(folder).database)
    asyncio.run(migrate(store.settings))
    yield store
    shutil.rmtree(folder)


@contextmanager
def _postgres(server: str, topic: str) -> Iterator[Store]:
    folder = machine.VAR / f"{topic}-postgres"
    datasets.emptied(folder)
    name = f"fedimark_bench_{os.getpid()}"
    store = Store("PostgreSQL", folder, f"{server.rpartition('/')[0]}/{name}")

    def drop() -> None:
        run = f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        asyncio.run(_on_postgres(server, lambda connection: connection.execute(run)))

    with ExitStack() as stack:
        drop()
        stack.callback(drop)
        made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"
        asyncio.run(_on_postgres(server, lambda connection: connection.execute(made)))
        asyncio.run(migrate(store.settings))
        yield store
    shutil.rmtree(folder)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[None]:
    database = await Database(settings).open()
    try:
        async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
            yield
    finally:
        await database.close()


def _called(process: Path) -> bytes:
    """How a process calls itself; empty for one that is gone."""
    with suppress(OSError):
        return (process / "cmdline").read_bytes()
    return b""


def _cpu_s(process: Path) -> float:
    with suppress(OSError):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


@contextmanager
def _sqlite_beside(path: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        yield database
    finally:
        database.close()


async def _on_postgres(url: str, work: Callable[[asyncpg.Connection], Coroutine[Any, Any, Any]]) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await work(connection)
    finally:
        await connection.close()
