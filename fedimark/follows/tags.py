"""Tags of this server as somebody to follow: their rows, and who stands behind them.

A tag has no row of `actor` before somebody follows it, and keeps the one it got.
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, execute, fetch, fetch_one
from fedimark.errors import Gone, NotFound
from fedimark.follows import digests
from fedimark.here import now
from fedimark.outbox.tag_actors import TagActor
from fedimark.policy.blocks import between
from fedimark.timelines.tag_actors import tag_actor

_ROW = "SELECT * FROM actor WHERE tag_id = ? AND owner_id = ?"
_MAKE = """
INSERT INTO actor (kind, username, name, url, tag_id, owner_id, created_at, host, summary, icon, fields, inbox,
    shared_inbox, outbox, followers_uri, key_id, public_key, private_key, approves_followers, indexable, fetched_at)
VALUES (?, ?, ?, ?, ?, ?, ?, '', '', '', '[]', '', '', '', '', '', '', '', FALSE, TRUE, 0)
ON CONFLICT (tag_id, owner_id) DO NOTHING
"""
_KNOWN = "SELECT s.* FROM actor s JOIN tag g ON g.id = s.tag_id WHERE g.key = ? AND s.owner_id = ?"
_OWNER = "SELECT id FROM actor WHERE local_name = ? AND kind = 'Person'"
_APPROVES = "SELECT approves_followers FROM actor WHERE id = ?"
_OF_PERSON = "SELECT * FROM actor WHERE owner_id = ? ORDER BY id"


async def row_of(actor: TagActor) -> Row:
    """The row of a tag, made when nobody followed it before. Raises NotFound where its person is suspended."""
    if actor.owner is not None and actor.owner["suspended_at"] is not None:
        raise NotFound
    key = (actor.tag["id"], actor.owner_id)
    row = await fetch_one(_ROW, *key)
    if row is None:
        await execute(_MAKE, actor.kind, actor.username, f"#{actor.key}", actor.uri, *key, now())
        row = await fetch_one(_ROW, *key)
    assert row is not None
    return row


async def followable(uri: str) -> Row | None:
    """The row of a tag or a digest here by its address, made if need be; None where there is none to follow."""
    digest = await digests.row_at(uri)
    if digest is not None:
        return digest if digest["is_on"] and digest["suspended_at"] is None and digest["gone_at"] is None else None
    named = addresses.local_stream(uri)
    try:
        return await row_of(await tag_actor(*named)) if named else None
    except (NotFound, Gone):
        return None


async def known(uri: str) -> Row | None:
    """The row of a tag here by its address, if somebody ever followed it, or of a digest."""
    named = addresses.local_stream(uri)
    if named is None:
        return await digests.row_at(uri)
    username, key = named
    owner = await fetch_one(_OWNER, username) if username else {"id": 0}
    return await fetch_one(_KNOWN, key, owner["id"]) if owner else None


async def of_person(actor_id: int) -> list[Row]:
    """The rows of a person's own tags, and of their digest."""
    return await fetch(_OF_PERSON, actor_id)


async def approves(target: Row) -> bool:
    """Whether a person's yes is needed to follow: their own, or for their tags the same."""
    row = await fetch_one(_APPROVES, target["owner_id"]) if target["owner_id"] else target
    return bool(row and row["approves_followers"])


async def is_barred(follower_id: int, target: Row) -> bool:
    """Whether a block stands between somebody and whom they would follow, or whose tag."""
    if target["owner_id"] and await between(follower_id, target["owner_id"]):
        return True
    return await between(follower_id, target["id"])
