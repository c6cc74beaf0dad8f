"""PURE. What a format makes of one row of a file."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.bookmarks.draft import Draft

__all__ = ["Broken", "Draft"]

_EXCERPT = 120


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that cannot be saved: why, in words for people, and how it begins.

    `ends` tells that nothing after it can be read; `line` is where it begins, counted from 1, or 0: nobody knows.
    """

    reason: str
    excerpt: str = ""
    ends: bool = False
    line: int = 0


def excerpt(text: str) -> str:
    """The beginning of a broken row, fit to be shown."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _EXCERPT]).split())
    return flat if len(flat) <= _EXCERPT else f"{flat[:_EXCERPT]}…"
