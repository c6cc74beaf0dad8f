"""Whether something left a trace: every row of every table, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from fedimark.database import Row, execute, execute_many, fetch, is_sqlite, marks, write

Everything = dict[str, list[Row]]

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
_TABLES_OF_POSTGRES = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_WORKED_OUT = """
SELECT column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = $1 AND is_generated <> 'NEVER'
"""
_LONGEST_SHOWN = 300


async def everything() -> Everything:
    """All rows of all tables, as they are now; the database itself is asked which tables there are."""
    tables = await fetch(_TABLES if is_sqlite() else _TABLES_OF_POSTGRES)
    return {row["name"]: await fetch(f'SELECT * FROM "{row["name"]}"') for row in tables}


def traces(before: Everything, after: Everything, *, but: Collection[str] = ()) -> list[str]:
    """What is in one state and not in the other, one line for each row; `but` are tables that may remember."""
    found = []
    for table in sorted(before.keys() | after.keys()):
        if table not in but and before.get(table) != after.get(table):
            was, came = (Counter(map(repr, each.get(table, []))) for each in (before, after))
            found += [f"- {table} {row}"[:_LONGEST_SHOWN] for row in (was - came).elements()]
            found += [f"+ {table} {row}"[:_LONGEST_SHOWN] for row in (came - was).elements()]
    return found


@asynccontextmanager
async def no_trace(*, but: Collection[str] = ()) -> AsyncIterator[None]:
    """Fail unless the block leaves every table but those named exactly as it was."""
    before = await everything()
    yield
    left = traces(before, await everything(), but=but)
    assert not left, "\n".join(left)


async def restore(wanted: Everything, after: Everything) -> None:
    """Put every table that changed back, row by row; nothing in the tables points at a row by force."""
    async with write():
        for table, rows in wanted.items():
            if after.get(table) != rows:
                await execute(f'DELETE FROM "{table}"')
                if rows:
                    worked_out = {row["name"] for row in ([] if is_sqlite() else await fetch(_WORKED_OUT, table))}
                    names = [name for name in rows[0] if name not in worked_out]
                    columns = ", ".join(f'"{name}"' for name in names)
                    insert = f'INSERT INTO "{table}" ({columns}) VALUES ({marks(len(names))})'
                    await execute_many(insert, [tuple(row[name] for name in names) for row in rows])
