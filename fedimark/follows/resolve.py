"""From what somebody types to somebody who can be followed."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import Forbidden, NotFound, Refused, Unreachable
from fedimark.here import here
from fedimark.policy.blocks import is_blocked
from fedimark.remote.actors import find_actor, typed_actor
from fedimark.remote.webfinger import find_handle

PATIENCE_S = 8  # somebody waits in front of a form

_HANDLE = re.compile(r"@?([^\s@/?#:%]{1,128})@([^\s@/?#\\]{1,255})")
_KNOWN = "SELECT * FROM actor WHERE uri_hash = ? OR url = ? OR (lower(username) = ? AND host = ?) LIMIT 20"
_LOCAL = re.compile(r"@?([A-Za-z0-9_]{1,30})")


@dataclass(frozen=True, slots=True)
class Who:
    """What was typed, read: a `name` of this server, a `name` at a `host`, or a `uri`; the others are empty."""

    name: str = ""
    host: str = ""
    uri: str = ""


def read_who(text: str) -> Who:
    """Read `@ana@host`, `ana@host`, `acct:ana@host`, a profile's address, or a name of this server.

    Raises Refused for the field `who`.
    """
    typed = text.strip()
    if typed.lower().startswith(("http://", "https://")):
        local = addresses.local_username(typed)
        return Who(name=local.lower()) if local else Who(uri=typed)
    typed = typed.removeprefix("acct:")
    if found := _LOCAL.fullmatch(typed):
        return Who(name=found[1].lower())
    found = _HANDLE.fullmatch(typed)
    if found is None:
        raise Refused("Give a handle like @ana@marks.example, an address, or a name here.", field="who")
    settings = here().settings
    name, host = found[1], found[2].lower()
    return Who(name=name.lower()) if host in (settings.handles_at, settings.host) else Who(name=name, host=host)


async def resolve(text: str) -> Row:
    """The actor somebody means; asks their server, for at most 8 seconds, so never inside a transaction.

    Raises Refused, NotFound, Forbidden for a blocked domain, Gone, Unreachable, Untrustworthy.
    """
    who = read_who(text)
    if who.name and not who.host:
        return await _here(who.name)
    if await is_blocked(who.host, who.uri):
        raise Forbidden("This server has nothing to do with that one.")
    try:
        async with asyncio.timeout(PATIENCE_S):
            if who.uri:
                actor = await typed_actor(who.uri)
            else:
                actor = await find_actor(await find_handle(f"@{who.name}@{who.host}"))
    except TimeoutError as error:
        raise Unreachable from error
    if actor["gone_at"] is not None:
        raise NotFound
    return actor


async def known(text: str) -> Row | None:
    """The actor somebody means, if there is a row of them; nobody is asked. Raises Refused."""
    who = read_who(text)
    rows = await fetch(_KNOWN, addresses.uri_hash(who.uri or "-"), who.uri or "-", who.name.lower(), who.host)
    return min(rows, key=lambda row: row["uri"] != who.uri, default=None)


async def _here(name: str) -> Row:
    sql = "SELECT * FROM actor WHERE local_name = ? AND gone_at IS NULL AND suspended_at IS NULL"
    row = await fetch_one(sql, name)
    if row is None:
        raise NotFound("Nobody here has that name.")
    return row
