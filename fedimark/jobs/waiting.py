"""Rows that wait for work, written with the change that makes it: the worker works them off, or whoever cannot wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from fedimark.database import atomically, fetch, is_sqlite
from fedimark.here import here


async def one_at_a_time(name: str, lock: int, work: Callable[[], Awaitable[int]]) -> int:
    """Do some work while nobody else does it: of this process by its name, on PostgreSQL of any by a lock's number.

    There it is done in a transaction, and on SQLite, which has one writer, as it is.
    """

    async def alone() -> int:
        await fetch("SELECT pg_advisory_xact_lock(?)", lock)
        return await work()

    async with here().caches.setdefault(name, asyncio.Lock()):
        return await (work() if is_sqlite() else atomically(alone))


async def work_off(table: str, work: Callable[[], Awaitable[int]]) -> None:
    """Work until nothing is left of what waits in a table now; what comes meanwhile is left to the worker."""
    [row] = await fetch(f"SELECT max(id) AS id FROM {table}")
    while row["id"] and await fetch(f"SELECT id FROM {table} WHERE id <= ? LIMIT 1", row["id"]):
        await work()
