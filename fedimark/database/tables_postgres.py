"""Whole tables of a PostgreSQL database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fedimark.database.connect import answering
from fedimark.database.tables import BATCH, MIGRATIONS, Batches, Flags, Table, Values, quoted

if TYPE_CHECKING:
    import asyncpg

_COLUMNS = """
SELECT table_name AS t, column_name AS c, data_type = 'boolean' AS flag FROM information_schema.columns
WHERE table_schema = current_schema() AND table_name = ANY($1) AND is_generated = 'NEVER'
ORDER BY table_name, ordinal_position
"""
# Those that hold no rule of their own: a rule's index goes with its rule.
_INDEXES = """
SELECT indexname AS name, indexdef AS made FROM pg_indexes WHERE schemaname = current_schema() AND tablename = $1
AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""
_LAST = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}"


class PostgresTables:
    """A database, table by table, over a connection that is given."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self.connection = connection

    async def migrations(self) -> list[str]:
        """The steps this database went through."""
        if await self.connection.fetchval("SELECT to_regclass($1)", MIGRATIONS) is None:
            return []
        return [row["name"] for row in await self.connection.fetch(f"SELECT name FROM {MIGRATIONS} ORDER BY name")]

    async def tables(self, flags: Flags) -> list[Table]:
        """Its tables among those that `flags` names."""
        columns: dict[str, list[tuple[str, bool]]] = {}
        for row in await self.connection.fetch(_COLUMNS, list(flags)):
            columns.setdefault(row["t"], []).append((row["c"], row["flag"]))
        return [
            Table(name, tuple(column for column, _ in own), tuple(n for n, (_, flag) in enumerate(own) if flag))
            for name, own in columns.items()
        ]

    async def rows(self, table: Table) -> Batches:
        """All rows of a table, by their key, in the order SQLite gives them; inside a transaction."""
        order = f'"{table.key}"' if table.key == "id" else f'"{table.key}" COLLATE "C"'
        cursor = await self.connection.cursor(f'SELECT {quoted(table.columns)} FROM "{table.name}" ORDER BY {order}')
        while some := await cursor.fetch(BATCH):
            yield [tuple(row) for row in some]

    async def last_number(self, table: Table) -> int:
        """The largest id that was ever given out."""
        sequence = await self._sequence(table)
        return int(await self.connection.fetchval(_LAST.format(sequence))) if sequence else 0

    async def load(self, table: Table, batches: Batches) -> int:
        """Write rows, in a transaction: where they are many, the indexes are made anew when all are there."""
        first: list[Values] = await anext(batches, [])
        indexes = await self.connection.fetch(_INDEXES, table.name) if len(first) == BATCH else []
        for index in indexes:
            await self.connection.execute(f'DROP INDEX "{index["name"]}"')
        amount = len(first)

        async def counted() -> AsyncIterator[Values]:
            nonlocal amount
            for row in first:
                yield row
            async for some in batches:
                amount += len(some)
                for row in some:
                    yield row

        await self.connection.copy_records_to_table(table.name, records=counted(), columns=list(table.columns))
        for index in indexes:
            await self.connection.execute(index["made"])
        return amount

    async def start_after(self, table: Table, number: int) -> None:
        """Give out no id up to a number."""
        if sequence := await self._sequence(table):
            highest = await self.connection.fetchval(f'SELECT max(id) FROM "{table.name}"')
            if last := max(number, highest or 0):
                await self.connection.execute(f"SELECT setval('{sequence}', {int(last)})")

    async def run(self, sql: str, *values: object) -> None:
        """Run one statement."""
        first, *rest = sql.split("?")
        await self.connection.execute(first + "".join(f"${n}{part}" for n, part in enumerate(rest, 1)), *values)

    async def _sequence(self, table: Table) -> str | None:
        if "id" not in table.columns:
            return None
        name: str | None = await self.connection.fetchval("SELECT pg_get_serial_sequence($1, 'id')", table.name)
        return name


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of its own. Raises Unavailable."""
    import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used

    with answering():
        connection = await asyncpg.connect(url, timeout=30)
    try:
        yield connection
    finally:
        await connection.close()
