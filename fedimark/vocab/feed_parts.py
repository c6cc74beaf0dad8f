"""PURE. What every kind of feed is read into first, and when its moments are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from fedimark.vocab.reading import when

MOST_ENTRIES: Final = 500
LONGEST_WORDS: Final = 65_536

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_MOMENT: Final = 64
_DAY_ALONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class NoFeed(ValueError):
    """What was read is no feed, or none that we take; `reason` is a fixed word, never the sender's text."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry: `links` are what it is about, the best first, `pages` where it can be read itself.

    Once a feed was read (`feeds.read_feed`) there is one of each. Moments are microseconds since 1970 UTC, None where
    it says none; `tags` are as said, each once.
    """

    guid: str
    links: tuple[str, ...]
    pages: tuple[str, ...]
    title: str
    title_is_html: bool
    words: str
    words_are_html: bool
    tags: tuple[str, ...]
    published: int | None

    @property
    def link(self) -> str:
        """What it is about."""
        return self.links[0]

    @property
    def page(self) -> str:
        """Where it can be read."""
        return self.pages[0]


@dataclass(frozen=True, slots=True)
class RawFeed:
    """A feed before its links were looked at."""

    title: str
    home: str
    wait_s: int
    entries: tuple[FeedEntry, ...]


def moment(text: str) -> int | None:
    """A moment as feeds write it: RFC 3339, RFC 822, or a day alone; None for anything else and before 1970."""
    text = text.strip()
    if len(text) > _LONGEST_MOMENT:
        return None
    if (found := when(text)) is not None:
        return found
    if _DAY_ALONE.fullmatch(text):
        return when(f"{text}T00:00Z")
    try:
        read = parsedate_to_datetime(text)
        at = (read.replace(tzinfo=read.tzinfo or UTC) - _EPOCH) // _MICROSECOND
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at >= 0 else None
