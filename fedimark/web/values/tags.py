"""PURE. Where else a tag is, and which streams of other servers a tag's page follows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TagPlace:
    """Another place of a page's tag: here how many it holds, of another server its host and how to follow it there.

    `handle` is what one pastes into another server, `follow_href` the form here that is filled in with it; both are
    empty where it cannot be followed.
    """

    word: str
    href: str
    count: int | None = None
    handle: str = ""
    follow_href: str = ""


@dataclass(frozen=True, slots=True)
class PageStream:
    """A stream of another server that the page of a tag here follows since `at` (microseconds).

    `what` is what it is, in words; `state` is requested, following or refused; `readers` is how many people here follow
    it too; the forms send `tag` and `who`.
    """

    tag: str
    tag_href: str
    name: str
    handle: str
    what: str
    href: str
    state: str
    at: int
    readers: int
    who: str
