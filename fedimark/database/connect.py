"""What Tortoise is told, and one server's database, opened."""

from __future__ import annotations

import gc
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import OperationalError

from fedimark.database import stamps
from fedimark.errors import Unavailable
from fedimark.metrics import Metrics
from fedimark.resources import migrations_module
from fedimark.settings import Settings

_MODELS = ["fedimark.models"]  # by string: the one upward reference allowed
# PostgreSQL's numbers of lists of truths, small integers, integers, text, varchar and bigint.
_LISTS = (1000, 1005, 1007, 1009, 1015, 1016)
_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "busy_timeout": 5000,
    "cache_size": -16384,
    "temp_store": "MEMORY",
    "wal_autocheckpoint": 4_000,  # pages; an import writes the same ones again and again, and each time to the disk
    # Tortoise's own 16 KB would cut the write-ahead file back after every checkpoint.
    "journal_size_limit": 201_326_592,
    "foreign_keys": "ON",
}

# Objects, then rounds: rows are read and written by the thousand, and next to nothing of ours goes in circles. Python
# looks for such after 700 already, which took a fifth of the time in which a file is read.
_COLLECT_AFTER = (20_000, 10, 10)
# SQLite's threads run Python too, and whoever answers would wait for five milliseconds each time one of them is at it.
_HANDED_ON_AFTER_S = 0.001


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """What Tortoise is told: a writing connection, on SQLite a reading one beside it, and where the models lie."""
    if settings.is_sqlite:
        path = str(settings.sqlite_path)
        connections: dict[str, Any] = {
            "default": {"engine": "fedimark.database.sqlite", "credentials": {"file_path": path, **_PRAGMAS}},
            "reader": {
                "engine": "tortoise.backends.sqlite",
                "credentials": {"file_path": path, **_PRAGMAS, "query_only": "ON"},
            },
        }
    else:
        connections = {"default": postgres(settings.database, settings)}
    app = {"models": _MODELS, "default_connection": "default", "migrations": migrations_module()}
    return {"connections": connections, "apps": {"models": app}, "use_tz": True, "timezone": "UTC"}


def postgres(url: str, settings: Settings) -> dict[str, Any]:
    """PostgreSQL connections as Tortoise wants them."""
    info: dict[str, Any] = expand_db_url(url.replace("postgresql://", "postgres://", 1))
    info["credentials"] |= {"minsize": 1, "maxsize": settings.database_connections}
    info["credentials"] |= {"reset": _as_it_was, "init": _knowing_lists()}
    if settings.database_pooled:
        # The next statement may reach another session, which knows nothing of what was prepared in this one.
        info["credentials"]["statement_cache_size"] = 0
    else:
        # What is asked here is done in milliseconds; PostgreSQL would compile for a hundred what it takes for long.
        info["credentials"]["server_settings"] = {"jit": "off"}
    return info


def _knowing_lists() -> Callable[[Any], Awaitable[None]]:
    """What the pool does with a new connection: tells it what lists are made of, once PostgreSQL told the first.

    asyncpg would ask for each kind of list over each connection, when a statement takes one first: a question that
    costs as much as ten statements, while somebody waits. What lists of plain values are is the same everywhere.
    """
    known: list[Any] = []

    async def know(connection: Any) -> None:
        if not known:
            known[:], _ = await connection._introspect_types(_LISTS, None)
        connection._protocol.get_settings().register_data_types(known)

    return know


async def _as_it_was(_: object) -> None:
    """What the pool does with a connection that comes back: nothing.

    asyncpg would ask the database to forget the session's settings, cursors, listeners and locks, a trip after every
    statement outside a transaction. We make none of them here; an open transaction it ends by itself before this.
    """


TORTOISE = tortoise_config(Settings(database_url="sqlite:///:memory:"))
"""What `make migration` reads: only the models and where migrations go matter there."""


@contextmanager
def answering() -> Iterator[None]:
    """Say in plain words that a database cannot be reached or is none: raises Unavailable."""
    try:
        yield
    except Exception as error:
        kinds = (OperationalError, OSError, sqlite3.DatabaseError)
        if not isinstance(error, kinds) and not type(error).__module__.startswith("asyncpg"):
            raise
        raise Unavailable(f"The database does not answer ({type(error).__name__}).") from error


class Counted(TortoiseContext):
    """One server's rows, what counts the statements that ask for them, and what tells whether they changed.

    `hurried_at` is when somebody wrote last for whose commit somebody waited to be answered, by the loop's clock; None
    where nobody did.
    """

    def __init__(self, metrics: Metrics, told: stamps.OfSqlite | stamps.OfPostgres) -> None:
        super().__init__()
        self.metrics = metrics
        self.stamps = told
        self.hurried_at: float | None = None


class Database:
    """One server's database, opened."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.context = Counted(self.metrics, stamps.of(settings))

    async def open(self) -> Database:
        """Connect; raises Unavailable when the database does not answer. The process is made fit for many rows."""
        gc.set_threshold(*_COLLECT_AFTER)
        sys.setswitchinterval(_HANDED_ON_AFTER_S)
        token = self.enter()
        try:
            with answering():
                # No model is asked for rows, which to make them ready for takes longer than all else here.
                await self.context.init(tortoise_config(self.settings), init_connections=False)
                for name in self.context.connections.db_config:
                    await self.context.connections.get(name).execute_query("SELECT 1")
        except BaseException:
            # aiosqlite's thread lives as long as its connection, and would keep the process from ending.
            await self.context.close_connections()
            raise
        finally:
            self.leave(token)
        return self

    async def close(self) -> None:
        """Close every connection."""
        token = self.enter()
        try:
            await self.context.close_connections()
            self.context.stamps.close()
        finally:
            self.leave(token)

    def enter(self) -> Any:
        """Make these rows the current ones for this task."""
        return _current_context.set(self.context)

    def leave(self, token: Any) -> None:
        """Undo `enter`."""
        _current_context.reset(token)
