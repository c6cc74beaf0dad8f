"""Mutes: one person here sees nothing of another, anywhere, and nobody hears of it.

Follows stay, no server is told or asked, and who is muted sees and follows as before. A block takes a mute's place.
A mute that ends by itself is taken back by the worker, as its reader would: what was kept out must be brought back.
"""

from __future__ import annotations

from functools import partial

from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Gone, NotFound, Refused
from fedimark.follows.request import Reader
from fedimark.follows.resolve import known, read_who
from fedimark.here import now
from fedimark.timelines.merge import block_began, block_ended, hold

_THERE = "SELECT id FROM actor WHERE id = ? AND gone_at IS NULL"
_MUTE = """
INSERT INTO block (blocker_id, blocked_id, is_mute, until, created_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (blocker_id, blocked_id) DO NOTHING RETURNING id
"""
_LATER = "UPDATE block SET until = ? WHERE blocker_id = ? AND blocked_id = ? AND is_mute"
_MUTED = """
SELECT a.id FROM block b JOIN actor a ON a.id = b.blocked_id
WHERE b.blocker_id = ? AND b.is_mute AND (a.uri = ? OR a.url = ? OR (lower(a.username) = ? AND a.host = ?))
"""
_ENDED = """
SELECT blocker_id, blocked_id FROM block WHERE until IS NOT NULL AND until <= ? AND is_mute ORDER BY until LIMIT ?
"""
_END = "DELETE FROM block WHERE blocker_id = ? AND blocked_id = ? AND is_mute AND until <= ?"
_END_WORDS = "DELETE FROM mute WHERE id IN (SELECT id FROM mute WHERE until IS NOT NULL AND until <= ? LIMIT ?)"
_SOME = 50
_UNMUTE = "DELETE FROM block WHERE blocker_id = ? AND blocked_id = ? AND is_mute"


async def mute(reader: Reader, who: str, until: int | None = None) -> Row:
    """Show the reader nothing more of whoever `who` names, of this server or another; returns their row of `actor`.

    It ends at a moment, or with None when they say so; said again, what was said last counts. Only somebody known here
    can be muted: nobody is asked. Who is blocked stays so. Raises Refused for the fields `who` and `until`, NotFound,
    Gone.
    """
    check_until(until)
    target = await known(who)
    if target is None:
        raise NotFound("Nobody of that name is known here, so nothing of theirs is shown.")
    if target["id"] == reader.actor_id:
        raise Refused("You can’t mute yourself.", field="who")
    if target["uri"] is None and target["kind"] != "Person":
        raise Refused("That is this server itself, or a tag here.", field="who")
    await atomically(lambda: _mute(reader.actor_id, target["id"], until))
    return target


async def unmute(reader: Reader, who: str) -> None:
    """Show them again, with what the reader follows of them. Raises Refused, NotFound."""
    named = read_who(who)
    row = await fetch_one(_MUTED, reader.actor_id, named.uri, named.uri or "-", named.name.lower(), named.host)
    if row is None:
        raise NotFound("You don’t mute anybody of that name.")
    await atomically(lambda: _unmute(reader.actor_id, row["id"]))


async def end_some() -> int:
    """Take back mutes whose time is over, a few at a time; returns how many."""
    ended = await fetch(_ENDED, now(), _SOME)
    for row in ended:
        await atomically(partial(_end, row["blocker_id"], row["blocked_id"]))
    return len(ended) + await execute(_END_WORDS, now(), _SOME)


def check_until(until: int | None) -> None:
    """Raises Refused for the field `until` where a mute would have ended already."""
    if until is not None and until <= now():
        raise Refused("That is over already: choose a day to come.", field="until")


async def _mute(reader_id: int, muted_id: int, until: int | None) -> None:
    # What they save at this moment comes before and is taken out, or after and finds the mute.
    await hold("actor", reader_id, muted_id)
    if await fetch_one(_THERE, reader_id) is None or await fetch_one(_THERE, muted_id) is None:
        raise Gone
    if await fetch(_MUTE, reader_id, muted_id, True, until, now()):
        await block_began(reader_id, muted_id)
    else:
        await execute(_LATER, until, reader_id, muted_id)


async def _end(reader_id: int, muted_id: int) -> None:
    await hold("actor", reader_id, muted_id)
    if await execute(_END, reader_id, muted_id, now()):  # or it was taken back, or prolonged, at this moment
        await block_ended(reader_id, muted_id)


async def _unmute(reader_id: int, muted_id: int) -> None:
    await hold("actor", reader_id, muted_id)
    if not await execute(_UNMUTE, reader_id, muted_id):
        raise NotFound("You don’t mute anybody of that name.")
    await block_ended(reader_id, muted_id)
