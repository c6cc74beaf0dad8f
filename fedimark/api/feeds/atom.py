"""PURE. A feed as Atom. (RFC 4287, RFC 5005)"""

from __future__ import annotations

from fedimark.api.feeds.feed import Feed, FeedEntry, iri, lines, moment
from fedimark.api.feeds.xml import DECLARATION, element, empty


def atom(feed: Feed) -> str:
    """The document. What is the whole of its stream says so; what is a part names its neighbours."""
    return lines(
        (
            DECLARATION,
            '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:fh="http://purl.org/syndication/history/1.0">',
            element("id", feed.id),
            element("title", feed.title),
            element("updated", moment(feed.updated)),
            element("generator", "fedimark"),
            empty("link", rel="alternate", type="text/html", href=iri(feed.page)),
            *links("link", feed, "application/atom+xml"),
            "<fh:complete/>" if feed.is_whole else "",
            *map(_entry, feed.entries),
            "</feed>",
        )
    )


def links(name: str, feed: Feed, kind: str) -> list[str]:
    """A feed's own address and those of its neighbours, of a media type, as `link` elements of Atom. (RFC 5005 §3)"""
    named = [empty(name, rel=rel, type=kind, href=iri(href)) for rel, href in feed.neighbours.items()]
    return [*named, empty(name, rel="hub", href=iri(feed.hub))] if feed.hub else named


def _entry(entry: FeedEntry) -> str:
    people = "".join(
        f"<author>{element('name', one.name)}{element('uri', iri(one.href)) if one.href else ''}</author>"
        for one in entry.authors
    )
    return lines(
        (
            "<entry>",
            element("id", entry.id),
            element("title", entry.title),
            element("published", moment(entry.published)),
            element("updated", moment(max(entry.updated, entry.published))),
            people,
            empty("link", rel="alternate", href=iri(entry.url or entry.page)),
            empty("link", rel="related", type="text/html", href=iri(entry.page)),
            *(empty("category", term=tag, scheme=_scheme(topic)) for tag, topic in entry.tagged),
            element("content", entry.content, type="html") if entry.description else "",
            # Where no link may lead, the words alone say what was saved.
            element("summary", entry.address) if not entry.url else "",
            "</entry>",
        )
    ).rstrip("\n")


def _scheme(topic: str) -> str:
    """The address that all tags of somebody, or of everybody, begin with."""
    return f"{topic.rpartition('/')[0]}/"
