"""PURE. What a feed says: RSS 0.9 to 2.0, RSS 1.0 (RDF), Atom and JSON Feed, brought to one shape.

Nothing of what is read here is believed to be of anybody: it is what stood at an address. Words are as they were sent,
text or HTML; whoever keeps them cleans them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urljoin

from fedimark.vocab import feed_json, feed_xml
from fedimark.vocab.feed_parts import MOST_ENTRIES, FeedEntry, NoFeed, RawFeed
from fedimark.vocab.feed_text import decoded
from fedimark.vocab.reading import LONGEST_ID, is_web_url

__all__ = ["FEED_TYPES", "Feed", "FeedEntry", "NoFeed", "is_feed_type", "read_feed"]

FEED_TYPES: Final = frozenset(
    {"application/atom+xml", "application/rss+xml", "application/rdf+xml", "application/feed+json"}
)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was read: `home` is the page it belongs to, empty where it names none, `wait_s` its own wish.

    Of `entries` each has a link that is http(s), absolute, and a guid that is its own.
    """

    title: str
    home: str
    wait_s: int
    entries: tuple[FeedEntry, ...]


def is_feed_type(content_type: str) -> bool:
    """Whether a media type is that of a feed and of nothing else."""
    return content_type.partition(";")[0].strip().lower() in FEED_TYPES


def read_feed(body: bytes, content_type: str, address: str) -> Feed:
    """Read a feed that stood at an address, whatever its media type promises; at most 500 entries, the first ones.

    Broken XML is read as far as it goes. Raises NoFeed for what is no feed, declares entities, or is nested too deep.
    Takes time in proportion to the body.
    """
    text = decoded(body, content_type)
    first = text[:1_024].lstrip("\ufeff \t\r\n")[:1]
    if first == "{":
        raw = feed_json.read(text)
    elif first == "<":
        raw = feed_xml.read(text, address)
    else:
        raise NoFeed("not-a-feed")
    home = _web(address, raw.home)
    return Feed(raw.title.strip(), home, raw.wait_s, tuple(_each_once(_linked(raw, address))))


def _linked(raw: RawFeed, address: str) -> Iterator[FeedEntry]:
    for entry in raw.entries[:MOST_ENTRIES]:
        link = next((web for web in (_web(address, each) for each in entry.links) if web), "")
        if link:
            page = next((web for web in (_web(address, each) for each in entry.pages) if web), link)
            yield replace(entry, links=(link,), pages=(page,))


def _each_once(entries: Iterable[FeedEntry]) -> Iterator[FeedEntry]:
    """Each with a guid of its own: what it says itself, else its link, else a hash of link and title."""
    seen: set[str] = set()
    for entry in entries:
        guid = entry.guid or entry.link
        if guid in seen and not entry.guid:
            guid = hashlib.sha256(f"{entry.link} {entry.title}".encode("utf-8", "surrogatepass")).hexdigest()
        if guid not in seen:
            seen.add(guid)
            yield replace(entry, guid=guid)


def _web(base: str, href: str) -> str:
    """An address in a feed, absolute; empty for what is not http(s)."""
    try:
        found = urljoin(base, href.strip()) if href.strip() else ""
    except ValueError:
        return ""
    return found if len(found) <= LONGEST_ID and is_web_url(found) else ""
