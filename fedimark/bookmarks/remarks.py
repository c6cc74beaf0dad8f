"""What others say about bookmarks known here: replies, and remarks that quote one.

All of it runs inside `write()` and does nothing new when it is done twice; every function returns a short word for
what it did. Of two states of one Note the later `updated` wins, and its end wins over both. What is about nothing we
know leaves no trace; nobody is asked what it could be about.
"""

from __future__ import annotations

import re
from typing import Any

from fedimark import addresses
from fedimark.bookmarks import telling
from fedimark.bookmarks.arrivals import grave_of, reach_of, stamp_of
from fedimark.bookmarks.incoming import IGNORED, consents, is_buried, is_followed, is_shut_out
from fedimark.bookmarks.spoken_of import About, about_of, follows, is_remark
from fedimark.database import Row, execute, fetch_one
from fedimark.here import MICROS, now
from fedimark.logs import REMARK_REFUSED, log
from fedimark.policy.interactions import allows_of
from fedimark.policy.visibility import Visibility, is_listed, may_be_passed_on
from fedimark.text import clean, html
from fedimark.timelines.merge import hold
from fedimark.vocab.objects import Note

REFUSED = "refused"

MOST_ABOUT_ONE = 500  # kept about one bookmark
MOST_AN_HOUR = 60  # taken of one person
LONGEST = 10_000  # characters

_HOUR = 3_600 * MICROS
_KNOWN = "SELECT * FROM remark WHERE uri_hash = ?"
_OF_AN_HOUR = "SELECT count(*) AS amount FROM remark WHERE actor_id = ? AND received_at > ?"
_ABOUT_ONE = "SELECT count(*) AS amount FROM remark WHERE bookmark_id = ?"
# Of those nobody here follows the oldest, else the oldest of all.
_LEAST = """
DELETE FROM remark WHERE id = (
    SELECT r.id FROM remark r WHERE r.bookmark_id = ? AND r.public_id IS NULL ORDER BY CASE WHEN EXISTS (
        SELECT 1 FROM follow f JOIN actor a ON a.id = f.follower_id
        WHERE f.target_id = r.actor_id AND f.state = 'accepted' AND a.local_name IS NOT NULL) THEN 1 ELSE 0 END,
    r.said_at, r.id LIMIT 1)
"""
_FORGET_ANSWERED = """
UPDATE remark SET parent_id = NULL WHERE parent_id IN (SELECT id FROM remark WHERE actor_id = ?)
"""
_WITHHELD = "SELECT updated_at FROM withheld WHERE uri_hash = ?"
_WITHHOLD = """
INSERT INTO withheld (uri_hash, updated_at, kept_at) VALUES (?, ?, ?)
ON CONFLICT (uri_hash) DO UPDATE SET updated_at = excluded.updated_at, kept_at = excluded.kept_at
"""
# Mastodon and Betula write the address of what they quote before their words, Misskey after them.
_QUOTED_LINE = re.compile(r"RE: ?https?://\S+")


async def store_remark(author: Row, note: Note, received_at: int) -> str:
    """Keep what somebody said about a bookmark known here, or the newer words of it.

    About bookmarks of people here, and to what they wrote, everybody speaks whom they let see it; about those of
    others, people who are followed here. `author` is the row of the proven author, `received_at` microseconds since
    1970 UTC.
    """
    if not any(await _known_of(author, note)):
        return IGNORED
    await hold("actor", author["id"])
    # While we waited, other words of it may have been kept, and what it is about may be for them no longer.
    before, about = await _known_of(author, note)
    if before is None and about is None:
        return IGNORED
    if before is not None and before["actor_id"] != author["id"]:
        return IGNORED
    if await is_shut_out(author) or await is_buried(author, note.id):
        return IGNORED
    if before is None and about is not None and about.is_kept_out:
        return REFUSED
    stamp, grave = stamp_of(note), _grave(author, note.id)
    withheld = await fetch_one(_WITHHELD, grave)
    if any(known is not None and known["updated_at"] >= stamp for known in (before, withheld)):
        return "known"
    values = await _read(author, note, about, received_at) if about else None
    if values is None or about is None:
        return await _no_longer(before, note, grave, stamp)
    if before is not None:
        await _change(before, values)
        return "remark changed"
    if not await _has_room(author, values["bookmark_id"]):
        return REFUSED
    await execute("DELETE FROM withheld WHERE uri_hash = ?", grave)
    await _put({**values, "received_at": received_at})
    await telling.said(values, about.bookmark)
    return "remarked"


async def forget_remark(author: Row, uri: str) -> str:
    """Drop what its author took back; `bookmarks.incoming.forget_note` digs the grave."""
    before = await fetch_one(_KNOWN, addresses.uri_hash(uri))
    if before is None or before["actor_id"] != author["id"]:
        return IGNORED
    await _drop(before)
    return "deleted"


async def forget_remarks_of(author: Row) -> None:
    """Drop all that somebody said who is gone; answers to it stay."""
    await execute(_FORGET_ANSWERED, author["id"])
    await execute("DELETE FROM remark WHERE actor_id = ?", author["id"])


def words_of(note: Note) -> str:
    """What a Note says, as plain text, without the address of what it quotes.

    As it was typed, where its server tells: without whom it answers, which stands there for microblogs.
    """
    if note.source_text is not None and note.source_text.strip():
        return clean.many_lines(note.source_text, LONGEST).strip()
    lines = clean.many_lines(html.to_text(note.content_html), LONGEST).strip().split("\n")
    if note.quote is not None:
        for place in (0, -1):
            if lines and _QUOTED_LINE.fullmatch(lines[place].strip()):
                lines.pop(place)
    return "\n".join(lines).strip()


async def _known_of(author: Row, note: Note) -> tuple[Row | None, About | None]:
    """The words of a Note that are kept, and what it may be about."""
    before = await fetch_one(_KNOWN, addresses.uri_hash(note.id))
    return before, await about_of(author, note, before) if is_remark(note) else None


async def _read(author: Row, note: Note, about: About, received_at: int) -> dict[str, Any] | None:
    """The row that a Note means; None where it says nothing, or nothing to us."""
    visibility, words = await _reach(author, note, about.bookmark), words_of(note)
    if visibility is None or not words:
        return None
    return {
        "actor_id": author["id"],
        "uri": note.id,
        "uri_hash": addresses.uri_hash(note.id),
        "page_url": note.url or note.id,
        "object_hash": await hash_of(about.bookmark),
        "bookmark_id": about.bookmark["id"],
        "parent_id": about.parent_id,
        "about_uri": about.uri,
        "depth": about.depth,
        "is_reply": about.is_reply,
        "description": words,
        "visibility": int(visibility),
        "allows": allows_of(note.policy, author["followers_uri"]),
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
    return visibility if visibility is not None and await follows(owner["id"], author["id"]) else None


async def hash_of(bookmark: Row) -> str:
    """What a bookmark's Note is found by, whosever it is."""
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
    # An answer is younger than what it answers: so none leads round in a circle, whatever an edit says.
    is_older = values["parent_id"] is None or values["parent_id"] < before["id"]
    values = values if is_older else {**values, "parent_id": None}
    columns = ", ".join(f"{name} = ?" for name in values)
    await execute(f"UPDATE remark SET {columns} WHERE id = ?", *values.values(), before["id"])


async def _no_longer(before: Row | None, note: Note, grave: str, stamp: int) -> str:
    """What says nothing to us: it never did, or did until this edit, which older words must not outlive."""
    if before is not None or note.updated is not None:
        await execute(_WITHHOLD, grave, stamp, now())
    if before is None:
        return IGNORED
    await _drop(before)
    return "dropped"


async def _drop(row: Row) -> None:
    """Take something out: answers to it answer what it answered."""
    await execute("UPDATE remark SET parent_id = ? WHERE parent_id = ?", row["parent_id"], row["id"])
    await execute("DELETE FROM remark WHERE id = ?", row["id"])


def _grave(author: Row, uri: str) -> str:
    return grave_of(author, f"{uri} said")
