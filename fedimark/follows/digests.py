"""Digests as somebody to follow: turned on and off by their person, with a row of `actor` from the first time on."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute, fetch_one
from fedimark.errors import NotFound
from fedimark.here import now
from fedimark.outbox.digest_days import next_midnight
from fedimark.outbox.digests import handle_of, uri_of
from fedimark.outbox.ids import actor as actor_uri
from fedimark.remote.known import local_person

_PERSON = "SELECT * FROM actor WHERE local_name = ? AND kind = 'Person'"
_OF = "SELECT d.is_on, s.* FROM digest d JOIN actor s ON s.id = d.stream_id WHERE d.owner_id = ?"
_ROW = "SELECT id FROM digest WHERE owner_id = ?"
_MAKE = """
INSERT INTO actor (kind, username, name, url, owner_id, attributed_to, created_at, host, summary, icon, fields, inbox,
    shared_inbox, outbox, followers_uri, key_id, public_key, private_key, approves_followers, indexable, fetched_at)
VALUES ('Service', ?, ?, ?, ?, ?, ?, '', '', '', '[]', '', '', '', '', '', '', '', FALSE, TRUE, 0) RETURNING id
"""
_BEGIN = "INSERT INTO digest (owner_id, stream_id, is_on, told_until, next_at) VALUES (?, ?, TRUE, ?, ?)"
_ON = "UPDATE digest SET is_on = TRUE, told_until = ?, next_at = ? WHERE owner_id = ? AND NOT is_on"
_OFF = "UPDATE digest SET is_on = FALSE WHERE owner_id = ? AND is_on"
_FORGET = (
    "DELETE FROM digest_day WHERE stream_id IN (SELECT stream_id FROM digest WHERE owner_id = ?)",
    "DELETE FROM digest WHERE owner_id = ?",
)


async def is_on(owner_id: int) -> bool:
    """Whether somebody has a digest that can be followed."""
    row = await fetch_one(_OF, owner_id)
    return bool(row and row["is_on"])


async def turn(owner_id: int, username: str, time_zone: str, *, on: bool) -> None:
    """Let somebody have a digest, or none any more, inside `write()`; the first day begins now."""
    if not on:
        await execute(_OFF, owner_id)
        return
    at = now()
    ends = next_midnight(at, time_zone)
    if await fetch_one(_ROW, owner_id):
        await execute(_ON, at, ends, owner_id)
        return
    names = handle_of(username), f"{username}: digest", uri_of(username), owner_id, actor_uri(username), at
    row = await fetch_one(_MAKE, *names)
    assert row is not None
    await execute(_BEGIN, owner_id, row["id"], at, ends)


async def forget(owner_id: int) -> None:
    """Drop what somebody who leaves had their digest tell, inside `write()`."""
    for sql in _FORGET:
        await execute(sql, owner_id)


async def owner_of(username: str) -> Row:
    """Whose digest it is, where it can be followed. Raises NotFound, Gone where they left."""
    owner = await local_person(username)
    if not await is_on(owner["id"]):
        raise NotFound
    return owner


async def row_at(uri: str) -> Row | None:
    """The row of a digest by its address, on or off (`is_on`); None for every other address."""
    username = addresses.local_digest(uri)
    owner = await fetch_one(_PERSON, username) if username else None
    return await fetch_one(_OF, owner["id"]) if owner else None
