"""PURE. Linkwarden's export: collections of links, and which of them are pinned, in one object.

A collection names its parent by number and the pinned ones stand last, so the file is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fedimark.importing.formats.fields import names, text
from fedimark.importing.formats.json_tree import Closed, Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, made, shared, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft
from fedimark.language.said import _
from fedimark.policy.visibility import Visibility

_INSIDE = frozenset({"collections", "links", "pinnedLinks"})
_MOST = 200_000  # collections, and pinned links, that are kept in mind
_DEEPEST = 50
_LOOKS = re.compile(rb'"collections"\s*:\s*\[|"pinnedLinks"\s*:')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"{") and _LOOKS.search(head) is not None


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each link, or Broken with the reason, in the order of the file."""
    known = _look_over(source)
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif not isinstance(found, Closed) and found.key == "links" and isinstance(found.value, dict):
            yield _row(found, found.value, known, reading)


@dataclass(frozen=True, slots=True)
class _Collection:
    name: str
    parent: str  # its id
    visibility: Visibility | None


@dataclass(frozen=True, slots=True)
class _Known:
    collections: dict[str, _Collection] = field(default_factory=dict)  # by id
    pinned: set[str] = field(default_factory=set)  # ids of links


def _look_over(source: Source) -> _Known:
    known = _Known()
    for found in walk(source, _INSIDE):
        if isinstance(found, Closed) and found.folder.key == "collections" and len(known.collections) < _MOST:
            fields = found.folder.fields
            known.collections[text(fields, "id")] = _Collection(
                text(fields, "name"), text(fields, "parentId"), shared(fields.get("isPublic"))
            )
        elif isinstance(found, Row) and found.key == "pinnedLinks" and len(known.pinned) < _MOST:
            known.pinned.add(text(found.value, "id") if isinstance(found.value, dict) else "")
    source.seek(0)
    return known


def _row(found: Row, row: Mapping[str, object], known: _Known, reading: Reading) -> Draft | Broken:
    url, kind = text(row, "url"), text(row, "type")
    if not url:
        return Broken(_("This is a %(kind)s without an address, not a link.", kind=kind or "row"), text(row, "name"))
    at = text(row, "collectionId") or text(found.trail[-1].fields, "id")
    folder = known.collections.get(at)
    return made(
        url=url,
        title=text(row, "name"),
        description=text(row, "description"),
        tag_text=f"{tags_of(names(row, 'tags'))} {folders_of(_path(at, known), reading)}",
        visibility=folder.visibility if folder else None,
        starred=text(row, "id") in known.pinned,
        time=text(row, "importDate", "createdAt"),
    )


def _path(at: str, known: _Known) -> list[str]:
    path: list[str] = []
    while at in known.collections and len(path) < _DEEPEST:
        path.insert(0, known.collections[at].name)
        at = known.collections[at].parent
    return path
