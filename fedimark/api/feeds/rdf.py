"""PURE. A feed as RSS 1.0, as Pinboard writes it: Dublin Core says who, when and which tags. (RSS 1.0 §5)

What RFC 5005 and WebSub add is said as in RSS 2.0.
"""

from __future__ import annotations

from fedimark.api.feeds.atom import links
from fedimark.api.feeds.feed import Feed, FeedEntry, iri, lines, moment
from fedimark.api.feeds.xml import DECLARATION, element, empty, opened

_NAMES = " ".join(
    (
        'xmlns="http://purl.org/rss/1.0/"',
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"',
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        'xmlns:taxo="http://purl.org/rss/1.0/modules/taxonomy/"',
        'xmlns:atom="http://www.w3.org/2005/Atom"',
        'xmlns:fh="http://purl.org/syndication/history/1.0"',
    )
)


def rdf(feed: Feed) -> str:
    """The document."""
    return lines(
        (
            DECLARATION,
            f"<rdf:RDF {_NAMES}>",
            opened("channel", rdf__about=iri(feed.page)),
            element("title", feed.title),
            element("link", iri(feed.page)),
            element("description", feed.title),
            *links("atom:link", feed, "application/rdf+xml"),
            "<fh:complete/>" if feed.is_whole else "",
            "<items><rdf:Seq>",
            *(empty("rdf:li", rdf__resource=_about(entry)) for entry in feed.entries),
            "</rdf:Seq></items>",
            "</channel>",
            *map(_entry, feed.entries),
            "</rdf:RDF>",
        )
    )


def _entry(entry: FeedEntry) -> str:
    about = _about(entry)
    bag = "".join(empty("rdf:li", rdf__resource=iri(topic)) for topic in entry.topics)
    return lines(
        (
            opened("item", rdf__about=about),
            element("title", entry.title),
            element("link", about),
            element("description", entry.description if entry.url else f"{entry.address}\n{entry.description}"),
            element("dc:date", moment(entry.published)),
            element("dc:creator", entry.authors[0].name),
            element("dc:subject", " ".join(entry.tags)) if entry.tags else "",
            element("dc:identifier", iri(entry.page)),
            f"<taxo:topics><rdf:Bag>{bag}</rdf:Bag></taxo:topics>" if bag else "",
            "</item>",
        )
    ).rstrip("\n")


def _about(entry: FeedEntry) -> str:
    return iri(entry.url or entry.page)
