"""PURE. What a page of a stream is made of: the same values for every face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from fedimark.policy.visibility import Visibility

LONGEST_TITLE = 40  # of a feed, where it stands for a handle


@dataclass(frozen=True, slots=True)
class Person:
    """A saver as a page names them: `host` is empty for people of this server, `username` for feeds."""

    username: str
    host: str
    name: str
    href: str

    @property
    def handle(self) -> str:
        """`ana` here, `ana@host` elsewhere, `A blog (blog.example)` for a feed, which nobody can take for a person."""
        if not self.username:
            title = self.name if len(self.name) <= LONGEST_TITLE else f"{self.name[: LONGEST_TITLE - 1]}…"
            return f"{title} ({self.host})" if title and title != self.host else self.host
        return f"{self.username}@{self.host}" if self.host else self.username


@dataclass(frozen=True, slots=True)
class FirstSave:
    """Who saved a page first, as far as the reader sees, and when."""

    person: Person
    at: int


@dataclass(frozen=True, slots=True)
class Own:
    """The reader's own bookmark of an entry's link, with the marks nobody else sees."""

    bookmark_id: str
    visibility: Visibility
    to_read: bool
    starred: bool
    archived: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The bookmark that another one was copied from: whose it is, and where it stands."""

    person: Person
    href: str


@dataclass(frozen=True, slots=True)
class Reactions:
    """How many like and share a bookmark, and what the reader does and may do; stated of one save, not of its page."""

    likes: int = 0
    shares: int = 0
    is_liked: bool = False
    is_shared: bool = False
    may_like: bool = False
    may_share: bool = False
    may_speak: bool = False  # reply to it, or write a remark about it


class Entry(NamedTuple):
    """One line of a timeline: one link with its savers.

    `saver` is the person whose words are shown; `others` are at most three more; `saver_count` counts everyone the
    reader may see, `site_count` the sites (registrable domains, this server being one) of those who saved publicly.
    `tags` are as typed, private ones only where the reader is their owner. `at` is the place in the timeline and
    `saved_at` the moment of the save shown, both in microseconds since 1970, UTC. `permalink` is a path here, or the
    origin's address of a remote save; `note` is what names that save to whoever copies it: a path here, or its id.
    `is_mention` says that nobody this reader sees saved the page: `saver` only mentioned it, and `saver_count` does not
    count them. `source` is what the save shown was copied from, where a page tells and its reader may see both.
    `reactions` are to the save shown. `sharers` are people the reader follows who shared a save of the link with them,
    the first one first. `updated_at` is when the words shown were last changed.

    A tuple and no dataclass: pages make a hundred of these, and so it takes a third of the time.
    """

    link_hash: str
    url: str
    canonical: str
    host: str
    title: str
    description: str
    tags: tuple[str, ...]
    at: int
    saved_at: int
    saver: Person
    others: tuple[Person, ...]
    saver_count: int
    site_count: int
    permalink: str
    note: str
    own: Own | None = None
    is_mention: bool = False
    source: Source | None = None
    reactions: Reactions = Reactions()
    sharers: tuple[Person, ...] = ()
    updated_at: int = 0

    def __hash__(self) -> int:
        """By a few of all that makes two of them equal: pages look hundreds up for what was drawn of them."""
        return hash((self.link_hash, self.saved_at, self.saver_count))

    @property
    def openable(self) -> bool:
        """Whether the address may be a link: `javascript:` and its like are shown as text only."""
        return self.url.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries of a stream, newest first, with the cursors of the pages beside it (None at an end)."""

    entries: tuple[Entry, ...]
    earlier: str | None = None
    later: str | None = None
