"""What a stream is as a feed: its title, its page, and its entries with their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.api.feeds.feed import Author, Feed, FeedEntry, fit
from fedimark.api.feeds.parts import Part
from fedimark.here import here
from fedimark.text import tags
from fedimark.timelines.entries import Entry, Person
from fedimark.timelines.places import Asked
from fedimark.timelines.queries import Found
from fedimark.timelines.stream import (
    LinkStream,
    NetworkStream,
    PersonStream,
    PopularStream,
    RecentStream,
    SearchStream,
    TagStream,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a feed stands: the path of its page and its own (empty: it is keyed), each with what it is asked.

    `title` is what it is called where its stream does not say.
    """

    page: str
    page_asked: Asked = ()
    feed: str = ""
    asked: Asked = ()
    title: str = ""

    @property
    def page_href(self) -> str:
        """The page's address."""
        return absolute(self.page) + _query(self.page_asked)

    def href(self, **more: str) -> str:
        """The address of a part of the feed; relative where it is keyed, so that the key stands in no document."""
        query = _query((*self.asked, *more.items()))
        return f"{absolute(self.feed)}{query}" if self.feed else query


def feed_of(part: Part, place: Place) -> Feed:
    """A part of a stream as a feed."""
    found, shown = part.found, part.shown
    return Feed(
        title=fit(f"{place.title or title_of(found)} · {here().settings.handles_at}"),
        id=place.page_href,
        page=place.page_href,
        here=place.href() if place.feed else "",
        entries=tuple(_entry(entry, part) for entry in shown.entries),
        first=place.href() if place.feed else "",
        earlier=place.href(before=shown.earlier) if shown.earlier else "",
        later=place.href(after=shown.later) if shown.later else "",
        is_whole=part.is_first and shown.earlier is None,
        hub=here().settings.websub_hub if place.feed else "",
    )


def _query(asked: Asked) -> str:
    return f"?{urlencode(asked)}" if asked else ""


def title_of(found: Found) -> str:
    """A stream's address as words."""
    match found.stream:
        case PersonStream(username, keys, only):
            return " / ".join((username, *keys, only) if only else (username, *keys))
        case TagStream(keys):
            return " / ".join(keys)
        case PopularStream(period, keys):
            return " / ".join(("popular", *keys, f"this {period}"))
        case RecentStream(is_here):
            return "recent here" if is_here else "recent"
        case NetworkStream():
            return f"{found.viewer.username if found.viewer else ''} / network"
        case SearchStream(text):
            return f"search / {text}"
        case LinkStream():
            return str(found.link["title"] or found.link["canonical"]) if found.link else ""


def _entry(entry: Entry, part: Part) -> FeedEntry:
    """An entry of a stream.

    Its id is that of the one save it is, or of the page where it stands for many: the same in every feed that has it.
    """
    is_one_save, found = part.each_is_a_save, part.found
    page = _absolute(entry.permalink) if is_one_save else absolute(addresses.link(entry.link_hash))
    people = (entry.saver,) if is_one_save else (entry.saver, *entry.others)
    return FeedEntry(
        id=fit(_absolute(entry.note) if is_one_save else page),
        url=entry.url if entry.openable else "",
        address=fit(entry.url),
        page=page,
        title=fit(entry.title),
        description=fit(entry.description),
        tags=tuple(fit(tag) for tag in entry.tags),
        topics=tuple(_topic(tag, found) for tag in entry.tags),
        authors=tuple(_author(one) for one in people),
        published=entry.saved_at if is_one_save else entry.at,
        updated=entry.updated_at,
        canonical=entry.canonical,
    )


def _author(person: Person) -> Author:
    return Author(fit(person.handle), _absolute(person.href) if person.href else "")


def _topic(tag: str, found: Found) -> str:
    key = tags.key(tag)
    owner = found.owner["local_name"] if found.owner else None
    if tags.is_private(tag) and owner is None and found.viewer:
        owner = found.viewer.username
    return absolute(addresses.person_tags(owner, (key,)) if owner else addresses.tags((key,)))


def _absolute(address: str) -> str:
    return absolute(address) if address.startswith("/") else address
