"""PURE. Collections of other servers and their pages as one strict type."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.vocab.reading import Unreadable, is_web_url, one_type, own_id
from fedimark.vocab.terms import Doc

COLLECTION_TYPES = frozenset({"Collection", "OrderedCollection", "CollectionPage", "OrderedCollectionPage"})
MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection or one page of it: what stands in it, and where to read on.

    `things` are documents or http(s) ids. `first` and `next` are a page's address, or the page itself.
    """

    id: str | None
    things: tuple[str | Doc, ...]
    first: str | Doc | None
    next: str | Doc | None


def read_collection(doc: Doc) -> Collection:
    """Read a collection or a page, at most 500 things; raises Unreadable for another type."""
    if one_type(doc, COLLECTION_TYPES) is None:
        raise Unreadable("type")
    listed = doc.get("orderedItems")
    if listed is None:
        listed = doc.get("items")
    values = listed[:MOST_ITEMS] if isinstance(listed, list) else [listed]
    things = (_thing(each) for each in values)
    return Collection(
        id=own_id(doc),
        things=tuple(each for each in things if each is not None),
        first=_thing(doc.get("first")),
        next=_thing(doc.get("next")),
    )


def _thing(value: object) -> str | Doc | None:
    if isinstance(value, dict):
        return value
    return value if isinstance(value, str) and is_web_url(value) else None
