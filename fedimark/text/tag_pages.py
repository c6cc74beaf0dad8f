"""PURE. Where other software has the pages of its tags, and what it calls those that can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from fedimark.text import segments, slugs
from fedimark.text.tags import hashtag

OURS: Final = "fedimark"

# Read off the Hashtags that each of them publishes; GoToSocial and Lemmy show strangers no tag.
_HASHTAGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("mastodon", "hometown", "pleroma", "akkoma", "misskey", "sharkey", "nodebb"), "/tags/"),
        "mbin": "/tag/",
        "pixelfed": "/discover/tags/",
    }
)
# Bookmarking software keeps tags as they were typed.
_TAGS: Mapping[str, str] = MappingProxyType({"betula": "/tag/", "postmarks": "/tagged/", OURS: "/t/"})
SOFTWARE: Final = (*_HASHTAGS, *_TAGS)


@dataclass(frozen=True, slots=True)
class TagPage:
    """The path of a tag's page, and its name before the @ where it can be followed, else empty."""

    path: str
    name: str = ""


def tag_page(software: str, key: str) -> TagPage | None:
    """Where a server of some software has the tag with this key; None where it has it nowhere, or we know not."""
    if software in _TAGS:
        name = f"tag.{slugs.slug(key)}" if software == OURS else ""
        return TagPage(f"{_TAGS[software]}{segments.encode(key)}", name)
    word = hashtag(key) if software in _HASHTAGS else None
    return TagPage(f"{_HASHTAGS[software]}{segments.encode(word.casefold())}") if word else None
