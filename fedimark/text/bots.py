"""PURE. The words by which somebody keeps robots from passing on what they say. (tags.pub, GetMoarFediverse)"""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = ("#nobots", "#notagspub")

_MARKUP = re.compile(r"<[^<>]*>")


def refuses_bots(summary: str) -> bool:
    """Whether what somebody says of themselves, as text or HTML, holds one of these words."""
    said = _MARKUP.sub("", summary).lower()
    return any(word in said for word in WORDS)
