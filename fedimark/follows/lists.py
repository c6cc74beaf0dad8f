"""A reader's lists of people, and what they chose to see of each and of their whole network. All theirs alone.

On a list stands whom its owner follows, people as well as streams and feeds; whom they leave is on none any more.
Changes are made inside `write()` in one piece.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import compare_digest
from typing import Final, TypeAlias

from fedimark.database import Row, atomically, execute, fetch, fetch_one, write
from fedimark.errors import NotFound, Refused
from fedimark.follows.kinds import NOT_PEOPLE
from fedimark.follows.request import Reader, followed
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.text import tags
from fedimark.timelines.merge import hold

MOST_LISTS: Final = 50
MOST_MEMBERS: Final = 1_000
LONGEST_NAME: Final = 100
WHOLE: Final = ""
"""What stands for the whole network where a list is named."""

_EVERY = "SELECT * FROM people_list WHERE owner_id = ? ORDER BY lower(name), id LIMIT ?"
_ONE = "SELECT * FROM people_list WHERE owner_id = ? AND public_id = ?"
_AMOUNT = "SELECT count(*) AS amount FROM people_list WHERE owner_id = ? AND public_id <> ''"
_MAKE = "INSERT INTO people_list (owner_id, public_id, name, hides_shares, only_saves, only_unread, tag, read_at, "
_MAKE += "created_at) VALUES (?, ?, ?, FALSE, FALSE, FALSE, '', 0, ?) ON CONFLICT (owner_id, public_id) DO NOTHING"
_MEMBERS = f"""
SELECT a.id AS actor_id, a.local_name, a.username, a.host, a.name, a.uri, a.url, a.kind, f.state,
CASE WHEN {NOT_PEOPLE} THEN 1 ELSE 0 END AS is_stream
FROM list_member e JOIN people_list l ON l.id = e.list_id JOIN actor a ON a.id = e.actor_id
JOIN follow f ON f.follower_id = l.owner_id AND f.target_id = e.actor_id
WHERE e.list_id = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL ORDER BY a.username, a.host, a.name, a.id LIMIT ?
"""
_JOIN = "INSERT INTO list_member (list_id, actor_id) VALUES (?, ?) ON CONFLICT (list_id, actor_id) DO NOTHING"
_COUNT = "SELECT count(*) AS amount FROM list_member WHERE list_id = ?"
_DROP = "DELETE FROM list_member WHERE list_id = ? AND actor_id = ?"
_STILL = """
SELECT f.id FROM follow f JOIN people_list l ON l.owner_id = f.follower_id
WHERE f.follower_id = ? AND f.target_id = ? AND f.state IN ('accepted', 'requested') AND l.id = ?
"""
_OF_KEY = "SELECT * FROM people_list WHERE public_id = ? AND public_id <> '' AND feed_key IS NOT NULL"
_CHOOSE = """
UPDATE people_list SET hides_shares = ?, only_saves = ?, only_unread = ?, tag = ?, from_id = ?
WHERE owner_id = ? AND public_id = ?
"""
_READ = "UPDATE people_list SET read_at = ? WHERE owner_id = ? AND public_id = ? AND read_at < ?"
_NAMED = "SELECT id, local_name, username, host, name, uri, url, tag_id, kind FROM actor WHERE id = ?"


Change: TypeAlias = Callable[[Reader, str, str], Awaitable[None]]
"""What changes a list, given its public id and one thing that was typed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to see of a list, or of their whole network; `who` names somebody they follow, or nobody."""

    hides_shares: bool = False
    only_saves: bool = False
    only_unread: bool = False
    tag: str = ""
    who: str = ""


async def every(reader: Reader) -> list[Row]:
    """A reader's lists by name, and before them, with an empty `public_id`, what they chose of the whole network."""
    return await fetch(_EVERY, reader.actor_id, MOST_LISTS + 1)


async def length(list_id: int) -> int:
    """How many stand on a list, people and streams."""
    row = await fetch_one(_COUNT, list_id)
    return int(row["amount"]) if row else 0


async def one(reader: Reader, public_id: str) -> Row:
    """One of a reader's own lists. Raises NotFound, alike for what is not there and what is somebody else's."""
    row = await fetch_one(_ONE, reader.actor_id, public_id) if public_id else None
    if row is None:
        raise NotFound
    return row


async def of_key(public_id: str, key: str) -> Row:
    """The list whose feed bears this key. Raises NotFound."""
    row = await fetch_one(_OF_KEY, public_id)
    if row is None or not compare_digest(str(row["feed_key"]).encode(), key.encode()):
        raise NotFound
    return row


async def members(row: Row) -> list[Row]:
    """Who is on a list, by name, with the `state` of the follow."""
    return await fetch(_MEMBERS, row["id"], MOST_MEMBERS)


async def named(actor_id: int | None) -> Row | None:
    """Somebody whom a choice names."""
    return await fetch_one(_NAMED, actor_id) if actor_id else None


async def make(reader: Reader, name: str) -> str:
    """Make a list; returns its public id. Raises Refused for the field `name`."""
    told = _name(name)
    return await atomically(lambda: _make(reader.actor_id, told))


async def rename(reader: Reader, public_id: str, name: str) -> None:
    """Give a list another name. Raises Refused for the field `name`, NotFound."""
    told = _name(name)
    row = await one(reader, public_id)
    await execute("UPDATE people_list SET name = ? WHERE id = ?", told, row["id"])


async def remove(reader: Reader, public_id: str) -> None:
    """Take a list away; whom it held is followed as before. Raises NotFound."""
    row = await one(reader, public_id)
    async with write():
        await execute("DELETE FROM list_member WHERE list_id = ?", row["id"])
        await execute("DELETE FROM people_list WHERE id = ?", row["id"])


async def put(reader: Reader, public_id: str, who: str) -> None:
    """Put somebody on a list whom the reader follows, or asked to. Raises Refused for the field `who`, NotFound."""
    row, member = await one(reader, public_id), await followed(reader.actor_id, who)
    if member is None:
        raise Refused("You don’t follow anybody of that name: follow them first.", field="who")
    await atomically(lambda: _put(reader.actor_id, row["id"], member["id"]))


async def drop(reader: Reader, public_id: str, who: str) -> None:
    """Take somebody off a list; they are followed as before. Raises Refused, NotFound."""
    row, member = await one(reader, public_id), await followed(reader.actor_id, who)
    if member is None or not await execute(_DROP, row["id"], member["id"]):
        raise NotFound("Nobody of that name is on this list.")


async def new_key(reader: Reader, public_id: str) -> None:
    """Give a list's feed a secret address, another than before: who had that one reads nothing more."""
    row, key = await one(reader, public_id), here().new_id() + here().new_id()
    await execute("UPDATE people_list SET feed_key = ? WHERE id = ?", key, row["id"])


async def no_key(reader: Reader, public_id: str) -> None:
    """Let a list have no feed."""
    row = await one(reader, public_id)
    await execute("UPDATE people_list SET feed_key = NULL WHERE id = ?", row["id"])


async def choose(reader: Reader, public_id: str, choice: Choice) -> None:
    """Remember what the reader wants to see of a list (or of the `WHOLE` network).

    Raises Refused for the fields `tag` and `who`, NotFound.
    """
    tag = tags.key(choice.tag.strip().removeprefix("#"))
    if len(tag) > tags.TAG_LIMIT or (tag and not tag.strip(".")):
        raise Refused("That is no tag.", field="tag")
    person = await followed(reader.actor_id, choice.who) if choice.who.strip() else None
    if choice.who.strip() and person is None:
        raise Refused("You don’t follow anybody of that name.", field="who")
    values = choice.hides_shares, choice.only_saves, choice.only_unread, tag, person["id"] if person else None
    async with write():
        await _there(reader, public_id)
        await execute(_CHOOSE, *values, reader.actor_id, public_id)


async def mark_read(reader: Reader, public_id: str, until: int) -> None:
    """Mark what came before a moment as read; an earlier one changes nothing. Raises NotFound."""
    at = min(until, now())
    async with write():
        await _there(reader, public_id)
        await execute(_READ, at, reader.actor_id, public_id, at)


async def _there(reader: Reader, public_id: str) -> None:
    if public_id != WHOLE:
        await one(reader, public_id)
    else:
        await execute(_MAKE, reader.actor_id, WHOLE, "", now())


async def _make(owner_id: int, name: str) -> str:
    # Two at once must not be one too many.
    await hold("actor", owner_id)
    row = await fetch_one(_AMOUNT, owner_id)
    if row and row["amount"] >= MOST_LISTS:
        raise Refused(_("More than %(most)s lists are too many: take one away first.", most=MOST_LISTS), field="name")
    public_id = here().new_id()
    await execute(_MAKE, owner_id, public_id, name, now())
    return public_id


async def _put(owner_id: int, list_id: int, actor_id: int) -> None:
    await hold("actor", owner_id, actor_id)
    if await length(list_id) >= MOST_MEMBERS:
        raise Refused(_("A list holds at most %(most)s.", most=MOST_MEMBERS), field="who")
    # They may have been left, or the list taken away, since this began.
    if await fetch_one(_STILL, owner_id, actor_id, list_id):
        await execute(_JOIN, list_id, actor_id)


def _name(name: str) -> str:
    told = " ".join(name.split())
    if not told:
        raise Refused("A list needs a name.", field="name")
    if len(told) > LONGEST_NAME:
        raise Refused(_("A name has at most %(most)s characters.", most=LONGEST_NAME), field="name")
    return told
