"""PURE. A feed as RSS 2.0, with what Dublin Core, Atom and RFC 5005 add to it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from fedimark.api.feeds.atom import links
from fedimark.api.feeds.feed import Feed, FeedEntry, iri, lines
from fedimark.api.feeds.xml import DECLARATION, element
from fedimark.text.html import paragraphs

_NAMES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:fh="http://purl.org/syndication/history/1.0"'
)


def rss(feed: Feed) -> str:
    """The document. Descriptions are HTML, as every reader takes them; titles are text."""
    return lines(
        (
            DECLARATION,
            f'<rss version="2.0" {_NAMES}><channel>',
            element("title", feed.title),
            element("link", iri(feed.page)),
            element("description", feed.title),
            element("generator", "fedimark"),
            element("lastBuildDate", _moment(feed.updated)) if feed.entries else "",
            *links("atom:link", feed, "application/rss+xml"),
            "<fh:complete/>" if feed.is_whole else "",
            *map(_entry, feed.entries),
            "</channel></rss>",
        )
    )


def _entry(entry: FeedEntry) -> str:
    said = entry.content
    return lines(
        (
            "<item>",
            element("title", entry.title),
            element("link", iri(entry.url or entry.page)),
            element("guid", entry.id, isPermaLink="false"),
            element("pubDate", _moment(entry.published)),
            element("comments", iri(entry.page)),
            *(element("dc:creator", one.name) for one in entry.authors),
            *(element("category", tag) for tag in entry.tags),
            element("description", said if entry.url else paragraphs(entry.address) + said),
            "</item>",
        )
    ).rstrip("\n")


def _moment(at: int) -> str:
    """`Sat, 28 Feb 2026 12:00:00 +0000`. (RFC 5322)"""
    return format_datetime(datetime.fromtimestamp(at // 1_000_000, UTC))
