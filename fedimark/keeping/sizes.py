"""PostgreSQL plans by what it learned of its tables: a worker lets it learn of those that grew, at once.

By itself it learns a minute after they did, or never where whoever keeps it turned that off. Until then a statement is
planned for the empty table that was there when a connection first used it, and reads all of what stands there since.
"""

from __future__ import annotations

from fedimark.database import analyzed, fetch, is_sqlite
from fedimark.here import MICROS, here, now

FEW = 1  # page of 8 KB: for so little any plan is good enough, for two it is not where each row is met often

_EVERY = 5 * MICROS
_NEXT, _LEARNT = "keeping.sizes_at", "keeping.sizes"
_GROWN = f"""
SELECT w.name, w.pages FROM (
    SELECT c.relname AS name, c.relpages AS believed, pg_relation_size(c.oid) / 8192 AS pages
    FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = CAST(current_schema() AS regnamespace)) w
WHERE w.pages > {FEW} + 2 * w.believed ORDER BY w.name
"""


async def learn_sizes() -> int:
    """Let PostgreSQL learn of tables more than twice as large as it believes; returns 0: nothing more is to do.

    It looks every five seconds. Where it may not learn of a table, which is another's then, that is tried again only
    once the table has doubled.
    """
    caches, moment = here().caches, now()
    if is_sqlite() or moment < caches.get(_NEXT, 0):
        return 0
    caches[_NEXT] = moment + _EVERY
    learnt: dict[str, int] = caches.setdefault(_LEARNT, {})
    grown = {row["name"]: row["pages"] for row in await fetch(_GROWN)}
    found = [name for name, pages in grown.items() if pages > 2 * learnt.get(name, 0)]
    if found:
        await analyzed(*(f'"{name}"' for name in found))
        learnt.update((name, grown[name]) for name in found)
    return 0
