"""Whether anything in a database has changed, asked so cheaply that it can be asked for every request.

Two equal stamps say that nothing was committed between them, by any process: what was read after the first may be said
again after the second. Anything else, a change of other rows too, makes another stamp.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from tortoise.connection import get_connection
from tortoise.context import _current_context

from fedimark.database.gone import is_gone

if TYPE_CHECKING:
    from fedimark.settings import Settings


class OfSqlite:
    """By `PRAGMA data_version` of a connection that does nothing else: it looks at shared memory alone, in 5 µs."""

    def __init__(self, settings: Settings) -> None:
        self._path = str(settings.sqlite_path)
        self._connection: sqlite3.Connection | None = None
        self._cursor: sqlite3.Cursor | None = None

    async def ask(self) -> Hashable:
        """The stamp of this moment."""
        return self.now()

    def now(self) -> Hashable:
        """The same, at once."""
        try:
            if self._cursor is None:
                # Nothing is waited for: this is the event loop's own thread.
                self._connection = sqlite3.connect(self._path, timeout=0, check_same_thread=False)
                self._cursor = self._connection.cursor()
            return self._cursor.execute("PRAGMA data_version").fetchone()[0]  # type: ignore[no-any-return]
        except sqlite3.Error:
            return object()  # like no other: whoever cannot look takes everything for changed

    def close(self) -> None:
        """Look no more."""
        if self._connection is not None:
            self._connection.close()
            self._connection = self._cursor = None


class OfPostgres:
    """By which transactions can be seen; one look answers all who asked before it began."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._next: asyncio.Task[Hashable] | None = None

    async def ask(self) -> Hashable:
        """The stamp of this moment."""
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    def now(self) -> Hashable:
        """Nothing can be told without a trip."""
        return None

    async def _look(self) -> Hashable:
        async with self._looking:
            self._next = None  # what is asked from here on may be about something newer
            client: Any = get_connection("default")
            try:
                async with client.acquire_connection() as connection:
                    return str(await connection.fetchval("SELECT CAST(pg_current_snapshot() AS text)"))
            except Exception as error:
                if not is_gone(error):
                    raise
                return object()  # as above: what cannot be looked at is no longer what it was

    def close(self) -> None:
        """Nothing is held."""


def of(settings: Settings) -> OfSqlite | OfPostgres:
    """What tells for the database of these settings."""
    return OfSqlite(settings) if settings.is_sqlite else OfPostgres()


async def stamp() -> Hashable:
    """What is equal as long as nothing in the current database has changed. Not for the inside of a transaction."""
    rows: Any = _current_context.get()
    asked: Hashable = await rows.stamps.ask()
    return asked


def stamp_now() -> Hashable:
    """The same for who waits for nothing; None where it takes a trip to the database."""
    rows: Any = _current_context.get()
    told: Hashable = rows.stamps.now()
    return told
