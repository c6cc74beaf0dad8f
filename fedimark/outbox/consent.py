"""Whose bookmarks tags and relays may pass on, and which: conditions of SQL are on the author, `a` of `actor`."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch_one
from fedimark.here import MICROS
from fedimark.policy.interactions import Act, Who, who_may
from fedimark.policy.visibility import Visibility, leaves
from fedimark.text import bots, tags, urls

SPEAKS = "a.gone_at IS NULL AND a.suspended_at IS NULL AND a.moved_at IS NULL"
"""Whether anything is said of what they save."""

_NO_BOTS = " AND ".join(f"lower(a.summary) NOT LIKE '%{word}%'" for word in bots.WORDS)
GIVEN = f"NOT a.keeps_out AND NOT a.approves_followers AND {_NO_BOTS}"
"""Whether everybody's tags may: who chooses their followers has not chosen a tag's, one may keep out, and keep robots
out by a word in what one says of oneself."""

NEWS = 7 * 86_400 * MICROS
"""How long after it was saved a bookmark is news; older ones are not passed on."""

_ANYBODY = (Who.UNSAID, Who.EVERYBODY)
_AUTHOR = "SELECT a.keeps_out, a.approves_followers, a.summary FROM actor a WHERE a.id = ?"


def is_spoken(bookmark: Row) -> bool:
    """Whether other servers may hold a bookmark of ours: only then is its id a publication's."""
    return leaves(Visibility(bookmark["visibility"])) and urls.federable(bookmark["url"])


def carried(bookmark: Row) -> list[str]:
    """The keys of the tags that pass a bookmark on, in its own order: none unless it is public."""
    if bookmark["visibility"] != Visibility.PUBLIC or not urls.federable(bookmark["url"]):
        return []
    keys = (tags.key(word) for word in bookmark["tags"].split())
    return list(dict.fromkeys(key for key in keys if not tags.is_private(key)))


def gives(author: Row) -> bool:
    """The same as `GIVEN`, of an author's row."""
    return not (author["keeps_out"] or author["approves_followers"] or bots.refuses_bots(author["summary"]))


def gives_elsewhere(author: Row, bookmark: Row) -> bool:
    """Whether somebody elsewhere lets everybody's tags here pass on a bookmark: silence is none. (FEP-5feb)

    They say `indexable`, and forbid neither robots nor sharing; and it stands on public pages here, which takes a
    server out of quarantine. `author` and `bookmark` are whole rows.
    """
    is_here = bookmark["removed_at"] is None and author["gone_at"] is None and author["suspended_at"] is None
    is_open = bookmark["is_save"] and bookmark["listed"] and who_may(bookmark["allows"], Act.SHARE) in _ANYBODY
    return bool(
        not bookmark["is_local"] and is_here and author["moved_at"] is None and is_open and author["indexable"]
    ) and gives(author)


def may_be_relayed(author: Row, bookmark: Row) -> bool:
    """Whether relays may have a bookmark of somebody here: public, and its author lets tags pass on what they save.

    A relay is asked by whoever likes, so it is to a person what a tag is. `#NoBots` in what they say of themselves
    keeps them out too; `author` and `bookmark` are whole rows.
    """
    is_open = bookmark["visibility"] == Visibility.PUBLIC and urls.federable(bookmark["url"])
    return is_open and gives(author) and not bots.refuses_relays(author["summary"])


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
