"""PURE. The links in a peer's HTML, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final

from fedimark.text.clean import one_line
from fedimark.text.html import only_anchors, sanitise

_LEADING = re.compile(r"(?:\s|<(?:p|strong|b|span|em)(?:\s[^>]*)?>)*<a\s")
_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class Anchor:
    """One link: where it leads, its words on one line, and its classes."""

    href: str
    words: str
    classes: frozenset[str]

    @property
    def is_name(self) -> bool:
        """Whether it stands for a person or a hashtag and not for a page."""
        # Misskey gives hashtags no class; mentions of every server begin with @.
        return bool(self.classes & {"mention", "hashtag"}) or (self.words[:1] in ("#", "@") and " " not in self.words)


def anchors(remote: str) -> tuple[Anchor, ...]:
    """The http(s) links in a peer's HTML, at most 64; time in proportion to the text."""
    reader = _Reader()
    # The sanitiser's output is well-formed, so the parser meets none of the input that makes it slow.
    reader.feed(only_anchors(remote))
    reader.close()
    return tuple(reader.found[:_MOST])


def begins_with_link(remote: str) -> bool:
    """Whether nothing stands before the first link, as in Postmarks' and indielinks' bookmarks."""
    return _LEADING.match(sanitise(remote)) is not None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Anchor] = []
        self._open: tuple[str, frozenset[str]] | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            return
        said = dict(attrs)
        href = said.get("href")
        self._words = []
        self._open = (href, frozenset((said.get("class") or "").split())) if href else None

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._open is not None:
            self.found.append(Anchor(self._open[0], one_line("".join(self._words)), self._open[1]))
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self._words.append(data)
