"""Notes: texts of their own, Markdown, private or for everybody; they never leave this server."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner, hold_saver
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import NotFound, Refused
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer, sees_note
from fedimark.text import clean

TITLE_LIMIT: Final = 255
TEXT_LIMIT: Final = 65_536
MOST: Final = 10_000  # a person

_OF = """
SELECT n.*, a.local_name FROM written_note n JOIN actor a ON a.id = n.actor_id
WHERE a.local_name = ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
"""
_PAGE = f"""
{_OF} AND (n.is_public OR n.actor_id = ?) AND (n.created_at, n.id) < (?, ?)
ORDER BY n.created_at DESC, n.id DESC LIMIT ?
"""
_PLACE = "SELECT created_at, id FROM written_note WHERE public_id = ?"
_END: Final = 2**62


@dataclass(frozen=True, slots=True)
class Words:
    """What a note says."""

    title: str
    text: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class NotePage:
    """Some of a person's notes, newest first, and the id of the last where there are more."""

    rows: tuple[Row, ...]
    last: str = ""


def read_words(title: str, text: str, *, is_public: bool) -> Words:
    """What was typed; without a title the first line is one. Raises Refused: what is too long is not cut."""
    text = clean.many_lines(text, TEXT_LIMIT + 1).strip()
    if not text:
        raise Refused("Write something.", field="text")
    if len(text) > TEXT_LIMIT:
        raise Refused(_("At most %(most)s characters, please.", most=TEXT_LIMIT), field="text")
    title = clean.one_line(title, TITLE_LIMIT + 1)
    if len(title) > TITLE_LIMIT:
        raise Refused(_("At most %(most)s characters, please.", most=TITLE_LIMIT), field="title")
    return Words(title or clean.one_line(text.partition("\n")[0].lstrip("# "), TITLE_LIMIT) or "Note", text, is_public)


async def page_of(username: str, viewer: Viewer | None, after: str, limit: int) -> NotePage:
    """A page of a person's notes that a viewer may see, those behind the note of an id where one is given.

    Raises NotFound when nobody has that name.
    """
    if (
        await fetch_one(
            "SELECT id FROM actor WHERE local_name = ? AND gone_at IS NULL AND suspended_at IS NULL", username
        )
        is None
    ):
        raise NotFound
    place = await fetch_one(_PLACE, after) if after else None
    ends = (place["created_at"], place["id"]) if place else (_END, _END)
    rows = await fetch(_PAGE, username, viewer.actor_id if viewer else 0, *ends, limit + 1)
    return NotePage(tuple(rows[:limit]), rows[limit - 1]["public_id"] if len(rows) > limit else "")


async def one_of(username: str, public_id: str, viewer: Viewer | None) -> Row:
    """One note, for who may see it. Raises NotFound."""
    row = await fetch_one(f"{_OF} AND n.public_id = ?", username, public_id)
    if row is None or not sees_note(row["actor_id"], viewer, is_public=bool(row["is_public"])):
        raise NotFound
    return row


async def own_note(owner: Owner, public_id: str) -> Row:
    """One of the owner's own. Raises NotFound."""
    row = await fetch_one("SELECT * FROM written_note WHERE actor_id = ? AND public_id = ?", owner.actor_id, public_id)
    if row is None:
        raise NotFound
    return row


async def every(owner: Owner) -> list[Row]:
    """All of the owner's notes, newest first."""
    sql = "SELECT * FROM written_note WHERE actor_id = ? ORDER BY created_at DESC, id DESC"
    return await fetch(sql, owner.actor_id)


async def write_note(owner: Owner, words: Words) -> str:
    """Keep a new note and return its id; under Privacy Lock it is private. Raises Refused for who has 10,000."""
    public_id = here().new_id()

    async def work() -> None:
        held = await hold_saver(owner)
        found = await fetch_one("SELECT count(*) AS n FROM written_note WHERE actor_id = ?", owner.actor_id)
        if found and found["n"] >= MOST:
            raise Refused(_("You have %(most)s notes; remove one first.", most=MOST))
        sql = """
        INSERT INTO written_note (actor_id, public_id, title, text, is_public, created_at, updated_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
        shown, at = words.is_public and not held.privacy_lock, now()
        await execute(sql, owner.actor_id, public_id, words.title, words.text, shown, at, at)

    await atomically(work)
    return public_id


async def change_note(owner: Owner, public_id: str, words: Words) -> None:
    """Put other words in place of a note's. Raises NotFound."""

    async def work() -> None:
        held = await hold_owner(owner)
        sql = """
        UPDATE written_note SET title = ?, text = ?, is_public = ?, updated_at = ? WHERE actor_id = ? AND public_id = ?
        """
        shown = words.is_public and not held.privacy_lock
        if not await execute(sql, words.title, words.text, shown, now(), owner.actor_id, public_id):
            raise NotFound

    await atomically(work)


async def remove_note(owner: Owner, public_id: str) -> None:
    """Take a note away for good. Raises NotFound."""
    if not await execute("DELETE FROM written_note WHERE actor_id = ? AND public_id = ?", owner.actor_id, public_id):
        raise NotFound


async def count_shown(actor_id: int) -> int:
    """How many of a person's notes everybody may read."""
    row = await fetch_one("SELECT count(*) AS n FROM written_note WHERE actor_id = ? AND is_public", actor_id)
    return int(row["n"]) if row else 0


def text_hash(text: str) -> str:
    """What Pinboard calls a note's hash: the first 20 characters of its text's SHA-1."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:20]
