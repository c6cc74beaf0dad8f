"""PURE. What a telephone's share menu gives: an address, perhaps among words, and a title."""

from __future__ import annotations

import re
from typing import Final

LIMIT: Final = 8_000  # of what is read of each, in characters

_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def read(url: str, title: str, text: str) -> tuple[str, str, str]:
    """Return address, title and description of what was shared.

    Android names no address of its own: it stands in the text, mostly last, sometimes in the title.
    """
    url, title, text = url.strip()[:LIMIT], title.strip()[:LIMIT], text.strip()[:LIMIT]
    if not url:
        for words in (text, title):
            if found := _ADDRESS.findall(words):
                url = found[-1]
                break
    text = "" if text == title else text.removesuffix(url).strip() if url else text
    title = "" if title == url else title
    return (url, title, text) if title else (url, *_first_line(text))


def _first_line(text: str) -> tuple[str, str]:
    """A short line of its own is a title: what an app shares without one."""
    return (text, "") if "\n" not in text and len(text) <= 200 else ("", text)
