"""PURE. What a page says of itself: its name, and which address is its own. (RFC 6596, HTML §4.2)

Only its head is believed: what stands in a body may be anybody's words.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from fedimark.vocab.encodings import MARKS, believed, charset_of
from fedimark.vocab.head import READ, Tag, every_tag, header_links, tags

HTML_TYPES: Final = frozenset({"text/html", "application/xhtml+xml"})

_HEAD: Final = frozenset({"html", "head", "title", "base", "link", "meta", "style", "script", "noscript", "template"})
_LONGEST_TITLE: Final = 2_000
_MOST_LINKS: Final = 1_000
_LONGEST_HEADER: Final = 16_384
_SEARCHED: Final = 1_024  # bytes at the beginning of a page that may name its encoding, as in HTML
_META = re.compile(rb"<meta[^>]{0,200}?charset\s{0,8}=\s{0,8}[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageHead:
    """A page's title as it stands there, every address that it calls its own, and what it says it is about.

    Title and description are empty when there is none.
    """

    title: str
    canonicals: frozenset[str]
    description: str = ""


def is_html(content_type: str) -> bool:
    """Whether a Content-Type is that of a page."""
    return content_type.partition(";")[0].strip().lower() in HTML_TYPES


def read_head(page: bytes, content_type: str, url: str, link_header: str) -> PageHead:
    """Read what was found at a URL: the first 256 KB of a page, and its Link header."""
    title = other_title = description = other_description = ""
    base = url
    named = set(_canonicals_of_header(link_header, url))
    for tag in _head(_in_utf8(page[:READ], content_type)):
        said = tag.unescaped()
        if tag.name == "title":
            title = title or _unescaped(tag.text)
        elif tag.name == "meta":
            content = said.get("content", "")[:_LONGEST_TITLE].strip()
            match said.get("property", said.get("name", "")).lower():
                case "og:title":
                    other_title = other_title or content
                case "description":
                    description = description or content
                case "og:description":
                    other_description = other_description or content
        elif tag.name == "base" and base == url:
            base = _joined(url, said.get("href", "")) or url
        elif tag.name == "link" and "canonical" in said.get("rel", "").lower().split():
            named.add(_joined(base, said.get("href", "")))
    return PageHead(title or other_title, frozenset(named - {""}), description or other_description)


def links_to_me(page: bytes, content_type: str, url: str, link_header: str) -> frozenset[str]:
    """The addresses that a page calls those of its own author, `rel="me"`: in its first 256 KB, and its Link header.

    Elements of its body count: there people put them. (microformats.org/wiki/rel-me)
    """
    named = {_joined(url, href) for href, said in header_links(link_header[:_LONGEST_HEADER]) if _is_me(said)}
    for tag in every_tag(_in_utf8(page[:READ], content_type)):
        if tag.name in ("a", "link") and _is_me(tag.said):
            named.add(_joined(url, tag.unescaped().get("href", "")))
        if len(named) >= _MOST_LINKS:
            break
    return frozenset(named - {""})


def _is_me(said: Mapping[str, str]) -> bool:
    return "me" in said.get("rel", "").lower().split()


def _head(page: bytes) -> Iterator[Tag]:
    """The tags of a head: the first that can't stand in one begins the body, whether it says so or not."""
    for tag in tags(page):
        if tag.name not in _HEAD:
            return
        yield tag


def _canonicals_of_header(value: str, url: str) -> Iterator[str]:
    for href, said in header_links(value[:_LONGEST_HEADER]):
        # A link with an anchor speaks of something else than this page.
        if "canonical" in said.get("rel", "").lower().split() and "anchor" not in said:
            yield _joined(url, href)


def _in_utf8(page: bytes, content_type: str) -> bytes:
    """A page in UTF-8: by its own mark; by being UTF-8, whatever is said; by what its server or it itself says.

    The last resort fits any bytes.
    """
    for mark, encoding in MARKS:
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, "replace").encode("utf-8", "replace")
    found = _META.search(page[:_SEARCHED])
    said = charset_of(content_type) or (believed(found[1].decode("ascii")) if found else None)
    # Whoever could be searched as ASCII does not take two bytes for a character.
    for encoding in ("utf-8", said if said and not said.startswith("utf-16") else "cp1252"):
        try:
            # A page that was cut in the middle of a character is no other encoding for that.
            return codecs.getincrementaldecoder(encoding)().decode(page).encode("utf-8", "replace")
        except UnicodeError:
            continue
    return page.decode("cp1252", "replace").encode("utf-8")


def _unescaped(text: str) -> str:
    # Short ones only: html.unescape fails over numbers of some thousand digits.
    return html.unescape(text[:_LONGEST_TITLE]).strip()


def _joined(base: str, href: str) -> str:
    """An absolute address, empty for what is none."""
    href = href.strip()
    try:
        return urljoin(base, href) if href else ""
    except ValueError:
        return ""
