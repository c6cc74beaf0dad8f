"""Whole tables of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fedimark.database.connect import answering
from fedimark.database.tables import BATCH, MIGRATIONS, Batches, Flags, Table, quoted

_PATIENCE_S = 30
_COLUMNS = """
SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' ORDER BY m.name, c.cid
"""


class SqliteTables:
    """A file, table by table, over a connection that is given."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def migrations(self) -> list[str]:
        """The steps this database went through."""
        known = self.connection.execute("SELECT name FROM sqlite_master WHERE name = ?", (MIGRATIONS,)).fetchone()
        found = self.connection.execute(f"SELECT name FROM {MIGRATIONS} ORDER BY name") if known else ()
        return [name for (name,) in found]

    async def tables(self, flags: Flags) -> list[Table]:
        """Its tables among those that `flags` names."""
        columns: dict[str, list[str]] = {}
        for table, column in self.connection.execute(_COLUMNS):
            columns.setdefault(table, []).append(column)
        return [
            Table(name, tuple(own), tuple(number for number, column in enumerate(own) if column in flags[name]))
            for name, own in columns.items()
            if name in flags
        ]

    async def rows(self, table: Table) -> Batches:
        """All rows of a table, by their key."""
        found = self.connection.execute(f'SELECT {quoted(table.columns)} FROM "{table.name}" ORDER BY "{table.key}"')
        while some := found.fetchmany(BATCH):
            yield [table.typed(row) for row in some]

    async def last_number(self, table: Table) -> int:
        """The largest id that was ever given out."""
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        return int(row[0]) if row else 0

    async def load(self, table: Table, batches: Batches) -> int:
        """Write rows."""
        places, amount = ", ".join("?" * len(table.columns)), 0
        async for some in batches:
            self.connection.executemany(f'INSERT INTO "{table.name}" ({quoted(table.columns)}) VALUES ({places})', some)
            amount += len(some)
        return amount

    async def start_after(self, table: Table, number: int) -> None:
        """Give out no id up to a number."""
        if "id" in table.columns and number > await self.last_number(table):
            self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            self.connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, number))

    async def run(self, sql: str, *values: object) -> None:
        """Run one statement."""
        self.connection.execute(sql, values)


@contextmanager
def connected(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection of its own; transactions are begun and ended by hand. Raises Unavailable for no database."""
    with answering():
        connection = sqlite3.connect(file, isolation_level=None, timeout=_PATIENCE_S)
    try:
        yield connection
    finally:
        connection.close()
