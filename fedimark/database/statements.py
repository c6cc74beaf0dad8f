"""Statements outside the ORM: written once with `?`, run on both databases."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import Any, TypeVar, cast

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.context import _current_context
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from fedimark.database.connect import Counted
from fedimark.database.gone import is_gone
from fedimark.errors import Unavailable
from fedimark.logs import STORE_FAILED, log

Row = dict[str, Any]
Values = Sequence[Any]
IN_SQLITE: ContextVar[bool] = ContextVar("in_sqlite", default=False)
"""Set while a script runs in SQLite's thread: there nothing must be looked up to know."""
T = TypeVar("T")

_LOG = logging.getLogger("tortoise.db_client")


class Visit:
    """What runs in the thread of SQLite's reading connection: where to ask, and how long each statement took."""

    __slots__ = ("database", "spent")

    def __init__(self, database: sqlite3.Connection, spent: list[float]) -> None:
        self.database = database
        self.spent = spent

    def rows(self, sql: str, parameters: Sequence[object]) -> list[Row]:
        """The rows of one statement."""
        _LOG.debug("%s: %s", sql, parameters)
        begun = perf_counter()
        found = self.database.execute(sql, parameters)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found]
        self.spent.append(perf_counter() - begun)
        return rows

    def values(self, sql: str, parameters: Sequence[object]) -> list[Values]:
        """The same without the names of columns."""
        _LOG.debug("%s: %s", sql, parameters)
        begun = perf_counter()
        found = self.database.execute(sql, parameters).fetchall()
        self.spent.append(perf_counter() - begun)
        return found


VISIT: ContextVar[Visit | None] = ContextVar("visit", default=None)
"""Set inside of `visits.together`."""


@asynccontextmanager
async def write() -> AsyncIterator[None]:
    """A transaction: every `fetch` and `execute` inside it belongs to it; nothing of it stays if it raises.

    Never await the network inside, and start no task. Raises Unavailable when the database cannot be written.
    """
    with troubles():
        async with in_transaction("default"):
            yield


async def atomically(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work in a transaction of its own, and once more from its beginning if another got in its way.

    PostgreSQL ends one of two transactions that wait for each other; nobody has to hear of that.
    """

    async def attempt() -> T:
        async with write():
            return await work()

    return await _through(attempt)


async def _through(attempt: Callable[[], Awaitable[T]]) -> T:
    tries = 5
    while True:
        tries -= 1
        try:
            return await attempt()
        except Unavailable as error:
            if not tries or type(error.__cause__).__name__ not in {"DeadlockDetectedError", "SerializationError"}:
                raise


@contextmanager
def troubles() -> Iterator[None]:
    """Say in one way that the database cannot be written: raises Unavailable."""
    try:
        yield
    except Exception as error:
        if _is_trouble(error):
            log.error(STORE_FAILED, error=f"{type(error).__name__}: {error}"[:200])
            raise Unavailable from error
        raise


def _is_trouble(error: BaseException) -> bool:
    """Full disk, read-only file system, no connection: the database's trouble, not a mistake of ours."""
    if isinstance(error, IntegrityError):
        return False
    if is_gone(error):
        return True
    # A transaction that cannot even begin raises the driver's own error; a read-only PostgreSQL is called the third.
    kinds = (OperationalError, sqlite3.OperationalError, TransactionManagementError)
    return isinstance(error, kinds)


async def fetch(sql: str, *parameters: object) -> list[Row]:
    """The rows of one statement (also of an `INSERT … RETURNING` inside `write`)."""
    visit = VISIT.get()
    if visit is not None:
        return visit.rows(sql, parameters)
    connection = _connection()
    with counted(sql):
        return await connection.execute_query_dict(spelled(connection, sql), list(parameters))


async def fetch_values(sql: str, *parameters: object) -> Sequence[Values]:
    """The same as values in the order of their columns, for rows by the hundred: to name each value costs as much as to
    read it.
    """
    visit = VISIT.get()
    if visit is not None:
        return visit.values(sql, parameters)
    connection = _connection()
    with counted(sql):
        _, rows = await connection.execute_query(spelled(connection, sql), list(parameters))
    return cast("Sequence[Values]", rows)  # the driver's own rows, which are no dictionaries


async def fetch_one(sql: str, *parameters: object) -> Row | None:
    """The first row of one statement, or None."""
    rows = await fetch(sql, *parameters)
    return rows[0] if rows else None


async def execute(sql: str, *parameters: object) -> int:
    """Run one statement that writes, in the transaction around it or in its own; returns how many rows it touched."""
    connection = get_connection("default")
    # Both databases take a statement alone for a transaction: saying so first, and after, would cost two more trips.
    around = nullcontext() if isinstance(connection, TransactionalDBClient) else troubles()
    with counted(sql), around:
        count, _ = await connection.execute_query(spelled(connection, sql), list(parameters))
    return count


async def written(sql: str, *parameters: object) -> list[Row]:
    """Run one statement that writes and returns rows, in the transaction around it or in its own, as `atomically`."""
    connection = get_connection("default")

    async def attempt() -> list[Row]:
        with nullcontext() if isinstance(connection, TransactionalDBClient) else troubles():
            return await connection.execute_query_dict(spelled(connection, sql), list(parameters))

    return await _through(attempt)


async def execute_many(sql: str, rows: Iterable[Sequence[object]]) -> None:
    """Run one statement for each row of parameters."""
    connection = get_connection("default")
    with counted(sql):
        await connection.execute_many(spelled(connection, sql), [list(row) for row in rows])


async def analyzed(*tables: str) -> None:
    """Let PostgreSQL learn how large some tables have become; SQLite plans without."""
    if not is_sqlite():
        await execute(f"ANALYZE {', '.join(tables)}")


def among(kind: str = "bigint") -> str:
    """`IN` a list that is one parameter, made by `several`: one text, and so one plan, whatever its length."""
    return "IN (SELECT value FROM json_each(?))" if is_sqlite() else f"= ANY (CAST(? AS {kind}[]))"


def several(values: Iterable[int] | Iterable[str]) -> object:
    """The parameter that `among` compares with."""
    return json.dumps(list(values)) if is_sqlite() else list(values)


def table(kinds: Mapping[str, str]) -> str:
    """Rows that are parameters, made by `cells`, as a table to read from: one text for any number of them.

    `kinds` are the columns with their types in PostgreSQL.
    """
    if not is_sqlite():
        names, lists = ", ".join(kinds), ", ".join(f"CAST(? AS {kind}[])" for kind in kinds.values())
        return f"(SELECT * FROM unnest({lists}) u ({names}))"
    named = ", ".join(f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(kinds))
    return f"(SELECT {named} FROM json_each(?))"


def cells(kinds: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> list[object]:
    """The parameters that `table` reads."""
    if not is_sqlite():
        return [[row[name] for row in rows] for name in kinds]
    return [json.dumps([[row[name] for name in kinds] for row in rows])]


def for_each(columns: Sequence[str], tables: str, select: str, where: str) -> str:
    """A select of the columns of another `select`, made anew for each row of `tables`, which it may name.

    The parameters of `select` come first, then those of `where`. (LATERAL, which SQLite lacks)
    """
    if not is_sqlite():
        named = ", ".join(f"n.{name}" for name in columns)
        return f"SELECT {named} FROM {tables} CROSS JOIN LATERAL ({select}) n WHERE {where}"
    named = ", ".join(f"json_extract(n.value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
    packed = f"SELECT json_group_array(json_array({', '.join(columns)})) FROM ({select})"
    return f"SELECT {named} FROM {tables} JOIN json_each(({packed})) n WHERE {where}"


def is_sqlite() -> bool:
    """Whether the current database is SQLite; for the few statements that must differ."""
    return IN_SQLITE.get() or get_connection("default").capabilities.dialect == "sqlite"


def marks(count: int) -> str:
    """`?, ?, ?` for an IN list; at least one, so the list is never empty SQL."""
    return ", ".join("?" * count) or "NULL"


class counted:
    """Counts a statement and its time, for this server; a class, for a generator would cost four times as much."""

    __slots__ = ("begun", "followed", "rows", "sql")

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.rows = _current_context.get()
        self.followed: AbstractContextManager[object] | None = None
        self.begun = perf_counter()

    def __enter__(self) -> None:
        if isinstance(self.rows, Counted) and self.rows.metrics.span:
            # The statement's text is our own, values are parameters and stay unsaid.
            self.followed = self.rows.metrics.following("statement", sql=self.sql.strip()[:500])
            self.followed.__enter__()

    def __exit__(self, *raised: Any) -> None:
        rows = self.rows
        if self.followed is not None:
            self.followed.__exit__(*raised)
        if isinstance(rows, Counted):
            rows.metrics.statement(_kind(self.sql), perf_counter() - self.begun)


@lru_cache(maxsize=1024)
def _kind(sql: str) -> str:
    changes = ("INSERT", "UPDATE", "DELETE")
    return "write" if any(word in sql for word in changes) else "read"


def _connection() -> BaseDBAsyncClient:
    """The transaction around us, else the connection that only reads."""
    default = get_connection("default")
    if isinstance(default, TransactionalDBClient) or default.capabilities.dialect != "sqlite":
        return default
    return get_connection("reader")


def spelled(connection: BaseDBAsyncClient, sql: str) -> str:
    """A statement as a connection's database writes it."""
    return sql if connection.capabilities.dialect == "sqlite" else _with_dollars(sql)


@lru_cache(maxsize=1024)
def _with_dollars(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
