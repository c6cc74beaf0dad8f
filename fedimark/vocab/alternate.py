"""PURE. Where a page says that a document of it is: the ActivityStreams one, or its feed. (RFC 8288, HTML §4.2.4)"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from fedimark.vocab.head import header_links, tags
from fedimark.vocab.terms import is_activity_type

Wanted: TypeAlias = Callable[[str], bool]
"""Whether a media type is that of the document one looks for."""


def in_head(page: bytes, wanted: Wanted = is_activity_type) -> str | None:
    """The address in the first `<link rel="alternate">` of a wanted type in the head of a page, as written.

    Only the first 256 KB are looked at, up to the body.
    """
    return next(all_in_head(page, wanted), None)


def all_in_head(page: bytes, wanted: Wanted) -> Iterator[str]:
    """All of these addresses."""
    links = (tag.unescaped() for tag in tags(page) if tag.name == "link")
    return (href for said in links if _is_document(said, wanted) and (href := said.get("href", "").strip()))


def in_header(value: str, wanted: Wanted = is_activity_type) -> str | None:
    """The address in the first link of a Link header with rel `alternate` and a wanted type, as written."""
    return next(all_in_header(value, wanted), None)


def all_in_header(value: str, wanted: Wanted) -> Iterator[str]:
    """All of these addresses."""
    return (href for href, said in header_links(value) if href and _is_document(said, wanted))


def _is_document(said: Mapping[str, str], wanted: Wanted) -> bool:
    return "alternate" in said.get("rel", "").lower().split() and wanted(said.get("type", ""))
