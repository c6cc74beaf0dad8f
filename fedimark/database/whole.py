"""Opening a database as tables, to be read as one moment saw them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

from fedimark.database import tables_postgres, tables_sqlite
from fedimark.database.connect import answering
from fedimark.database.tables import Source
from fedimark.resources import migrations_module
from fedimark.settings import Settings


@asynccontextmanager
async def snapshot(settings: Settings) -> AsyncIterator[Source]:
    """Every table as it is now, however much is written meanwhile. Raises Unavailable."""
    if settings.is_sqlite:
        with tables_sqlite.connected(settings.sqlite_path) as connection:
            with answering():
                connection.execute("PRAGMA query_only = ON")
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the moment
            yield tables_sqlite.SqliteTables(connection)
        return
    async with (
        tables_postgres.connected(direct(settings)) as postgres,
        postgres.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield tables_postgres.PostgresTables(postgres)


def direct(settings: Settings) -> str:
    """PostgreSQL past a pooler, which would lose locks."""
    return settings.database_direct_url or settings.database


def steps() -> list[str]:
    """The steps a database goes through until it is up to date, in their order."""
    (folder,) = import_module(migrations_module()).__path__
    return sorted(file.stem for file in Path(folder).glob("[0-9]*.py"))
