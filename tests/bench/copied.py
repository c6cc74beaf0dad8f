"""The data sets on PostgreSQL: the SQLite ones copied row by row, once, and kept as databases of that server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from itertools import islice
from pathlib import Path
from typing import Any

import asyncpg
from tortoise.fields import BooleanField

from fedimark import models
from fedimark.database import migrate
from fedimark.settings import Settings
from tests.bench import datasets, learned, people
from tests.support.storage import answering_postgres

_STEP = 20_000
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY($1)
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
_HEAVY = ["link", "bookmark", "bookmark_tag", "entry", "tally"]


def build(folder: Path, amount: int) -> str | None:
    """The URL of the copy of a data set, made unless it is there; None where no PostgreSQL answers."""
    server = answering_postgres()
    if server is None:
        return None
    name = f"fedimark_bench_{amount}"
    url = f"{server.rpartition('/')[0]}/{name}"
    ready, of = folder / "copied.json", datasets.fingerprint(folder)
    if not (ready.exists() and json.loads(ready.read_text()) == of and asyncio.run(_answers(url))):
        asyncio.run(_make(server, name))
        asyncio.run(migrate(Settings(base_url=people.BASE_URL, database_url=url)))
        asyncio.run(_copy(datasets.settings_of(folder).sqlite_path, url))
        ready.write_text(json.dumps(of))
    asyncio.run(_refresh(url))
    return url


async def _answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except asyncpg.PostgresError:
        return False
    await connection.close()
    return True


async def _make(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    finally:
        await connection.close()


async def _copy(file: Path, url: str) -> None:
    """Every row of every table; indexes of the large ones are dropped before and made again after."""
    connection = await asyncpg.connect(url)
    try:
        indexes = await connection.fetch(_INDEXES, _HEAVY)
        for index in indexes:
            await connection.execute(f'DROP INDEX "{index["indexname"]}"')
        with sqlite3.connect(file) as source:
            for model in (getattr(models, name) for name in models.__all__):
                await _copy_table(source, connection, model)
            await learned.on_postgres(source, connection)
        # A copy that did not know better would be muted.
        await connection.execute("DELETE FROM fact WHERE name = 'installation'")
        for index in indexes:
            await connection.execute(index["indexdef"])
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _copy_table(source: sqlite3.Connection, target: asyncpg.Connection, model: Any) -> None:
    table, fields = model._meta.db_table, model._meta.fields_map
    columns = list(fields)
    flags = {number for number, name in enumerate(columns) if isinstance(fields[name], BooleanField)}
    lines = source.execute(f"SELECT {', '.join(columns)} FROM {table}")
    await target.execute(f"DELETE FROM {table}")
    while some := list(islice(lines, _STEP)):
        records = [
            tuple(bool(value) if number in flags and value is not None else value for number, value in enumerate(line))
            for line in some
        ]
        await target.copy_records_to_table(table, records=records, columns=columns)
    if model._meta.pk.generated:
        await target.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT COALESCE(max(id), 1) FROM {table}))"
        )


async def _refresh(url: str) -> None:
    """As `datasets.refreshed`."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("UPDATE session SET seen_at = $1", int(time.time() * 1_000_000))
    finally:
        await connection.close()
