"""What others say about bookmarks known here: replies, and remarks that quote one.

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two states of one Note the later `updated` wins, and its end wins over both. What is about nothing we
know leaves no trace; nobody is asked what it could be about.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from fedimark import addresses
from fedimark.bookmarks.arrivals import grave_of, reach_of, stamp_of
from fedimark.bookmarks.incoming import IGNORED, consents, is_buried, is_followed, is_shut_out
from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import Row, execute, fetch_one
from fedimark.here import MICROS, now
from fedimark.logs import REMARK_REFUSED, log
from fedimark.policy.blocks import between
from fedimark.policy.visibility import Visibility, is_listed, may_be_passed_on
from fedimark.text import clean, html
from fedimark.timelines.merge import hold
from fedimark.vocab.objects import Note

REFUSED = "refused"

MOST_ABOUT_ONE = 500  # kept about one bookmark
MOST_AN_HOUR = 60  # taken of one person
DEEPEST = 30  # answers between one and its bookmark
LONGEST = 10_000  # characters

_HOUR = 3_600 * MICROS
_KNOWN = "SELECT * FROM remark WHERE uri_hash = ?"
_IS_BOOKMARK = "SELECT id FROM bookmark WHERE uri_hash = ?"
_ANSWERED = """
SELECT b.*, r.depth FROM remark r JOIN bookmark b ON b.id = r.bookmark_id WHERE r.uri_hash = ? AND r.depth < ?
"""
_FOLLOWS = "SELECT id FROM follow WHERE follower_id = ? AND target_id = ? AND state = 'accepted'"
_OF_AN_HOUR = "SELECT count(*) AS amount FROM remark WHERE actor_id = ? AND received_at > ?"
_ABOUT_ONE = "SELECT count(*) AS amount FROM remark WHERE bookmark_id = ?"
# Of those nobody here follows the oldest, else the oldest of all.
_LEAST = """
DELETE FROM remark WHERE id = (
    SELECT r.id FROM remark r WHERE r.bookmark_id = ? ORDER BY CASE WHEN EXISTS (
        SELECT 1 FROM follow f JOIN actor a ON a.id = f.follower_id
        WHERE f.target_id = r.actor_id AND f.state = 'accepted' AND a.local_name IS NOT NULL) THEN 1 ELSE 0 END,
    r.said_at, r.id LIMIT 1)
"""
_WITHHELD = "SELECT updated_at FROM withheld WHERE uri_hash = ?"
_WITHHOLD = """
INSERT INTO withheld (uri_hash, updated_at, kept_at) VALUES (?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET updated_at = excluded.updated_at, kept_at = excluded.kept_at
"""
# Mastodon and Betula write the address of what they quote before their words, Misskey after them.
_QUOTED_LINE = re.compile(r"RE: ?https?://\S+")


class _About(NamedTuple):
    """What a Note is about, and how many answers stand between the two."""

    bookmark: Row
    depth: int
    is_reply: bool


def is_remark(note: Note) -> bool:
    """Whether a Note answers something, or quotes it with neither a title nor a page of its own, as Betula remarks."""
    return note.type == "Note" and (note.in_reply_to is not None or _quotes(note))


async def store_remark(author: Row, note: Note, received_at: int) -> str:
    """Keep what somebody said about a bookmark known here, or the newer words of it.

    About bookmarks of people here everybody speaks whom they let see them; about those of others, people who are
    followed here. `author` is the row of the proven author, `received_at` microseconds since 1970 UTC.
    """
    before = await fetch_one(_KNOWN, addresses.uri_hash(note.id))
    about = await _about(author, note) if is_remark(note) else None
    if about is None and before is None:
        return IGNORED
    await hold("actor", author["id"])
    if before is not None and before["actor_id"] != author["id"]:
        return IGNORED
    if await is_shut_out(author) or await is_buried(author, note.id):
        return IGNORED
    stamp, grave = stamp_of(note), _grave(author, note.id)
    withheld = await fetch_one(_WITHHELD, grave)
    if any(known is not None and known["updated_at"] >= stamp for known in (before, withheld)):
        return "known"
    values = await _read(author, note, about, received_at) if about else None
    if values is None:
        return await _no_longer(before, note, grave, stamp)
    if before is not None:
        await _change(before, values)
        return "remark changed"
    if not await _has_room(author, values["bookmark_id"]):
        return REFUSED
    await execute("DELETE FROM withheld WHERE uri_hash = ?", grave)
    await _put({**values, "received_at": received_at})
    return "remarked"


async def forget_remark(author: Row, uri: str) -> str:
    """Drop what its author took back; `bookmarks.incoming.forget_note` digs the grave."""
    sql = "DELETE FROM remark WHERE uri_hash = ? AND actor_id = ?"
    return "deleted" if await execute(sql, addresses.uri_hash(uri), author["id"]) else IGNORED


async def forget_remarks_of(author: Row) -> None:
    """Drop all that somebody said who is gone."""
    await execute("DELETE FROM remark WHERE actor_id = ?", author["id"])


def words_of(note: Note) -> str:
    """What a Note says, as plain text, without the address of what it quotes."""
    lines = clean.many_lines(html.to_text(note.content_html), LONGEST).strip().split("\n")
    if note.quote is not None:
        for place in (0, -1):
            if lines and _QUOTED_LINE.fullmatch(lines[place].strip()):
                lines.pop(place)
    return "\n".join(lines).strip()


def _quotes(note: Note) -> bool:
    return note.quote is not None and not note.title and note.href is None


async def _about(author: Row, note: Note) -> _About | None:
    """The bookmark that a Note is about, if its author may speak about it to us; None for everything else."""
    found = await _named(note)
    if found is None or found.bookmark["removed_at"] is not None:
        return None
    if await fetch_one(_IS_BOOKMARK, addresses.uri_hash(note.id)) is not None:
        return None
    bookmark, visibility = found.bookmark, Visibility(found.bookmark["visibility"])
    if await between(author["id"], bookmark["actor_id"]):
        return None
    if bookmark["is_local"]:
        is_for_them = visibility is Visibility.FOLLOWERS and await _follows(author["id"], bookmark["actor_id"])
        return found if may_be_passed_on(visibility) or is_for_them else None
    return found if may_be_passed_on(visibility) and await is_followed(author) else None


async def _named(note: Note) -> _About | None:
    if note.in_reply_to is not None:
        bookmark = await bookmark_of(note.in_reply_to)
        if bookmark is not None:
            return _About(bookmark, 0, is_reply=True)
        answered = None
        if note.in_reply_to != note.id:
            answered = await fetch_one(_ANSWERED, addresses.uri_hash(note.in_reply_to), DEEPEST)
        if answered is not None:
            return _About(answered, answered["depth"] + 1, is_reply=True)
    bookmark = await bookmark_of(note.quote) if note.quote is not None and _quotes(note) else None
    return _About(bookmark, 0, is_reply=False) if bookmark is not None else None


async def _read(author: Row, note: Note, about: _About, received_at: int) -> dict[str, Any] | None:
    """The row that a Note means; None where it says nothing, or nothing to us."""
    visibility, words = await _reach(author, note, about.bookmark), words_of(note)
    if visibility is None or not words:
        return None
    return {
        "actor_id": author["id"],
        "uri": note.id,
        "uri_hash": addresses.uri_hash(note.id),
        "page_url": note.url or note.id,
        "object_hash": await _hash_of(about.bookmark),
        "bookmark_id": about.bookmark["id"],
        "depth": about.depth,
        "is_reply": about.is_reply,
        "description": words,
        "visibility": int(visibility),
        "listed": is_listed(visibility, author_consents=await consents(author)),
        "said_at": min(note.published or received_at, received_at),
        "updated_at": stamp_of(note),
    }


async def _reach(author: Row, note: Note, bookmark: Row) -> Visibility | None:
    """How far it reaches; what is not for everybody only where it was said to the bookmark's owner, who is here."""
    visibility = reach_of(author, note)
    if visibility is not None and may_be_passed_on(visibility):
        return visibility
    owner = await fetch_one("SELECT id, local_name FROM actor WHERE id = ?", bookmark["actor_id"])
    if owner is None or owner["local_name"] is None:
        return None
    if addresses.absolute(addresses.person(owner["local_name"])) in (*note.to, *note.cc):
        return visibility or Visibility.PRIVATE
    return visibility if visibility is not None and await _follows(owner["id"], author["id"]) else None


async def _hash_of(bookmark: Row) -> str:
    if not bookmark["is_local"]:
        return str(bookmark["uri_hash"])
    owner = await fetch_one("SELECT local_name FROM actor WHERE id = ?", bookmark["actor_id"])
    assert owner is not None
    return addresses.uri_hash(addresses.absolute(addresses.bookmark(owner["local_name"], bookmark["public_id"])))


async def _has_room(author: Row, bookmark_id: int) -> bool:
    """Whether one more is taken of somebody, and about a bookmark; for who is followed here the least makes room."""
    of_an_hour = await fetch_one(_OF_AN_HOUR, author["id"], now() - _HOUR)
    about_one = await fetch_one(_ABOUT_ONE, bookmark_id)
    if of_an_hour is not None and of_an_hour["amount"] >= MOST_AN_HOUR:
        log.warning(REMARK_REFUSED, reason="too many of one person", actor_id=author["id"])
        return False
    if about_one is not None and about_one["amount"] >= MOST_ABOUT_ONE:
        log.warning(REMARK_REFUSED, reason="too many about one bookmark", bookmark_id=bookmark_id)
        if not await is_followed(author):
            return False
        await execute(_LEAST, bookmark_id)
    return True


async def _put(values: dict[str, Any]) -> None:
    marks = ", ".join("?" * len(values))
    await execute(f"INSERT INTO remark ({', '.join(values)}) VALUES ({marks})", *values.values())


async def _change(before: Row, values: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = ?" for name in values)
    await execute(f"UPDATE remark SET {columns} WHERE id = ?", *values.values(), before["id"])


async def _no_longer(before: Row | None, note: Note, grave: str, stamp: int) -> str:
    """What says nothing to us: it never did, or did until this edit, which older words must not outlive."""
    if before is not None or note.updated is not None:
        await execute(_WITHHOLD, grave, stamp, now())
    if before is None:
        return IGNORED
    await execute("DELETE FROM remark WHERE id = ?", before["id"])
    return "dropped"


async def _follows(follower_id: int, target_id: int) -> bool:
    return await fetch_one(_FOLLOWS, follower_id, target_id) is not None


def _grave(author: Row, uri: str) -> str:
    return grave_of(author, f"{uri} said")
