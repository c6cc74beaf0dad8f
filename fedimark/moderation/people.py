"""Blocks between people: ours of anybody, and those of others of ours."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Gone, NotFound, Refused
from fedimark.follows import tags
from fedimark.follows.ending import end_aloud, end_silently
from fedimark.follows.kinds import FEED
from fedimark.follows.request import Reader
from fedimark.follows.resolve import known, read_who, resolve
from fedimark.here import here, now
from fedimark.outbox.blocks import say_block, say_undo_block, withhold
from fedimark.outbox.tag_ends import withhold_announces
from fedimark.timelines.merge import block_began, block_ended, hold
from fedimark.vocab.activities import ActivityRef

IGNORED = "ignored"

_ACTOR = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL"
_PERSON = "SELECT * FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NULL"
_BLOCK = """
INSERT INTO block (blocker_id, blocked_id, public_id, uri, is_mute, created_at) VALUES (?, ?, ?, ?, FALSE, ?)
ON CONFLICT (blocker_id, blocked_id) DO UPDATE SET is_mute = excluded.is_mute, until = NULL,
public_id = excluded.public_id, created_at = excluded.created_at WHERE block.is_mute RETURNING id
"""
_BLOCKED = """
SELECT a.id FROM block b JOIN actor a ON a.id = b.blocked_id
WHERE b.blocker_id = ? AND NOT b.is_mute AND (a.uri = ? OR a.url = ? OR (lower(a.username) = ? AND a.host = ?))
"""
_UNBLOCK = "DELETE FROM block WHERE blocker_id = ? AND blocked_id = ? AND NOT is_mute RETURNING public_id"


async def block(reader: Reader, who: str) -> Row:
    """Block whoever `who` names, of this server or another; returns their row of `actor`.

    Every follow between the two ends, what they save is not shown to the reader any more, and they see what a
    stranger sees. Their server is told. Somebody not known here yet is looked up. Raises Refused for the field
    `who`, NotFound, Gone, Unreachable, Untrustworthy.
    """
    target = await known(who) or await resolve(who)
    if target["id"] == reader.actor_id:
        raise Refused("You can’t block yourself.", field="who")
    if target["uri"] is None and target["kind"] != "Person":
        raise Refused("That is this server itself, or a tag here.", field="who")
    if target["kind"] == FEED:
        raise Refused("That is a feed, and nobody: leave it instead.", field="who")
    await atomically(lambda: _block(reader.actor_id, target["id"]))
    here().wake.set()
    return target


async def unblock(reader: Reader, who: str) -> None:
    """Take a block back; no follow comes back with it. Asks no other server. Raises Refused, NotFound."""
    named = read_who(who)
    row = await fetch_one(_BLOCKED, reader.actor_id, named.uri, named.uri or "-", named.name.lower(), named.host)
    if row is None:
        raise NotFound("You don’t block anybody of that name.")
    await atomically(lambda: _unblock(reader.actor_id, row["id"]))
    here().wake.set()


async def blocked_from_elsewhere(blocker: Row, target_uri: str, block_uri: str | None) -> str:
    """Inside `write`: somebody elsewhere blocks somebody here, or a tag. Follows end, nothing more is sent to them.

    Returns a short word for what it did.
    """
    name = addresses.local_username(target_uri)
    target = await fetch_one(_PERSON, name) if name else await tags.known(target_uri)
    if target is None:
        return IGNORED
    await hold("actor", blocker["id"], target["id"])
    if not await fetch(_BLOCK, blocker["id"], target["id"], None, block_uri, now()):
        return "known"
    for each in (target, *await tags.of_person(target["id"])):
        await end_silently(blocker, each)
        await withhold(each, blocker)
    return "blocked"


async def unblocked_from_elsewhere(blocker: Row, ref: ActivityRef) -> str:
    """Inside `write`: they take it back, named by whom they blocked, else by the Block's id. No follow comes back.

    Returns a short word for what it did.
    """
    name = addresses.local_username(ref.object) if ref.object else None
    tag = None if name else await tags.known(ref.object or "")
    which: str
    value: object
    if name is not None:
        which, value = "blocked_id = (SELECT id FROM actor WHERE local_name = ?)", name
    elif tag is not None:
        which, value = "blocked_id = ?", tag["id"]
    else:
        which, value = "uri = ?", ref.id or ""
    ended = await execute(f"DELETE FROM block WHERE blocker_id = ? AND {which}", blocker["id"], value)
    return "unblocked" if ended else IGNORED


async def _block(blocker_id: int, blocked_id: int) -> None:
    # A follow asked at this moment comes before and is ended, or after and finds the block.
    await hold("actor", blocker_id, blocked_id)
    blocker, blocked = await fetch_one(_ACTOR, blocker_id), await fetch_one(_ACTOR, blocked_id)
    if blocker is None or blocked is None:
        raise Gone
    public_id = here().new_id()
    if not await fetch(_BLOCK, blocker_id, blocked_id, public_id, None, now()):
        return
    is_here = blocked["local_name"] is not None
    for each in (blocker, *await tags.of_person(blocker_id)):
        if not is_here:
            await withhold(each, blocked)
        await end_aloud(each, blocked)
    if not is_here:
        await withhold_announces(blocker, blocked)
    for each in await tags.of_person(blocked_id):
        await end_aloud(blocker, each)
    await block_began(blocker_id, blocked_id)
    if not is_here:
        await say_block(blocker, blocked, public_id)


async def _unblock(blocker_id: int, blocked_id: int) -> None:
    ended = await fetch(_UNBLOCK, blocker_id, blocked_id)
    if not ended:
        raise NotFound("You don’t block anybody of that name.")
    await block_ended(blocker_id, blocked_id)
    blocker, blocked = await fetch_one(_ACTOR, blocker_id), await fetch_one(_ACTOR, blocked_id)
    if blocker and blocked and blocked["local_name"] is None:
        await say_undo_block(blocker, blocked, ended[0]["public_id"])
