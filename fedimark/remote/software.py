"""What software another server runs, as its NodeInfo says: asked in the background, once a week. (FEP-f1d5)"""

from __future__ import annotations

import asyncio

from fedimark.database import among, execute, fetch, several
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, now
from fedimark.policy import quarantine
from fedimark.remote import nodeinfo

_AT_ONCE = 16
_WEEK = 7 * 86_400 * MICROS
_DAY = 86_400 * MICROS

# What we never learned is asked again sooner.
_DUE = """
SELECT host, software FROM peer WHERE software_at <= ? AND (software_at <= ? OR software = '')
ORDER BY software_at, id LIMIT ?
"""
_ASKED = "UPDATE peer SET software_at = ? WHERE host {some}"
_LEARNED = "UPDATE peer SET software = ?, software_at = ? WHERE host = ?"


async def learn_software() -> int:
    """Ask the servers we met and know nothing or too little of; returns how many were asked. A step of the worker."""
    due = await fetch(_DUE, now() - _DAY, now() - _WEEK, _AT_ONCE)
    if due:
        # Written before asking: a server that kills the worker must not be asked for ever.
        await execute(_ASKED.format(some=among("varchar")), now(), several(row["host"] for row in due))
        await asyncio.gather(*(_learn(row["host"], row["software"]) for row in due))
    return len(due)


async def _learn(host: str, known: str) -> None:
    try:
        name = await software_of(host)
    except FedimarkError:
        return
    await execute(_LEARNED, name, now(), host)
    if name != known:
        await quarantine.look_again(host)


async def software_of(host: str) -> str:
    """The software a server's NodeInfo names, in lower case; empty when it names none.

    Raises Unreachable, Untrustworthy, NotFound, Gone.
    """
    return (await nodeinfo.ask(host)).software
