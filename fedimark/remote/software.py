"""What software another server runs, as its NodeInfo says: asked in the background, once a week. (FEP-f1d5)"""

from __future__ import annotations

from fedimark.database import execute, fetch
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, now
from fedimark.policy import quarantine
from fedimark.remote import nodeinfo

_AT_ONCE = 5
_WEEK = 7 * 86_400 * MICROS
_DAY = 86_400 * MICROS

# What we never learned is asked again sooner.
_DUE = """
SELECT host, software FROM peer WHERE software_at <= ? AND (software_at <= ? OR software = '')
ORDER BY software_at, id LIMIT ?
"""
_ASKED = "UPDATE peer SET software_at = ? WHERE host = ?"
_LEARNED = "UPDATE peer SET software = ?, software_at = ? WHERE host = ?"


async def learn_software() -> int:
    """Ask the servers we met and know nothing or too little of; returns how many were asked. A step of the worker."""
    due = await fetch(_DUE, now() - _DAY, now() - _WEEK, _AT_ONCE)
    for row in due:
        # Written before asking: a server that kills the worker must not be asked for ever.
        await execute(_ASKED, now(), row["host"])
        try:
            name = await software_of(row["host"])
        except FedimarkError:
            continue
        await execute(_LEARNED, name, now(), row["host"])
        if name != row["software"]:
            await quarantine.look_again(row["host"])
    return len(due)


async def software_of(host: str) -> str:
    """The software a server's NodeInfo names, in lower case; empty when it names none.

    Raises Unreachable, Untrustworthy, NotFound, Gone.
    """
    return (await nodeinfo.ask(host)).software
