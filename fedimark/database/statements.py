"""Statements outside the ORM: written once with `?`, run on both databases."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from functools import lru_cache
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError
from tortoise.transactions import in_transaction

from fedimark.errors import Unavailable
from fedimark.logs import STORE_FAILED, log

Row = dict[str, Any]
T = TypeVar("T")

_MOST_PARAMETERS = 32_000  # SQLite takes 32,766 in one statement


@asynccontextmanager
async def write() -> AsyncIterator[None]:
    """A transaction: every `fetch`, `execute` and model inside it belongs to it; nothing of it stays if it raises.

    Never await the network inside, and start no task. Raises Unavailable when the database cannot be written.
    """
    with _troubles():
        async with in_transaction("default"):
            yield


async def atomically(work: Callable[[], Awaitable[T]]) -> T:
    """Do some work in a transaction of its own, and once more from its beginning if another got in its way.

    PostgreSQL ends one of two transactions that wait for each other; nobody has to hear of that.
    """
    tries = 5
    while True:
        tries -= 1
        try:
            async with write():
                return await work()
        except Unavailable as error:
            if not tries or type(error.__cause__).__name__ not in {"DeadlockDetectedError", "SerializationError"}:
                raise


@contextmanager
def _troubles() -> Iterator[None]:
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
    # A transaction that cannot even begin raises the driver's own error; a read-only PostgreSQL is called the third.
    kinds = (OperationalError, sqlite3.OperationalError, TransactionManagementError)
    return isinstance(error, kinds) or type(error).__module__.startswith("asyncpg")


async def fetch(sql: str, *parameters: object) -> list[Row]:
    """The rows of one statement (also of an `INSERT … RETURNING` inside `write`)."""
    connection = _connection()
    return await connection.execute_query_dict(_spelled(connection, sql), list(parameters))


async def fetch_one(sql: str, *parameters: object) -> Row | None:
    """The first row of one statement, or None."""
    rows = await fetch(sql, *parameters)
    return rows[0] if rows else None


async def execute(sql: str, *parameters: object) -> int:
    """Run one statement that writes, in the transaction around it or in its own; returns how many rows it touched."""
    connection = get_connection("default")
    # Both databases take a statement alone for a transaction: saying so first, and after, would cost two more trips.
    around = nullcontext() if isinstance(connection, TransactionalDBClient) else _troubles()
    with around:
        count, _ = await connection.execute_query(_spelled(connection, sql), list(parameters))
    return count


async def execute_many(sql: str, rows: Iterable[Sequence[object]]) -> None:
    """Run one statement for each row of parameters."""
    connection = get_connection("default")
    await connection.execute_many(_spelled(connection, sql), [list(row) for row in rows])


async def insert_many(
    table: str, kinds: Mapping[str, str], rows: Sequence[Mapping[str, object]], then: str = ""
) -> list[Row]:
    """Insert many rows by as few statements as the database allows; returns what they return.

    `kinds` are the columns with their types in PostgreSQL, and rows have them all; `then` is an ON CONFLICT or
    RETURNING clause. Rows are written in their order.
    """
    columns = ", ".join(kinds)
    if not is_sqlite():
        # A list for each column: one text, and so one plan, for any number of rows.
        lists = ", ".join(f"CAST(? AS {kind}[])" for kind in kinds.values())
        sql = f"INSERT INTO {table} ({columns}) SELECT * FROM unnest({lists}) {then}"
        return await fetch(sql, *([row[name] for row in rows] for name in kinds)) if rows else []
    found: list[Row] = []
    at_once = _MOST_PARAMETERS // len(kinds)
    for start in range(0, len(rows), at_once):
        some = rows[start : start + at_once]
        lines = ", ".join([f"({marks(len(kinds))})"] * len(some))
        values = [row[name] for row in some for name in kinds]
        found += await fetch(f"INSERT INTO {table} ({columns}) VALUES {lines} {then}", *values)
    return found


def among(kind: str = "bigint") -> str:
    """`IN` a list that is one parameter, made by `several`: one text, and so one plan, whatever its length."""
    return "IN (SELECT value FROM json_each(?))" if is_sqlite() else f"= ANY (CAST(? AS {kind}[]))"


def several(values: Iterable[int] | Iterable[str]) -> object:
    """The parameter that `among` compares with."""
    return json.dumps(list(values)) if is_sqlite() else list(values)


def is_sqlite() -> bool:
    """Whether the current database is SQLite; for the few statements that must differ."""
    return get_connection("default").capabilities.dialect == "sqlite"


def marks(count: int) -> str:
    """`?, ?, ?` for an IN list; at least one, so the list is never empty SQL."""
    return ", ".join("?" * count) or "NULL"


def _connection() -> BaseDBAsyncClient:
    """The transaction around us, else the connection that only reads."""
    default = get_connection("default")
    if isinstance(default, TransactionalDBClient) or default.capabilities.dialect != "sqlite":
        return default
    return get_connection("reader")


def _spelled(connection: BaseDBAsyncClient, sql: str) -> str:
    return sql if connection.capabilities.dialect == "sqlite" else _with_dollars(sql)


@lru_cache(maxsize=1024)
def _with_dollars(sql: str) -> str:
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
