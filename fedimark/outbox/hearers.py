"""Which inboxes hear of something: followers elsewhere, and whoever got what was said of an object before."""

from __future__ import annotations

import json

from fedimark import addresses
from fedimark.database import execute, execute_many, fetch, fetch_one, marks
from fedimark.here import now

_FOLLOWERS = """
SELECT DISTINCT CASE WHEN a.shared_inbox <> '' THEN a.shared_inbox ELSE a.inbox END AS inbox
FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.uri IS NOT NULL AND a.gone_at IS NULL
AND a.suspended_at IS NULL AND a.inbox <> ''
"""
# A try whose answer was lost may have arrived, and so may one under way.
_REACHED = """
SELECT inbox_hash, inbox FROM reach WHERE object_hash IN ({hashes})
UNION SELECT inbox_hash, inbox FROM delivery
WHERE object_hash IN ({hashes}) AND dead_at IS NULL AND (tries > 0 OR lease_until > 0)
"""
_REMEMBER = "INSERT INTO reach (object_hash, inbox_hash, inbox) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_CANCEL = """
DELETE FROM delivery WHERE object_hash = ? AND dead_at IS NULL AND lease_until <= ? RETURNING inbox, tries, lease_until
"""
_CANCEL_ALL = """
DELETE FROM delivery WHERE dead_at IS NULL AND lease_until <= ?
AND activity_id IN (SELECT id FROM activity WHERE actor_id = ?)
"""
_PEOPLE = """
SELECT DISTINCT CASE WHEN a.shared_inbox <> '' AND a.shared_inbox NOT IN (
    SELECT o.shared_inbox FROM follow g JOIN actor o ON o.id = g.follower_id
    WHERE g.target_id = ? AND o.uri IS NOT NULL AND o.kind <> 'Person') THEN a.shared_inbox ELSE a.inbox END AS inbox
FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = 'accepted' AND a.uri IS NOT NULL AND a.kind = 'Person' AND a.gone_at IS NULL
AND a.suspended_at IS NULL AND a.inbox <> ''
"""
_ANNOUNCED = "SELECT body FROM activity WHERE object_hash = ? AND kind = 'Announce' ORDER BY id DESC LIMIT 1"


async def followers(actor_id: int) -> set[str]:
    """One inbox for each server with an accepted follower of an actor here."""
    return {row["inbox"] for row in await fetch(_FOLLOWERS, actor_id)}


async def people(actor_id: int) -> set[str]:
    """The same of people alone; where a stream of their server follows too, they hear of it in their own inboxes."""
    return {row["inbox"] for row in await fetch(_PEOPLE, actor_id, actor_id)}


async def reached(*uris: str) -> set[str]:
    """Whoever got what was said of these objects, or may have."""
    if not uris:
        return set()
    hashes = [addresses.uri_hash(uri) for uri in uris]
    return {row["inbox"] for row in await fetch(_REACHED.format(hashes=marks(len(hashes))), *hashes, *hashes)}


async def remember(uri: str, inboxes: set[str]) -> None:
    """Let these inboxes hear of an object's changes and its end."""
    object_hash = addresses.uri_hash(uri)
    await execute_many(_REMEMBER, [(object_hash, addresses.uri_hash(inbox), inbox) for inbox in sorted(inboxes)])


async def cancelled(uri: str) -> set[str]:
    """Drop what waits to be said of an object; returns whoever got what was said of it before, or may have.

    What is taken out to be sent while we look is seen as that: it settles itself.
    """
    dropped = await fetch(_CANCEL, addresses.uri_hash(uri), now())
    return await reached(uri) | {row["inbox"] for row in dropped if row["tries"] or row["lease_until"]}


async def cancel_all(actor_id: int) -> None:
    """Drop all that an actor here still had to say."""
    await execute(_CANCEL_ALL, now(), actor_id)


async def announced_at(uri: str) -> str | None:
    """The `published` of the newest Announce with this id; None when that was more than a month ago."""
    row = await fetch_one(_ANNOUNCED, addresses.uri_hash(uri))
    return str(json.loads(row["body"])["published"]) if row else None
