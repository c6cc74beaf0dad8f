"""PURE. A reader's network narrowed, and their lists of people, as pages show them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How a network page is narrowed now: `list_id` is empty for the whole network, `who` names somebody followed.

    `fields` are all of it, as a form sends it to be remembered. The last three are addresses.
    """

    list_id: str
    tag: str
    who: str
    person: str
    fields: tuple[tuple[str, str], ...]
    is_remembered: bool
    marks_read: bool
    without_tag: str
    without_who: str
    action: str


@dataclass(frozen=True, slots=True)
class ListLine:
    """One of the viewer’s lists of people."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class ListEdited:
    """A list of people on the page that changes it; `feed` is its secret address, empty without one."""

    name: str
    href: str
    feed: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on a list, or who could be: `who` is what the forms send."""

    handle: str
    name: str
    href: str
    who: str
    state: str
