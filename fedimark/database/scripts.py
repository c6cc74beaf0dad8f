"""Scripts: statements that follow from each other with nothing to wait for between them.

A script is a generator that yields each statement and is given its rows. On SQLite all of it runs in one visit to the
connection's thread, where a visit costs more than most statements; on PostgreSQL each statement is a trip.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Generator, Mapping, Sequence
from contextvars import copy_context
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base_postgres.client import translate_exceptions
from tortoise.connection import get_connection

from fedimark.database.sqlite import WriteTransaction
from fedimark.database.statements import IN_SQLITE, Row, atomically, counted, is_sqlite, marks, spelled, troubles

T = TypeVar("T")
Statement: TypeAlias = tuple[str, tuple[object, ...]]
Script: TypeAlias = Generator[Statement, list[Row], T]

MANY = 64
"""So many rows PostgreSQL takes more cheaply as a file than as lists."""
_MOST_PARAMETERS = 32_000  # SQLite takes 32,766 in one statement
_COPY = "COPY "
_BY_INDEXES = (
    "SELECT set_config('enable_seqscan', 'off', TRUE), set_config('plan_cache_mode', 'force_generic_plan', TRUE)"
)
_WRITTEN = "WRITTEN"
_LOG = logging.getLogger("tortoise.db_client")


def ask(sql: str, *parameters: object) -> Script[list[Row]]:
    """One statement of a script: `rows = yield from ask(…)`, written as for `fetch`."""
    return (yield sql, parameters)


def ask_all(*statements: Statement) -> Script[list[Row]]:
    """Statements that have nothing to do with each other: one trip on PostgreSQL. Returns the rows of the last.

    None sees what another writes, and only the last may be a SELECT.
    """
    if is_sqlite() or len(statements) < 2:
        rows: list[Row] = []
        for sql, parameters in statements:
            rows = yield sql, parameters
        return rows
    *others, (last, _) = statements
    named = ", ".join(f"s{number} AS ({sql})" for number, (sql, _) in enumerate(others))
    return (yield f"WITH {named} {last}", tuple(value for _, parameters in statements for value in parameters))


def insert_many(
    table: str, kinds: Mapping[str, str], rows: Sequence[Mapping[str, object]], then: str = ""
) -> Script[list[Row]]:
    """Insert many rows by as few statements as the database allows; returns what they return.

    `kinds` are the columns with their types in PostgreSQL, and rows have them all; `then` is an ON CONFLICT or
    RETURNING clause. Rows are written in their order.
    """
    found: list[Row] = []
    for sql, parameters in inserts(table, kinds, rows, then):
        found += yield sql, parameters
    return found


def inserts(
    table: str, kinds: Mapping[str, str], rows: Sequence[Mapping[str, object]], then: str = ""
) -> list[Statement]:
    """The statements of `insert_many`: none for no rows."""
    pick = itemgetter(*kinds) if len(kinds) > 1 else lambda row, name=next(iter(kinds)): (row[name],)
    return inserts_of(table, kinds, [pick(row) for row in rows], then)


def inserts_of(
    table: str, kinds: Mapping[str, str], lines: Sequence[Sequence[object]], then: str = ""
) -> list[Statement]:
    """The same for rows that are only cells, in the order of `kinds`."""
    if not is_sqlite():
        return [_inserting_lists(table, kinds, lines, then)] if lines else []
    found: list[Statement] = []
    columns = ", ".join(kinds)
    at_once = _MOST_PARAMETERS // len(kinds)
    for start in range(0, len(lines), at_once):
        some = lines[start : start + at_once]
        values = tuple(chain.from_iterable(some))
        found.append((_inserting(table, columns, len(kinds), len(some), then), values))
    return found


def by_indexes() -> Script[None]:
    """Let PostgreSQL read no table whole in the transaction around us where an index leads to what is asked for.

    What it takes for empty it would read whole, and would go on so, however the table grows, until it is told better.
    Planned once so, statements are not planned for each list of values anew.
    """
    if not is_sqlite():
        yield _BY_INDEXES, ()


def unhurried() -> Script[None]:
    """Let PostgreSQL bring the transaction around us to its disk a moment after it is committed, as SQLite does anyway.

    For steps that are taken again where a crash of its machine undid them: they say themselves how far they came.
    """
    if not is_sqlite():
        yield "SET LOCAL synchronous_commit = off", ()


def rows_written() -> Script[tuple[int, int]]:
    """How many rows the statement before wrote, and the id of the last of them; of a script on SQLite, which is asked
    nothing for it.
    """
    [row] = yield _WRITTEN, ()
    return row["amount"], row["last"]


def copying(table: str, kinds: Mapping[str, str], lines: Sequence[Sequence[object]]) -> Statement:
    """The same as one statement of a script on PostgreSQL alone, which takes the rows as a file; it returns nothing."""
    return f"{_COPY}{table} ({', '.join(kinds)})", (lines,)


def _inserting_lists(table: str, kinds: Mapping[str, str], lines: Sequence[Sequence[object]], then: str) -> Statement:
    """A list for each column: one text, and so one plan, for any number of rows.

    What all of many say alike is said once: asyncpg looks long at each cell of a list.
    """
    cells = [list(column) for column in zip(*lines, strict=True)]
    alike = tuple(len(lines) >= MANY and len(set(column)) == 1 for column in cells)
    if all(alike):  # how many rows there are, a list says
        alike = (False, *alike[1:])
    lists = [column for column, same in zip(cells, alike, strict=True) if not same]
    said = [column[0] for column, same in zip(cells, alike, strict=True) if same]
    return _selecting(table, tuple(kinds.items()), alike, then), (*said, *lists)


@lru_cache(maxsize=256)
def _selecting(table: str, kinds: tuple[tuple[str, str], ...], alike: tuple[bool, ...], then: str) -> str:
    columns = ", ".join(name for name, _ in kinds)
    named = ", ".join(name for (name, _), same in zip(kinds, alike, strict=True) if not same)
    lists = ", ".join(f"CAST(? AS {kind}[])" for (_, kind), same in zip(kinds, alike, strict=True) if not same)
    said = "".join(f"CAST(? AS {kind}) AS {name}, " for (name, kind), same in zip(kinds, alike, strict=True) if same)
    lines = f"SELECT {said}u.* FROM unnest({lists}) AS u ({named})"
    return f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({lines}) l {then}"


@lru_cache(maxsize=256)
def _inserting(table: str, columns: str, width: int, amount: int, then: str) -> str:
    lines = ", ".join([f"({marks(width)})"] * amount)
    return f"INSERT INTO {table} ({columns}) VALUES {lines} {then}"


async def perform(script: Script[T]) -> T:
    """Run a script inside `write()`; returns what it returns.

    Of this server it may know what `here()` holds, the clock too; it must not wake anybody.
    """
    connection: Any = get_connection("default")
    assert isinstance(connection, TransactionalDBClient), "a script belongs into a transaction"
    if isinstance(connection, WriteTransaction):
        # The other thread knows this server as the task does.
        with counted("INSERT"):  # a script counts as one that writes
            return await connection.visit(copy_context().run, _run, script)  # type: ignore[no-any-return]
    try:
        sql, parameters = next(script)
        while True:
            if sql.startswith(_COPY):
                await _copy(connection, sql, parameters)
                rows = []
            else:
                with counted(sql):
                    rows = await connection.execute_query_dict(spelled(connection, sql), list(parameters))
            sql, parameters = script.send(rows)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]


async def performed(script: Callable[[], Script[T]]) -> T:
    """Run a script in a transaction of its own, as `atomically` does: on SQLite all of it in one visit.

    Raises Unavailable when the database cannot be written.
    """
    connection: Any = get_connection("default")
    if not is_sqlite() or isinstance(connection, TransactionalDBClient):
        return await atomically(lambda: perform(script()))
    with troubles(), counted("INSERT"):
        return await connection.alone(copy_context().run, _run, script())  # type: ignore[no-any-return]


@translate_exceptions
async def _copy(client: Any, sql: str, parameters: tuple[Any, ...]) -> None:
    table, _, columns = sql.removeprefix(_COPY).partition(" ")
    _LOG.debug("%s: %s", sql, parameters)
    with counted("INSERT"):
        async with client.acquire_connection() as connection:
            names = columns.strip("()").split(", ")
            await connection.copy_records_to_table(table, records=parameters[0], columns=names)


def _run(script: Script[T], database: sqlite3.Connection) -> T:
    IN_SQLITE.set(True)
    cursor = database.cursor()
    try:
        sql, parameters = next(script)
        while True:
            if sql == _WRITTEN:
                sql, parameters = script.send([{"amount": cursor.rowcount, "last": cursor.lastrowid}])
                continue
            _LOG.debug("%s: %s", sql, parameters)
            rows = cursor.execute(sql, parameters).fetchall()
            sql, parameters = script.send([dict(row) for row in rows])
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
