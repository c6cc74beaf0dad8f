"""PURE. JSON Feed 1 and 1.1. (https://www.jsonfeed.org/version/1.1/)"""

from __future__ import annotations

from fedimark.vocab.feed_parts import LONGEST_WORDS, MOST_ENTRIES, FeedEntry, NoFeed, RawFeed, moment
from fedimark.vocab.reading import LONGEST_ID, Unreadable, is_web_url, loads, text
from fedimark.vocab.terms import Doc

_VERSIONS = ("https://jsonfeed.org/version/1", "http://jsonfeed.org/version/1")
_MOST_TAGS = 100


def read(said: str) -> RawFeed:
    """Read a JSON Feed. Raises NoFeed."""
    try:
        doc = loads(said.encode("utf-8", "replace"))
    except Unreadable as error:
        raise NoFeed(error.reason) from error
    if not text(doc.get("version")).startswith(_VERSIONS):
        raise NoFeed("not-a-feed")
    items = doc.get("items")
    found = items[:MOST_ENTRIES] if isinstance(items, list) else []
    entries = tuple(_entry(item) for item in found if isinstance(item, dict))
    return RawFeed(text(doc.get("title")), text(doc.get("home_page_url"), LONGEST_ID), 0, entries)


def _entry(item: Doc) -> FeedEntry:
    number = item.get("id")
    guid = str(number) if isinstance(number, int | float) else text(number)
    url, elsewhere = text(item.get("url"), LONGEST_ID), text(item.get("external_url"), LONGEST_ID)
    plain = text(item.get("summary"), LONGEST_WORDS) or text(item.get("content_text"), LONGEST_WORDS)
    tags = item.get("tags")
    said = tags[:_MOST_TAGS] if isinstance(tags, list) else []
    return FeedEntry(
        guid=guid,
        # An entry about a page elsewhere names it so; its own page comes second.
        links=(elsewhere, url, guid if is_web_url(guid) else ""),
        pages=(url,),
        title=text(item.get("title")),
        title_is_html=False,
        words=plain or text(item.get("content_html"), LONGEST_WORDS),
        words_are_html=not plain,
        tags=tuple(dict.fromkeys(word for word in map(text, said) if word)),
        published=moment(text(item.get("date_published")) or text(item.get("date_modified"))),
    )
