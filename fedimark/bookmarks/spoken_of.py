"""What a Note of somebody elsewhere says something about, and whether they may speak about it to us."""

from __future__ import annotations

from typing import NamedTuple

from fedimark import addresses
from fedimark.bookmarks.incoming import is_followed
from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import Row, fetch_one
from fedimark.policy.blocks import between
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Visibility, may_be_passed_on
from fedimark.vocab.objects import Note

DEEPEST = 30  # answers between one and its bookmark

_IS_BOOKMARK = "SELECT id FROM bookmark WHERE uri_hash = ?"
_BOOKMARK = "SELECT * FROM bookmark WHERE id = ?"
_ANSWERED = """
SELECT b.*, r.id AS parent_id, r.depth, CASE WHEN r.public_id IS NOT NULL THEN r.actor_id END AS writer_id
FROM remark r JOIN bookmark b ON b.id = r.bookmark_id WHERE r.uri_hash = ? AND r.depth < ?
"""
_FOLLOWS = "SELECT id FROM follow WHERE follower_id = ? AND target_id = ? AND state = 'accepted'"


class About(NamedTuple):
    """What a Note is about, how many answers stand between the two, and which of them it answers."""

    bookmark: Row
    is_reply: bool
    uri: str
    depth: int = 0
    parent_id: int | None = None
    writer_id: int | None = None  # who is here and wrote what it answers

    @property
    def is_kept_out(self) -> bool:
        """Whether its owner, who is here, takes no replies to it."""
        is_here = self.is_reply and bool(self.bookmark["is_local"])
        return is_here and who_may(self.bookmark["allows"], Act.REPLY) is Who.NOBODY


def is_remark(note: Note) -> bool:
    """Whether a Note answers something, or quotes it with neither a title nor a page of its own, as Betula remarks."""
    return note.type == "Note" and (note.in_reply_to is not None or quotes(note))


def quotes(note: Note) -> bool:
    """Whether a Note quotes something and is no bookmark itself."""
    return note.quote is not None and not note.title and note.href is None


async def about_of(author: Row, note: Note, before: Row | None) -> About | None:
    """The bookmark that a Note is about, if its author may speak about it to us; None for everything else."""
    found = await _named(note) or await _as_before(note, before)
    if found is None or found.bookmark["removed_at"] is not None:
        return None
    if await fetch_one(_IS_BOOKMARK, addresses.uri_hash(note.id)) is not None:
        return None
    bookmark, visibility = found.bookmark, Visibility(found.bookmark["visibility"])
    if await between(author["id"], bookmark["actor_id"]):
        return None
    if bookmark["is_local"]:
        is_for_them = visibility is Visibility.FOLLOWERS and await follows(author["id"], bookmark["actor_id"])
        return found if may_be_passed_on(visibility) or is_for_them else None
    if not may_be_passed_on(visibility):
        return None
    if found.writer_id is not None:
        return None if await between(author["id"], found.writer_id) else found
    return found if await is_followed(author) else None


async def _named(note: Note) -> About | None:
    if note.in_reply_to is not None:
        bookmark = await bookmark_of(note.in_reply_to)
        if bookmark is not None:
            return About(bookmark, is_reply=True, uri=note.in_reply_to)
        answered = None
        if note.in_reply_to != note.id:
            answered = await fetch_one(_ANSWERED, addresses.uri_hash(note.in_reply_to), DEEPEST)
        if answered is not None:
            which = answered["depth"] + 1, answered["parent_id"], answered["writer_id"]
            return About(answered, True, note.in_reply_to, *which)
    bookmark = await bookmark_of(note.quote) if note.quote is not None and quotes(note) else None
    if bookmark is None or note.quote is None:
        return None
    return About(bookmark, is_reply=False, uri=note.quote)


async def _as_before(note: Note, before: Row | None) -> About | None:
    """What a kept answer was about, where what it answers is gone: its newer words stay where the older ones stood."""
    if before is None or note.in_reply_to is None or note.in_reply_to != before["about_uri"]:
        return None
    bookmark = await fetch_one(_BOOKMARK, before["bookmark_id"])
    which = note.in_reply_to, before["depth"], before["parent_id"]
    return None if bookmark is None else About(bookmark, bool(before["is_reply"]), *which)


async def follows(follower_id: int, target_id: int) -> bool:
    """Whether one person follows another."""
    return await fetch_one(_FOLLOWS, follower_id, target_id) is not None
