"""Tortoise's SQLite engine, with transactions that take the write lock when they begin.

Tortoise picks the schema editor by finding `sqlite` in this module's name.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import Any

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections

from fedimark.database.turns import Turns


class WriteTransaction(SqliteTransactionWrapper):
    """A transaction that writes."""

    async def begin(self) -> None:
        """Take the write lock."""
        # A deferred BEGIN that reads before it writes fails at once when another process wrote in between.
        await self._connection.execute("BEGIN IMMEDIATE")

    @translate_exceptions
    async def visit(self, call: Callable[..., Any], *arguments: object) -> Any:
        """Let the connection's thread make a call, with the connection as its last argument."""
        async with self.acquire_connection() as connection:
            return await connection._execute(call, *arguments, connection._conn)


class _WriteContext(SqliteTransactionContext):
    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            # Tortoise's own context would keep the lock for ever.
            self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]

    async def __aexit__(self, exc_type: Any, exc_val: Any, exc_tb: Any) -> None:
        await super().__aexit__(exc_type, exc_val, exc_tb)
        if _is_read_only(exc_val):
            async with self._trxlock:
                await self.connection._parent.open_anew()


class client_class(SqliteClient):
    """SQLite whose transactions take the write lock when they begin, and whose writers take turns."""

    def __init__(self, file_path: str, **named: Any) -> None:
        super().__init__(file_path, **named)
        self.turns = Turns()
        self._lock = self.turns

    @translate_exceptions
    async def alone(self, call: Callable[..., Any], *arguments: object) -> Any:
        """Let the connection's thread make a call in a transaction of its own, from beginning to end in one visit.

        The connection is its last argument.
        """
        async with self.acquire_connection() as connection:
            try:
                return await connection._execute(_whole, call, *arguments, connection._conn)
            except sqlite3.OperationalError as error:
                if _is_read_only(error):
                    await self.open_anew()
                raise

    def _in_transaction(self) -> SqliteTransactionContext:
        return _WriteContext(WriteTransaction(self), self._lock)

    async def open_anew(self) -> None:
        """Connect again where the file could not be written when this was connected, and can be now; with the lock.

        SQLite opens such a file for reading, and goes on so for as long as the connection lives.
        """
        asked = await self._connection.execute_fetchall("PRAGMA query_only") if self._connection else []
        if [each[0] for each in asked] == [0] and os.access(self.filename, os.W_OK):
            await self.close()
            await self.create_connection(with_db=True)


def _whole(call: Callable[..., Any], *arguments: Any) -> Any:
    database: sqlite3.Connection = arguments[-1]
    database.execute("BEGIN IMMEDIATE")
    try:
        found = call(*arguments)
        database.commit()
    except BaseException:
        database.rollback()
        raise
    return found


def _is_read_only(error: BaseException | None) -> bool:
    """Whether SQLite stands behind an error, and says that the database is only for reading."""
    while error is not None:
        found = error if isinstance(error, sqlite3.OperationalError) else next(iter(error.args), None)
        if isinstance(found, sqlite3.OperationalError):
            return found.sqlite_errorcode & 0xFF == sqlite3.SQLITE_READONLY
        error = error.__cause__
    return False
