"""Connections to PostgreSQL that outlive the server of a test: the next server of that database goes on with them.

A new session of PostgreSQL knows no table: it reads what it needs of the catalogue again, for which a test that asks
a hundred things spends more than on all its answers. What a session of ours is left with is nothing: what is bound to
one (locks, listeners) the worker does on a connection of its own, and a transaction ends with its block.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from tortoise.backends import asyncpg as engine
from tortoise.backends.asyncpg.client import AsyncpgDBClient

_AT_MOST = 4  # connections of one pool that are worth keeping; storms open more
_POOLS = 6  # of a process: those of the databases that were used last


class Shelf:
    """Pools that no server has just now, by the name of their database; each belongs to the loop that made it."""

    def __init__(self) -> None:
        self.names: set[str] = set()  # the databases whose pools are kept
        self._pools: dict[str, tuple[asyncio.AbstractEventLoop, dict[str, Any], asyncpg.Pool]] = {}

    def take(self, name: str, wishes: dict[str, Any] | None = None) -> asyncpg.Pool | None:
        """The pool of a database, if it is of this loop and made as one wishes now."""
        loop, made, pool = self._pools.get(name, (None, None, None))
        if loop is not asyncio.get_running_loop() or (wishes is not None and wishes != made):
            return None
        del self._pools[name]
        return pool

    async def put(self, name: str, wishes: dict[str, Any], pool: asyncpg.Pool) -> bool:
        """Keep a pool for the next server; False when it is not worth it, or somebody still uses it."""
        whole = pool.get_idle_size() == pool.get_size() <= _AT_MOST
        if not whole or name not in self.names or name in self._pools:
            return False
        self._pools[name] = (asyncio.get_running_loop(), wishes, pool)
        while len(self._pools) > _POOLS:
            await self.forget(next(iter(self._pools)))
        return True

    @asynccontextmanager
    async def session(self, url: str) -> AsyncIterator[Any]:
        """A connection to a database: one that its last server left, else one of its own."""
        loop, _, pool = self._pools.get(url.rpartition("/")[2], (None, None, None))
        if loop is asyncio.get_running_loop():
            async with pool.acquire() as connection:
                yield connection
            return
        connection = await asyncpg.connect(url, timeout=30)
        try:
            yield connection
        finally:
            await connection.close()

    async def forget(self, name: str) -> None:
        """Close the pool of a database."""
        loop, _, pool = self._pools.pop(name, (None, None, None))
        if pool is not None and loop is asyncio.get_running_loop():
            await pool.close()
        elif pool is not None and not loop.is_closed():
            pool.terminate()


SHELF = Shelf()


class Kept(AsyncpgDBClient):
    """The client of tests: its pool comes from the shelf, and goes back there."""

    async def create_pool(self, **wishes: Any) -> asyncpg.Pool:
        """A pool that an earlier server left, or a new one."""
        self._wishes = wishes
        return SHELF.take(self.database, wishes) or await super().create_pool(**wishes)

    async def _close(self) -> None:
        if self._pool is not None and await SHELF.put(self.database, self._wishes, self._pool):
            self._pool = None
        await super()._close()


def keep() -> None:
    """Let every server of this process have its connections so."""
    engine.client_class = Kept
