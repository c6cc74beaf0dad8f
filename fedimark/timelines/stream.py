"""PURE. What an address means: the streams there are, and how their tags and cursors are written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fedimark.errors import NotFound
from fedimark.text import tags

MOST_TAGS = 8  # together in one address
ARCHIVED = "archived"  # what its owner put out of the way: in no other list of theirs
OWNERS_FILTERS = ("private", "unread", "untagged", "starred", ARCHIVED)
FILTERS = ("public", *OWNERS_FILTERS)
PERIODS = ("day", "week", "month")


@dataclass(frozen=True, slots=True)
class PersonStream:
    """What one person saved: all of it, with some tags together (by key), or one of the filters."""

    username: str
    tags: tuple[str, ...] = ()
    only: str = ""


@dataclass(frozen=True, slots=True)
class TagStream:
    """What everybody here saved publicly with all of these tags (by key)."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RecentStream:
    """What everybody saved publicly, or only what people of this server did."""

    here: bool = False


@dataclass(frozen=True, slots=True)
class PopularStream:
    """What many saved publicly within a `period`: day, week or month; with a tag (by key), what they tagged so."""

    period: str = "week"
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkStream:
    """What the reader and the people they follow saved, or a part of it.

    Through one list of people (by the row), or through one of those followed (`from_id`, an actor); with one tag (by
    key); newer than a moment and not saved by the reader; without what was only passed on; without mere mentions.
    `leaves` is for a feed that anybody may read who has its key: without what is meant for followers.
    """

    list_id: int = 0
    from_id: int = 0
    tag: str = ""
    unread_since: int | None = None
    hides_shares: bool = False
    only_saves: bool = False
    leaves: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether all of the network is meant."""
        return self == NetworkStream()


@dataclass(frozen=True, slots=True)
class LinkStream:
    """Everybody who saved one page, by the link's hash."""

    hash: str


@dataclass(frozen=True, slots=True)
class SearchStream:
    """What everybody may see of what a search finds, newest first; `text` is what was typed."""

    text: str


Stream = PersonStream | TagStream | RecentStream | PopularStream | NetworkStream | LinkStream | SearchStream


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: a moment in microseconds and what breaks ties there (a public id or a hash).

    `newer` asks for the page above that place instead of the one below.
    """

    at: int
    tie: str
    newer: bool = False

    def __str__(self) -> str:
        return f"{self.at}-{self.tie}"


def tags_together(segment: str) -> tuple[str, ...]:
    """The keys in one decoded path segment (`sql,postgres`), each once, in the order given.

    Raises NotFound when it names no tag, one made of dots, or more than 8.
    """
    keys = tuple(dict.fromkeys(tags.key(part) for part in segment.split(",")))
    if not all(key.strip(".") for key in keys) or len(keys) > MOST_TAGS:
        raise NotFound
    return keys


def cursor(before: str, after: str) -> Cursor | None:
    """Read `?before=` or `?after=`; anything that is no cursor of ours is no cursor at all."""
    text, newer = (after, True) if after and not before else (before, False)
    at, _, tie = text.rpartition("-")  # a moment before 1970 begins with one too
    # 18 digits reach the year 33658 and fit every integer the databases have.
    digits = at.removeprefix("-")
    if not (
        digits.isascii()
        and digits.isdigit()
        and len(digits) <= 18
        and tie.isascii()
        and tie.isalnum()
        and len(tie) <= 40
    ):
        return None
    return Cursor(int(at), tie, newer)


def without(keys: Iterable[str], key: str) -> tuple[str, ...]:
    """An intersection with one tag fewer."""
    return tuple(other for other in keys if other != key)
