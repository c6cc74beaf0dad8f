"""PURE. What the form that saves knows of a page, and what an edit of many is about to do."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class DotTag:
    """A tag that a leading dot makes private, and the one probably meant: `.net`, `dotnet`."""

    tag: str
    offer: str


@dataclass(frozen=True, slots=True)
class OtherSpelling:
    """The viewer's bookmark of the same page under another spelling of its address."""

    url: str
    href: str
    at: int


@dataclass(frozen=True, slots=True)
class OldWords:
    """What the viewer said of a page before, and when."""

    href: str
    at: int
    title: str
    description: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlsoSaved:
    """Others who saved a page, how many more there are, and where all of them stand."""

    people: tuple[Person, ...]
    more: int
    href: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Tags to press, and whose they are in words."""

    kind: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What the form that saves knows of a page; `look` is its address where it may be asked what it calls itself."""

    old: OldWords | None = None
    also: AlsoSaved | None = None
    offers: tuple[Offer, ...] = ()
    look: str = ""


@dataclass(frozen=True, slots=True)
class Editing:
    """What the add and edit form says beside its fields.

    `is_fresh` says that it knows of no bookmark of this address: then one is not replaced without a word. `after` goes
    through unchanged.
    `copied_from` is whose bookmark it is filled in from, `is_partial` that only the address was theirs to give.
    `already_at`: when this very address was saved. `secret`: the address looks as if it must not be public. `jump` and
    `back` go through unchanged. `remove_href` is empty when adding, and tells the two forms apart.
    """

    action: str
    already_at: int | None = None
    other: OtherSpelling | None = None
    secret: bool = False
    dots: tuple[DotTag, ...] = ()
    jump: str = ""
    back: str = ""
    remove_href: str = ""
    cancel_href: str = ""
    copied_from: str = ""
    is_partial: bool = False
    is_fresh: bool = False
    after: str = ""
    about: About = About()


@dataclass(frozen=True, slots=True)
class BulkAsk:
    """An edit of many before it is done: what it does in words, to how many, and the first of them (address, title).

    `fields` are sent again; without `words` nothing that could be done was said yet.
    """

    words: str
    count: int
    first: tuple[tuple[str, str], ...]
    fields: tuple[tuple[str, str], ...]
    back: str
    is_delete: bool = False
