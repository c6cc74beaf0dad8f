"""Databases for tests: each server gets its own copy of a template that was migrated once."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Protocol

import asyncpg

from fedimark.database import migrate
from fedimark.settings import Settings
from tests.support.kept import SHELF, keep

POSTGRES = ("postgres://root@127.0.0.1:5432/postgres", "postgres://postgres@127.0.0.1:5432/postgres")


class Storage(Protocol):
    """Where a test's servers get their databases."""

    kind: str

    async def new(self) -> str:
        """A migrated, empty database of its own; returns its URL."""

    async def insert(self, url: str, table: str, row: Mapping[str, object]) -> None:
        """Put a row into a database that nobody has opened yet."""

    async def drop(self) -> None:
        """Drop every database `new` made."""


def memory_folder() -> Path:
    """A new folder in memory-backed storage where there is some."""
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fedimark-test-", dir=memory if os.access(memory, os.W_OK) else None))


def migrated(settings: Settings) -> None:
    """Migrate a database from synchronous code, in a loop of its own."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(migrate(settings))).result()


class SqliteTemplate:
    """A migrated file, made once a session."""

    def __init__(self) -> None:
        self.folder = memory_folder()
        self.file = self.folder / "template.sqlite3"
        self.numbers = count(1)
        migrated(Settings(database_url=f"sqlite:///{self.file}"))
        for beside in self.folder.glob("template.sqlite3-*"):
            if beside.stat().st_size:
                raise RuntimeError(f"{beside.name} is not empty: the template would be copied without it")

    def remove(self) -> None:
        """End of the session."""
        shutil.rmtree(self.folder, ignore_errors=True)


class SqliteStorage:
    """Copies of the template file."""

    kind = "sqlite"

    def __init__(self, template: SqliteTemplate) -> None:
        self.template = template
        self.files: list[Path] = []

    async def new(self) -> str:
        """A migrated, empty file of its own."""
        file = self.template.folder / f"{next(self.template.numbers)}.sqlite3"
        shutil.copyfile(self.template.file, file)
        self.files.append(file)
        return f"sqlite:///{file}"

    async def insert(self, url: str, table: str, row: Mapping[str, object]) -> None:
        """Put a row into a file that nobody has opened yet."""
        database = sqlite3.connect(url.removeprefix("sqlite:///"))
        with database:
            database.execute(_insert(table, row, ["?"] * len(row)), [*row.values()])
        database.close()

    async def drop(self) -> None:
        """Remove the files, with what SQLite keeps beside them."""
        for file in self.files:
            for each in file.parent.glob(f"{file.name}*"):
                each.unlink(missing_ok=True)


def answering_postgres() -> str | None:
    """The URL of a PostgreSQL that lets us make databases: FEDIMARK_TEST_POSTGRES, else 127.0.0.1:5432; or None."""
    given = os.environ.get("FEDIMARK_TEST_POSTGRES")
    with ThreadPoolExecutor(1) as thread:
        for url in (given,) if given else POSTGRES:
            if thread.submit(lambda url=url: asyncio.run(_answers(url))).result():
                return url
    return None


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
        return False
    try:
        may = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        return bool(await connection.fetchval(may))
    finally:
        await connection.close()


def _beside(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    before, _, _ = url.rpartition("/")
    return f"{before}/{name}"


def _insert(table: str, row: Mapping[str, object], places: list[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(places)})"


async def _run(url: str, sql: str, *values: object) -> None:
    connection = await asyncpg.connect(url, timeout=30)
    try:
        await connection.execute(sql, *values)
    finally:
        await connection.close()


class PostgresTemplate:
    """A migrated database, made once a session; its name holds our process id, so that two runs do not meet."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.name = f"fedimark_test_{os.getpid()}"
        self.numbers = count(1)
        self.made: list[str] = []
        self.free: list[str] = []  # emptied by the test that had them
        self._alone(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._alone(f"CREATE DATABASE {self.name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
        keep()
        migrated(Settings(database_url=_beside(url, self.name)))

    def remove(self) -> None:
        """End of the session."""
        for name in (*self.made, self.name):
            self._alone(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _alone(self, sql: str) -> None:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(_run(self.url, sql))).result()


# Deleting a few rows is a hundred times quicker than making and dropping a database, which waits for the disk.
_EMPTY = """
SET LOCAL lock_timeout = '5s';
DO $$ DECLARE t text; BEGIN
FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE '%migration%'
LOOP EXECUTE format('DELETE FROM %I', t); END LOOP; END $$
"""
# What a crash of PostgreSQL itself would lose is of no interest here.
_AS_NEW = "ALTER DATABASE {name} RESET ALL; ALTER DATABASE {name} SET synchronous_commit = off"
_IS_AS_NEW = """
SELECT setconfig = ARRAY['synchronous_commit=off'] FROM pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgresStorage:
    """Databases copied from the template, and emptied for the next test."""

    kind = "postgres"

    def __init__(self, template: PostgresTemplate) -> None:
        self.template = template
        self.names: list[str] = []

    async def new(self) -> str:
        """A migrated, empty database of its own."""
        template = self.template
        if template.free:
            name = template.free.pop()
        else:
            name = f"{template.name}_{next(template.numbers)}"
            await _run(template.url, f"CREATE DATABASE {name} TEMPLATE {template.name}")
            await _run(template.url, _AS_NEW.format(name=name))
            template.made.append(name)
            SHELF.names.add(name)
        self.names.append(name)
        return _beside(template.url, name)

    async def insert(self, url: str, table: str, row: Mapping[str, object]) -> None:
        """Put a row into a database that nobody has opened yet."""
        insert = _insert(table, row, [f"${number + 1}" for number in range(len(row))])
        async with SHELF.session(url) as connection:
            await connection.execute(insert, *row.values())

    async def bare(self) -> str:
        """A database without a table; returns its URL. It is dropped at the end of the session."""
        template = self.template
        name = f"{template.name}_{next(template.numbers)}"
        await _run(template.url, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
        template.made.append(name)
        return _beside(template.url, name)

    async def drop(self) -> None:
        """Empty them for the next test; one that somebody still holds on to is dropped at the end instead."""
        for name in self.names:
            try:
                await self._empty(name)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                continue
            self.template.free.append(name)

    async def _empty(self, name: str) -> None:
        url = _beside(self.template.url, name)
        async with SHELF.session(url) as connection:
            if await connection.fetchval(_IS_AS_NEW):
                await connection.execute(_EMPTY)
                return
        await SHELF.forget(name)
        await _run(self.template.url, _AS_NEW.format(name=name))
        await _run(url, _EMPTY)
