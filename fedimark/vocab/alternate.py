"""PURE. Where a page says that its ActivityStreams document is. (RFC 8288, HTML §4.2.4)"""

from __future__ import annotations

from collections.abc import Mapping

from fedimark.vocab.head import header_links, tags
from fedimark.vocab.terms import is_activity_type


def in_head(page: bytes) -> str | None:
    """The address in the first `<link rel="alternate">` of an ActivityStreams type in the head of a page, as written.

    Only the first 256 KB are looked at, up to the body.
    """
    links = (tag.unescaped() for tag in tags(page) if tag.name == "link")
    return next((href for said in links if _is_document(said) and (href := said.get("href", "").strip())), None)


def in_header(value: str) -> str | None:
    """The address in the first link of a Link header with rel `alternate` and an ActivityStreams type, as written."""
    return next((href for href, said in header_links(value) if href and _is_document(said)), None)


def _is_document(said: Mapping[str, str]) -> bool:
    return "alternate" in said.get("rel", "").lower().split() and is_activity_type(said.get("type", ""))
