"""What a database alone takes for rows that fedimark wrote: the same rows, copied at once into tables with the same
indexes.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing

import asyncpg

from tests.bench.stores import Store

TABLES = ("link", "bookmark", "bookmark_tag", "entry", "tally")
_WRITTEN = """
SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER'
"""
_INDEX = re.compile(r'CREATE (UNIQUE )?INDEX "?(\w+)"? ON "?\w+"?')


def copied_s(store: Store) -> float:
    """Seconds of copying every row of those tables, each in one transaction."""
    return _on_sqlite(store) if store.settings.is_sqlite else asyncio.run(_on_postgres(store))


def _on_sqlite(store: Store) -> float:
    took = 0.0
    with closing(sqlite3.connect(store.settings.sqlite_path, timeout=30, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = NORMAL")
        for name in TABLES:
            for sql in _like(database, name):
                database.execute(sql)
            started = time.perf_counter()
            database.execute(f"INSERT INTO bare_{name} SELECT * FROM {name}")
            took += time.perf_counter() - started
            database.execute(f"DROP TABLE bare_{name}")
    return took


def _like(database: sqlite3.Connection, name: str) -> Iterator[str]:
    """The statements that make a table like another, with its indexes."""
    asked = "SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC"
    for kind, sql in database.execute(asked, (name,)).fetchall():
        if kind == "table":
            yield sql.replace(f'"{name}"', f'"bare_{name}"', 1)
        elif kind == "index":
            yield _INDEX.sub(rf"CREATE \1INDEX bare_\2 ON bare_{name}", sql, count=1)


async def _on_postgres(store: Store) -> float:
    took = 0.0
    connection = await asyncpg.connect(store.url)
    try:
        for name in TABLES:
            await connection.execute(f"CREATE TABLE bare_{name} (LIKE {name} INCLUDING ALL)")
            columns = await connection.fetchval(_WRITTEN, name)
            started = time.perf_counter()
            await connection.execute(f"INSERT INTO bare_{name} ({columns}) SELECT {columns} FROM {name}")
            took += time.perf_counter() - started
            await connection.execute(f"DROP TABLE bare_{name}")
    finally:
        await connection.close()
    return took
