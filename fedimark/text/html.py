"""PURE. The one place that decides which HTML is allowed: our people write none, peers a little.

Every function takes time in proportion to its text and returns `str`; templates mark it safe.
"""

from __future__ import annotations

import html
import re
from itertools import islice
from typing import Final

import nh3

from fedimark.text.clean import many_lines
from fedimark.text.urls import BadUrl, check

REL: Final = "nofollow noopener ugc"

_START = re.compile(r"(?<![A-Za-z0-9])https?://", re.IGNORECASE)
# Where a bare URL stops, and the brackets on the way. Letters of every script may stand in one; quotes and
# the punctuation of Chinese and Japanese may not, since no space divides it from the URL.
_STOP = re.compile(r"[\s<>\"“”‘’„«»‹›「」『』【】《》〈〉（）。，、；：！？()\[\]{}]")
_CLOSERS: Final = {")": "(", "]": "[", "}": "{"}
_TRAILING: Final = ".,;:!?'*_~`|\\([{"
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")

_HEADINGS = re.compile(r"<(/?)h[1-6]>")
_HEADING_TAGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS: Final = frozenset({"p", "blockquote", "ul", "ol", "pre"}) | _HEADING_TAGS
_HTML_LIMIT: Final = 262_144
_TAGS_LIMIT: Final = 8_000
_TAG = re.compile(r"</?[A-Za-z]")
_AMPERSANDS_LIMIT: Final = 8_000
# Whatever may stand for one: all but numbers of other characters, and the names of the commonest.
_AMPERSAND = re.compile(
    r"&(?!(?:lt|gt|quot|apos|nbsp);"
    r"|#(?!0*+38(?![0-9])|[xX]0*+26(?![0-9A-Fa-f]))(?:[0-9]|[xX][0-9A-Fa-f]))"
)
_FORMATTING = re.compile(r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/])", re.IGNORECASE)
_CLASSES = re.compile(r"mention|hashtag|ellipsis|invisible|quote-inline|(?:h|p|u|dt|e)-[a-z0-9-]+")
_PIECE = re.compile(r"<(?P<slash>/?)(?P<tag>[a-z0-9]+)>|(?P<words>[^<]+)")
_HTML_SPACE: Final = " \t\n\r\f"
_HTML_SPACES = re.compile(f"[{_HTML_SPACE}]+")


def escape(text: str) -> str:
    """Return text as HTML shows it, fit for elements and quoted attributes."""
    return html.escape(text, quote=True)


def linkify(text: str, rel: str = REL) -> str:
    """Return plain text as HTML: bare http(s) URLs are links of this `rel`, a new line is `<br>`, all else is as typed.

    Punctuation and closing brackets after a URL stay outside it, brackets that it opened itself do not.
    """
    out: list[str] = []
    done = 0
    text = text.replace("\r\n", "\n")
    while found := _START.search(text, done):
        end = _end_of_url(text, found.end())
        out.append(_lines(text[done : found.start()]))
        out.append(_anchor(text[found.start() : end], rel))
        done = end
    out.append(_lines(text[done:]))
    return "".join(out)


def own_link(text: str) -> str:
    """Return a field of a profile as HTML: an address that is all of it is linked as its owner's own, `rel="me"`."""
    address = own_address(text)
    return f'<a href="{escape(address)}" rel="me {REL}">{escape(address)}</a>' if address else linkify(text)


def own_address(text: str) -> str:
    """The http(s) address that a field of a profile is, empty where it is something else, or says more."""
    begun = _START.match(text.strip())
    if begun is None or _end_of_url(text.strip(), begun.end()) < len(text.strip()):
        return ""
    try:
        check(text.strip())
    except BadUrl:
        return ""
    return text.strip()


def paragraphs(text: str) -> str:
    """Return plain text as `<p>` elements, divided at blank lines and filled as `linkify` does."""
    parts = _BLANK_LINES.split(text.replace("\r\n", "\n"))
    return "".join(f"<p>{linkify(part.strip(chr(10)))}</p>" for part in parts if part.strip())


def sanitise(remote: str) -> str:
    """Return what Mastodon would keep of a peer's HTML; headings become bold paragraphs.

    Links keep http(s) targets only and are nofollow; images, scripts, styles and comments are gone. Only the
    first 262,144 characters, 8,000 tags, opening or closing, and 8,000 ampersands are read.
    """
    if not remote:  # as most people say of themselves
        return ""
    cleaned = _CLEANER.clean(_tamed(remote))
    return _HEADINGS.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", cleaned)


def to_text(remote: str) -> str:
    """Return the words of a peer's HTML: a blank line between paragraphs, `<br>` a new line, no entities.

    The answer is text, not HTML: escape it before showing it.
    """
    reader = _TextReader()
    # The sanitiser's output is well-formed: every `<` of it begins a tag, without attributes, that it let be.
    for piece in _PIECE.finditer(_WORDS.clean(_tamed(remote))):
        reader.take(piece["tag"] or "", piece["words"] or "", is_end=piece["slash"] == "/")
    return reader.text()


def only_anchors(remote: str) -> str:
    """Return the links in a peer's HTML as `sanitise` lets them be, with all their classes, and every word."""
    return _ANCHORS.clean(_tamed(remote))


def _tamed(remote: str) -> str:
    """Bound what HTML's own parsing rules let a page of hostile tags cost: depth squared, and worse.

    Unlike formatting elements (`<b a=1><b a=2>…`) are all opened again in every later paragraph, like ones only
    three times; so their attributes, which nobody keeps, go to an unknown element, which is dropped.
    For each ampersand ammonia looks through all that is left: of a text of nothing else, for most of a second.
    """
    text = _up_to(many_lines(remote, _HTML_LIMIT), _TAG, _TAGS_LIMIT)
    if text.count("&") > _AMPERSANDS_LIMIT:
        text = _up_to(text, _AMPERSAND, _AMPERSANDS_LIMIT)
    return _FORMATTING.sub(r"<\1><x-\1", text)


def _up_to(text: str, pattern: re.Pattern[str], most: int) -> str:
    beyond = next(islice(pattern.finditer(text), most, None), None)
    return text[: beyond.start()] if beyond else text


def _end_of_url(text: str, start: int) -> int:
    opened: dict[str, int] = {}
    end = len(text)
    for stop in _STOP.finditer(text, start):
        character = stop[0]
        if character in "([{":
            opened[character] = opened.get(character, 0) + 1
        elif opened.get(_CLOSERS.get(character, ""), 0):
            opened[_CLOSERS[character]] -= 1
        else:
            end = stop.start()
            break
    while end > start and text[end - 1] in _TRAILING:
        end -= 1
    return end


def _anchor(url: str, rel: str) -> str:
    try:
        check(url)
    except BadUrl:
        return escape(url)
    told = f' rel="{rel}"' if rel else ""
    return f'<a href="{escape(url)}"{told}>{escape(url)}</a>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>\n")


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name != "class":
        return value
    return " ".join(word for word in value.split() if _CLASSES.fullmatch(word)) or None


_CLEANER: Final = nh3.Cleaner(
    tags={"p", "br", "span", "a", "del", "s", "pre", "blockquote", "code", "b", "strong", "u", "i", "em"}
    | {"ul", "ol", "li", "ruby", "rt", "rp"}
    | _HEADING_TAGS,
    clean_content_tags={"script", "style"},
    attributes={
        "a": {"href", "class"},
        "span": {"class"},
        "p": {"class"},
        "ol": {"start", "reversed"},
        "li": {"value"},
    },
    attribute_filter=_attribute,
    link_rel=REL,
    url_schemes={"http", "https"},
    url_relative="deny",
)
# For who reads words or links alone: a third of the time, since nothing of ours is asked about each attribute.
_WORDS: Final = nh3.Cleaner(
    tags={"br", "li"} | _BLOCKS, clean_content_tags={"script", "style"}, attributes={}, link_rel=None
)
_ANCHORS: Final = nh3.Cleaner(
    tags={"a"},
    clean_content_tags={"script", "style"},
    attributes={"a": {"href", "class"}},
    link_rel=None,
    url_schemes={"http", "https"},
    url_relative="deny",
)


class _TextReader:
    """Collects words; a break is only counted, and written when a word follows it."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._breaks = 0
        self._space = False
        self._pre = 0

    def text(self) -> str:
        """Return what was read."""
        return "".join(self._out)

    def take(self, tag: str, words: str, *, is_end: bool) -> None:
        """The next tag, or the words up to it."""
        if words:
            self._say(html.unescape(words))
        elif is_end:
            self._end(tag)
        else:
            self._begin(tag)

    def _begin(self, tag: str) -> None:
        if tag == "br":
            self._breaks += 1
        elif tag in _BLOCKS:
            self._breaks = max(self._breaks, 2)
            self._pre += tag == "pre"
        elif tag == "li":
            self._breaks = max(self._breaks, 1)

    def _end(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._breaks = max(self._breaks, 2)
            self._pre -= tag == "pre"

    def _say(self, data: str) -> None:
        if self._pre:
            self._write(data)
            return
        words = data.strip(_HTML_SPACE)
        self._space |= data[:1] in _HTML_SPACE
        if words:
            self._write(_HTML_SPACES.sub(" ", words))
            self._space = data[-1] in _HTML_SPACE

    def _write(self, words: str) -> None:
        if self._out and self._breaks:
            self._out.append("\n" * self._breaks)
        elif self._out and self._space:
            self._out.append(" ")
        self._out.append(words)
        self._breaks, self._space = 0, False
