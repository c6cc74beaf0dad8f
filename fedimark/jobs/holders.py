"""Who holds a lease: a worker has a number, and on PostgreSQL a lock that ends with it, however it ends.

So what a killed worker held is freed within seconds, and what a living one on another machine holds is left to it.
"""

from __future__ import annotations

from fedimark.database import fetch, is_sqlite
from fedimark.here import here

LIVES = 72_179
"""The first half of the lock that a living worker holds in PostgreSQL; the second is its number."""
NOBODY = 0

_HOLDER = "jobs.holder"
# Locks are of the whole cluster, so those of other databases are left out.
_LIVING = f"""
SELECT CAST(objid AS BIGINT) AS number FROM pg_locks WHERE locktype = 'advisory' AND classid = {LIVES} AND objsubid = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def holder() -> int:
    """The number of this process's worker, 0 where none works: it goes into every lease."""
    number: int = here().caches.get(_HOLDER, NOBODY)
    return number


def become(number: int) -> None:
    """From now on this process's worker has this number; `NOBODY` when it has ended."""
    here().caches[_HOLDER] = number


async def living() -> list[int]:
    """The numbers of all workers that live; on SQLite only one does at a time, whoever asks."""
    if is_sqlite():
        return [holder()]
    return [row["number"] for row in await fetch(_LIVING)]
