"""PURE. A feed as a value, before it is written in any format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fedimark.text.html import paragraphs

# What XML 1.0 cannot hold.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# What no address on the wire may hold as it is, though people's addresses are kept as they were given. (RFC 3987)
_UNSAFE = re.compile('[\x00-\x20\x7f"<>\\\\^`{|}\ud800-\udfff]')


@dataclass(frozen=True, slots=True)
class Author:
    """Who saved something: the handle, and the address of their page."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One line of a feed. All addresses are absolute.

    `id` is its id for ever; `url` what was saved, empty where no link may lead there, then `address` still says it;
    `page` where it stands here. `topics` are the addresses of the streams of its `tags`, one each. The moments are in
    microseconds since 1970, UTC. `canonical` is the address of the page or the paper that it is. `html` is
    `description` as markup, where that is more than paragraphs.
    """

    id: str
    url: str
    address: str
    page: str
    title: str
    description: str
    tags: tuple[str, ...]
    topics: tuple[str, ...]
    authors: tuple[Author, ...]
    published: int
    updated: int
    canonical: str
    html: str = ""

    @property
    def content(self) -> str:
        """Its words as HTML; empty where it has none."""
        return self.html or paragraphs(self.description)

    @property
    def tagged(self) -> Iterable[tuple[str, str]]:
        """Each tag with the address of its stream."""
        return zip(self.tags, self.topics, strict=True)


@dataclass(frozen=True, slots=True)
class Feed:
    """A part of a stream, newest first.

    `id` is its id for ever, `page` the page it belongs to, `here` its own address: empty where a key is part of it,
    which stands in no document. `first`, `earlier` and `later` are the addresses of other parts, empty without one; of
    a keyed feed they are relative. `is_whole` says that nothing of the stream is missing. `hub` tells of changes, empty
    without one. (WebSub §4)
    """

    title: str
    id: str
    page: str
    here: str
    entries: Sequence[FeedEntry]
    first: str = ""
    earlier: str = ""
    later: str = ""
    is_whole: bool = False
    hub: str = ""

    @property
    def neighbours(self) -> dict[str, str]:
        """Its own address and those of other parts that it has, each by its relation. (RFC 5005 §3)"""
        named = {"self": self.here, "first": self.first, "previous": self.later, "next": self.earlier}
        return {rel: href for rel, href in named.items() if href}

    @property
    def updated(self) -> int:
        """When the newest change in it was made; 0 for an empty one."""
        return max((max(entry.updated, entry.published) for entry in self.entries), default=0)


def fit(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return _UNFIT.sub("", text)


def iri(address: str) -> str:
    """An address with what no document may hold in one percent-encoded."""
    return _UNSAFE.sub(lambda one: "".join(f"%{byte:02X}" for byte in one[0].encode("utf-8", "replace")), address)


def moment(at: int) -> str:
    """`2026-02-28T12:00:00Z`. (RFC 3339)"""
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def lines(parts: Iterable[str]) -> str:
    """Parts of a document under one another."""
    return "\n".join(part for part in parts if part) + "\n"
