"""Actors as rows; nothing is asked."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.remote.signing import INSTANCE_NAME


async def known_actor(uri: str) -> Row | None:
    """The row of an actor of another server, if we have one."""
    return await fetch_one("SELECT * FROM actor WHERE uri_hash = ?", addresses.uri_hash(uri))


async def local_actor(uri: str) -> Row:
    """The row of an actor of this server. Raises NotFound, or Gone for somebody who left."""
    is_instance = addresses.local_path(uri) == addresses.INSTANCE_ACTOR
    name = INSTANCE_NAME if is_instance else addresses.local_username(uri)
    row = await fetch_one("SELECT * FROM actor WHERE local_name = ?", name or "")
    if row is None or (name == INSTANCE_NAME and not is_instance):
        raise NotFound
    if row["gone_at"] is not None:
        raise Gone
    return row


async def local_person(username: str) -> Row:
    """Somebody of this server, suspended or not. Raises NotFound, or Gone for somebody who left."""
    row = await fetch_one("SELECT * FROM actor WHERE local_name = ? AND kind = 'Person'", username)
    if row is None:
        raise NotFound
    if row["gone_at"] is not None:
        raise Gone
    return row
