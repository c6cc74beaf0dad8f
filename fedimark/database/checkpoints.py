"""What SQLite wrote to its log is brought into its file by the way, a little at a time.

Left to itself, SQLite does that in whichever commit makes the log long enough: whoever waits for that commit waits for
the disk, and all who are to write next wait too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
from tortoise.connection import get_connection
from tortoise.exceptions import OperationalError

from fedimark.database.statements import is_sqlite

_BUSY_S, _IDLE_S = 0.2, 1.0
# Pages of a log that is begun anew, which costs whoever writes then two waits for the disk: a busy inbox writes so many
# within a second or two.
_LONG = 24_000
_LONGEST = 48_000  # pages after which a commit does it all the same; `journal_size_limit` is as much
_BRING_IN = "PRAGMA wal_checkpoint(PASSIVE)"


@asynccontextmanager
async def brought_in() -> AsyncIterator[None]:
    """While a block runs, bring into the current database's file what its log holds; on PostgreSQL nothing is done."""
    if not is_sqlite():
        yield
        return
    client: Any = get_connection("default")
    await client.execute_query(f"PRAGMA wal_autocheckpoint = {_LONGEST}")
    async with aiosqlite.connect(client.filename, isolation_level=None) as beside:
        keeping = asyncio.create_task(_keep(client, beside))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def _keep(client: Any, beside: aiosqlite.Connection) -> None:
    seen, pause_s = -1, _IDLE_S
    while True:
        await asyncio.sleep(pause_s)
        try:
            changed = await _first(beside, "PRAGMA data_version")
            pause_s = _IDLE_S if changed == seen else _BUSY_S
            if changed != seen and await _bring_in(beside) > _LONG:
                # Begun anew it can only be when all of it was brought in. What came meanwhile is, while only those
                # write for whose commit others wait; and what these wrote, while nobody does.
                with client.turns.held_back():
                    await _bring_in(beside)
                    async with client.acquire_connection() as writer:
                        await _first(writer, _BRING_IN)
            seen = changed
        except (OperationalError, aiosqlite.Error):  # a full disk: whoever writes says so
            pause_s = _IDLE_S


async def _bring_in(database: aiosqlite.Connection) -> int:
    """Bring in what nobody reads in the log; returns how many pages that holds."""
    [[_, pages, _]] = await database.execute_fetchall(_BRING_IN)
    return int(pages)


async def _first(database: aiosqlite.Connection, sql: str) -> int:
    [[found, *_]] = await database.execute_fetchall(sql)
    return int(found)
