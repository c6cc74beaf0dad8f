"""PURE. The words by which somebody keeps robots from passing on what they say."""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = ("#nobots", "#notagspub")
"""tags.pub reads them, and robots before it. In small letters, found anywhere in what somebody says of themselves."""

_MARKUP = re.compile(r"<[^<>]*>")
_NO_RELAYS = re.compile(r"#no(?:bot|relays?)(?![\w-])")


def refuses_bots(summary: str) -> bool:
    """Whether what somebody says of themselves, as text or HTML, holds one of these words."""
    said = _said(summary)
    return any(word in said for word in WORDS)


def refuses_relays(summary: str) -> bool:
    """Whether it keeps relays away: by those, or by name."""
    return refuses_bots(summary) or _NO_RELAYS.search(_said(summary)) is not None


def _said(summary: str) -> str:
    return _MARKUP.sub("", summary).lower()
