"""PURE. What is searched for, what was found of it elsewhere, and searches that are kept."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.timelines.entries import Person


@dataclass(frozen=True, slots=True)
class FoundElsewhere:
    """A bookmark that another server told of; `href` is where it stands, `copy_href` the form filled in from it."""

    url: str
    title: str
    description: str
    tags: tuple[str, ...]
    person: Person
    href: str
    at: int | None
    copy_href: str


@dataclass(frozen=True, slots=True)
class KeptSearch:
    """A search that the viewer keeps under a name; `number` is that of its bundle, which is in its feed's address."""

    name: str
    href: str
    number: int


@dataclass(frozen=True, slots=True)
class TypedAddress:
    """What was typed into the search box, where it is an address: of a page, with the one here that shows who saved it,
    or, where `page_href` is empty, of somebody or of a tag.
    """

    text: str
    page_href: str = ""


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What is searched for, where (mine, network, here or elsewhere), in which order; `trouble` is what of it was not
    understood, in sentences.

    `name` and `wrong` are of a search that was to be kept and was not; `address` is what was typed, where it is one. Of
    other servers, once they were `asked`: what was found, which answered, which of these have more, which did not.
    """

    text: str
    scope: str
    order: str = "newest"
    trouble: tuple[str, ...] = ()
    name: str = ""
    wrong: str = ""
    address: TypedAddress | None = None
    asked: bool = False
    found: tuple[FoundElsewhere, ...] = ()
    answered: tuple[str, ...] = ()
    with_more: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
