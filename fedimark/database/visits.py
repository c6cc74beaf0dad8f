"""Reads that follow from each other, in one visit to SQLite's thread: a visit costs more than most statements."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, TypeVar

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.connection import get_connection
from tortoise.context import _current_context

from fedimark.database.connect import Counted
from fedimark.database.statements import IN_SQLITE, VISIT, Visit, is_sqlite

T = TypeVar("T")


async def together(reads: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Do what `reads` does, which waits for nothing but `fetch` and `fetch_one`.

    On SQLite all of it runs in the reading connection's thread, as it stands; on PostgreSQL each statement is a trip.
    """
    if not is_sqlite() or VISIT.get() or isinstance(get_connection("default"), TransactionalDBClient):
        return await reads()
    spent: list[float] = []
    client: Any = get_connection("reader")
    try:
        async with client.acquire_connection() as connection:
            # The other thread knows this server as the task does.
            return await connection._execute(copy_context().run, _run, reads, connection._conn, spent)  # type: ignore[no-any-return]
    finally:
        rows = _current_context.get()
        if isinstance(rows, Counted):
            for seconds in spent:  # counted here, for figures are of one thread
                rows.metrics.statement("read", seconds)


async def at_once(*reads: Callable[[], Coroutine[Any, Any, T]]) -> list[T]:
    """What several reads return that do not follow from each other, which wait for nothing but statements.

    On PostgreSQL, where each is a trip, they go at the same time, each over a connection of its own; else one by one.
    """
    if is_sqlite() or isinstance(get_connection("default"), TransactionalDBClient):
        return [await read() for read in reads]
    return await asyncio.gather(*(read() for read in reads))


def _run(reads: Callable[[], Coroutine[Any, Any, T]], database: sqlite3.Connection, spent: list[float]) -> T:
    IN_SQLITE.set(True)
    VISIT.set(Visit(database, spent))
    running = reads()
    try:
        running.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    running.close()
    raise RuntimeError("what is read together waits for nothing but statements")
