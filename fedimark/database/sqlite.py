"""Tortoise's SQLite engine, with transactions that take the write lock when they begin.

Tortoise picks the schema editor by finding `sqlite` in this module's name.
"""

from __future__ import annotations

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


class client_class(SqliteClient):
    """SQLite whose transactions take the write lock when they begin."""

    def _in_transaction(self) -> SqliteTransactionContext:
        return _WriteContext(WriteTransaction(self), self._lock)
