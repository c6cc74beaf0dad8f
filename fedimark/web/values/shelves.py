"""PURE. What people keep beside their bookmarks: bundles, sets of tabs, and notes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BundleLine:
    """One of the viewer’s bundles, and what it asks for in words."""

    name: str
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class TabSetLine:
    """One of the viewer’s sets of tabs: its tag, how many bookmarks it holds, and the moment of the newest."""

    name: str
    href: str
    count: int
    at: int


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note in its writer's list."""

    href: str
    title: str
    written_at: int
    is_public: bool


@dataclass(frozen=True, slots=True)
class ShownNote:
    """A note as its page shows it; `html` is what text.markdown made of it."""

    href: str
    title: str
    html: str
    written_at: int
    changed_at: int
    is_public: bool
