"""Saying that a lane has work, where its rows are written.

The rows are the truth: a bell nobody hears costs a wait of a second, never a row. On SQLite there is none, for one
process does all the work and looks by itself.
"""

from __future__ import annotations

from typing import cast

from fedimark.database import Statement, fetch, is_sqlite
from fedimark.here import here

EVERYTHING = "everything"
"""The bell for all lanes at once, of whoever does not know which."""

# A job of PgQueuer for the lane, unless one waits already or another transaction is writing it down this moment: those
# who ring at once never wait for each other. (The function is made by a migration.)
_RING = "SELECT fedimark_ring(?)"
_RUNG = "jobs.rung"


async def ring(lane: str) -> None:
    """Say, in the transaction that writes rows, that a lane of the worker has work once it is committed.

    `here().wake`, set after the commit, wakes the lanes of this process; this is for those of others.
    """
    for sql, parameters in ringing(lane):
        await fetch(sql, *parameters)


def ringing(lane: str) -> list[Statement]:
    """The statement that rings, for a script; on SQLite none, and only the worker of this process hears."""
    here().caches.setdefault(_RUNG, set()).add(lane)
    return [] if is_sqlite() else [(_RING, (lane,))]


def heard() -> set[str]:
    """The lanes this process rang for since this was asked last: what must be said again once it is committed."""
    return cast("set[str]", here().caches.pop(_RUNG, set()))
