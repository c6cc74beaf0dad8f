"""PURE. What stands in the head of a page, and in its Link header. Nothing else of the page is read.

One pass, which only ever goes on: time in proportion to the text. Python's own parser takes far longer for some.
(RFC 8288, HTML §4.2)
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fedimark.vocab.reading import LONGEST_ID

READ: Final = 262_144  # bytes of a page that are looked at

# What stands in these is no tag, whatever it looks like.
_OPAQUE: Final = frozenset(
    {b"script", b"style", b"title", b"noscript", b"template", b"textarea", b"iframe", b"noframes"}
)
_TITLE_END: Final = b"</title"
_TAG = re.compile(rb"</?([a-z][a-z0-9-]*+)(?=[\s/>])")
_END_OR_NAME = re.compile(rb"[\s/]*+(?:(>)|([^\s/>][^\s/>=]*+))")
_EQUALS = re.compile(rb"\s*+=\s*+")
_BARE = re.compile(rb"[^\s>]*+")
_PARAMETER = re.compile(
    r'[ \t]*+;[ \t]*+(?:([!#$%&\'*+.^_`|~0-9A-Za-z-]++)[ \t]*+(?:=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^\s;,"]*+)))?)?'
)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag that begins an element: its attributes as written, the first of each name; of a title also its text."""

    name: str
    said: Mapping[str, str]
    text: str = ""

    def unescaped(self) -> dict[str, str]:
        """The attributes as HTML means them; longer ones than any address are left out."""
        # html.unescape fails over numbers of some thousand digits.
        return {name: html.unescape(value) for name, value in self.said.items() if len(value) <= LONGEST_ID}


def tags(page: bytes) -> Iterator[Tag]:
    """The tags of a page in UTF-8 that stand before its body, or the end of its head, in its first 256 KB."""
    for tag in _walk(page):
        if tag.name in ("body", "/head"):
            return
        yield tag


def every_tag(page: bytes) -> Iterator[Tag]:
    """The tags of a page in UTF-8, those of its body too, in its first 256 KB."""
    return (tag for tag in _walk(page) if tag.name != "/head")


def _walk(page: bytes) -> Iterator[Tag]:
    """Every tag that begins an element, and the one that ends the head."""
    page = page[:READ]
    small = page.lower()  # of bytes only ASCII changes, so every place stays
    at = 0
    while (at := small.find(b"<", at)) >= 0:
        if small.startswith(b"<!--", at):
            at = _past(small, b"-->", at)
            continue
        tag = _TAG.match(small, at)
        if tag is None:
            at += 1
            continue
        is_end, name = small.startswith(b"</", at), tag[1]
        said, at = _attributes(page, tag.end())
        if is_end:
            if name == b"head":
                yield Tag("/head", {})
            continue
        begun = at
        if name in _OPAQUE:
            at = _past_element(small, name, at)
        if said is not None:
            is_whole = name == b"title" and small.endswith(_TITLE_END, begun, at)
            text = page[begun : at - len(_TITLE_END)] if is_whole else b""
            yield Tag(name.decode("ascii"), said, text.decode("utf-8", "replace"))


def header_links(value: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """The address of each link in a Link header, as written, and its parameters, the first of each name."""
    at = 0
    while (start := value.find("<", at)) >= 0 and (end := value.find(">", start)) >= 0:
        said: dict[str, str] = {}
        at = end + 1
        while found := _PARAMETER.match(value, at):
            at = found.end()
            if found[1]:
                said.setdefault(found[1].lower(), re.sub(r"\\(.)", r"\1", found[2]) if found[2] else found[3] or "")
        yield value[start + 1 : end].strip(), said
        at = value.find(",", at)
        if at < 0:
            return


def _attributes(page: bytes, at: int) -> tuple[dict[str, str] | None, int]:
    """Of a tag's attributes the first of each name, not unescaped, and where it ends; None for one without an end."""
    said: dict[str, str] = {}
    while found := _END_OR_NAME.match(page, at):
        if found[1]:
            return said, found.end()
        value, at = _value(page, found.end())
        said.setdefault(_text(found[2]).lower(), _text(value))
    return None, len(page)


def _value(page: bytes, at: int) -> tuple[bytes, int]:
    """What stands behind the name of an attribute, and where it ends."""
    equals = _EQUALS.match(page, at)
    if equals is None:
        return b"", at
    at = equals.end()
    if page[at : at + 1] not in (b'"', b"'"):
        bare = _BARE.match(page, at)
        return (bare[0], bare.end()) if bare else (b"", at)
    end = page.find(page[at : at + 1], at + 1)
    return (page[at + 1 : end], end + 1) if end >= 0 else (b"", len(page))


def _past(page: bytes, end: bytes, at: int) -> int:
    found = page.find(end, at)
    return len(page) if found < 0 else found + len(end)


def _past_element(page: bytes, name: bytes, at: int) -> int:
    """Behind the beginning of the end tag of an element whose words are no tags."""
    end = b"</" + name
    while (at := _past(page, end, at)) < len(page) and page[at : at + 1].isalnum():
        pass
    return at


def _text(said: bytes) -> str:
    try:
        return said.decode("utf-8")
    except UnicodeDecodeError:
        return ""
