"""That somebody waits for a transaction, as PostgreSQL tells: no test has to guess how long to sleep until then."""

from __future__ import annotations

import asyncio

from fedimark.database import fetch, is_sqlite

_WAITS = "SELECT pid FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
_GUARD_S = 30


async def somebody_waits() -> None:
    """Wait until another writer waits for the transaction around us; on SQLite they wait before they begin."""
    async with asyncio.timeout(_GUARD_S):
        while not is_sqlite() and not await fetch(_WAITS):
            await asyncio.sleep(0.01)
