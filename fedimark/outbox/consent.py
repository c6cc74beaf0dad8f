"""Whose bookmarks a tag may pass on, and which tags: conditions of SQL are on the author, the row `a` of `actor`."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.policy.visibility import Visibility
from fedimark.text import tags, urls

SPEAKS = "a.gone_at IS NULL AND a.suspended_at IS NULL AND a.moved_at IS NULL"
"""Whether anything is said of what they save."""

GIVEN = "NOT a.keeps_out AND NOT a.approves_followers"
"""Whether everybody's tags may: who chooses their followers has not chosen a tag's, and one may keep out."""

_AUTHOR = "SELECT a.keeps_out, a.approves_followers FROM actor a WHERE a.id = ?"


def carried(bookmark: Row) -> list[str]:
    """The keys of the tags that pass a bookmark on, in its own order: none unless it is public."""
    if bookmark["visibility"] != Visibility.PUBLIC or not urls.federable(bookmark["url"]):
        return []
    keys = (tags.key(word) for word in bookmark["tags"].split())
    return list(dict.fromkeys(key for key in keys if not key.startswith(".")))


def gives(author: Row) -> bool:
    """The same as `GIVEN`, of an author's row."""
    return not author["keeps_out"] and not author["approves_followers"]


def group_of(author: Row, bookmark: Row) -> str:
    """The id of the one Group that a Note names, its first tag's; empty where it names none.

    Lemmy takes the first Group that is addressed for the community it belongs to.
    """
    keys = carried(bookmark) if gives(author) else []
    return addresses.absolute(addresses.stream("", keys[0])) if keys else ""


async def group_for(author_id: int, bookmark: Row) -> str:
    """The same by the author's id."""
    author = await fetch_one(_AUTHOR, author_id)
    return group_of(author, bookmark) if author else ""
