"""PURE. What an entry of a feed means as a bookmark: a page, and words about it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedimark.text import clean, html, tags, urls
from fedimark.vocab.feeds import FeedEntry

LONGEST_DESCRIPTION = 2_000  # of a whole article its beginning

_READ = 20_000  # characters of HTML, of which that beginning is taken
_TITLE_OF_WORDS = 100
_NOT_IN_TAGS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class FeedWords:
    """An entry as plain text, its `url` exactly as the feed says it."""

    url: str
    page_url: str
    title: str
    description: str
    tags: tuple[str, ...]


def words_of_entry(entry: FeedEntry) -> FeedWords | None:
    """Read an entry; None where its page is none that somebody could save here."""
    try:
        url = urls.check(entry.link)
    except urls.BadUrl:
        return None
    description = clean.many_lines(_text(entry.words, is_html=entry.words_are_html)).strip()
    title = clean.one_line(_text(entry.title, is_html=entry.title_is_html).replace("\n", " "))
    # Microblogs have no titles.
    title = title or _cut(clean.one_line(description.partition("\n")[0], _TITLE_OF_WORDS + 1), _TITLE_OF_WORDS)
    words = (_NOT_IN_TAGS.sub("-", tag.strip().lstrip("#")) for tag in entry.tags)
    kept = tags.split(" ".join(word for word in words if not tags.is_private(word)))
    return FeedWords(url, entry.page, title, _cut(description, LONGEST_DESCRIPTION), kept)


def _text(said: str, *, is_html: bool) -> str:
    return html.to_text(said[:_READ]) if is_html else said[:_READ]


def _cut(text: str, limit: int) -> str:
    """A text that is short enough, cut between two words where it is not."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return f"{head.rpartition(' ')[0] or head} …"
