"""Bringing a database up to date."""

from __future__ import annotations

import asyncio
import fcntl
import importlib
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, _current_context
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationTarget

from fedimark.database.connect import answering, postgres, tortoise_config
from fedimark.database.replay import Executor
from fedimark.database.statements import fetch
from fedimark.errors import Unavailable
from fedimark.resources import migrations_module
from fedimark.settings import Settings

_SOON_S = 3.0


async def migrate(settings: Settings, until: str | None = None) -> list[str]:
    """Bring the database up to date and return what was applied; safe when several processes start at once.

    `until` names the last step to go, for rows that come from an older database.

    Raises Unavailable when the database does not answer.
    """
    with answering():
        if settings.is_sqlite:
            settings.sqlite_path.parent.mkdir(parents=True, exist_ok=True)
        return await _migrate(settings, until)


async def answers() -> bool:
    """Whether the current database answers at all, soon."""
    try:
        async with asyncio.timeout(_SOON_S):
            with answering():
                await fetch("SELECT 1")
    except (Unavailable, TimeoutError):
        return False
    return True


async def is_current() -> bool:
    """Whether every migration of this installation was applied to the current database."""
    try:
        applied = {row["name"] for row in await fetch("SELECT name FROM tortoise_migrations WHERE app = 'models'")}
    except OperationalError:  # not even begun
        return False
    folder = importlib.import_module(migrations_module()).__path__
    return {each.name for each in pkgutil.iter_modules(folder)} <= applied


async def _migrate(settings: Settings, until: str | None) -> list[str]:
    config = tortoise_config(settings)
    if not settings.is_sqlite:
        config["connections"]["default"] = postgres(_direct(settings), settings)
    context = TortoiseContext()
    token = _current_context.set(context)
    applied: list[str] = []
    try:
        async with _alone(settings):
            await context.init(config, init_connections=False)
            connection = get_connection("default")
            # The executor passes over a first failure, and Tortoise keeps the lock of a connection that never opened.
            await connection.execute_query("SELECT 1")
            executor = Executor(connection, config["apps"])
            await executor.migrate(
                [MigrationTarget("models", until)] if until else None,
                progress=lambda event, _, name: applied.append(name) if event == "apply_done" else None,
            )
    finally:
        await context.close_connections()
        _current_context.reset(token)
    return applied


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[None]:
    """One migrator at a time: on this machine for SQLite, over every machine for PostgreSQL."""
    if settings.is_sqlite:
        with Path(f"{settings.sqlite_path}.lock").open("w") as lock:  # noqa: ASYNC230 - a moment, before serving
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield
        return
    import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used

    # A connection of its own: a pool would let go of the lock when it takes the connection back.
    connection = await asyncpg.connect(_direct(settings))
    try:
        await connection.execute("SELECT pg_advisory_lock(72178001)")
        yield
    finally:
        await connection.close()


def _direct(settings: Settings) -> str:
    """PostgreSQL past a pooler, which would lose the lock."""
    return settings.database_direct_url or settings.database
