"""PURE. Karakeep's (once Hoarder's) export: bookmarks, and in newer ones the lists they are in.

What is no link, but a text or nothing, is no bookmark here. Lists stand behind the bookmarks, so the file is read twice
where folders matter. Its `note` is the owner's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import inner, names, text
from fedimark.importing.formats.json_tree import Closed, Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, is_yes, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _

_INSIDE = frozenset({"bookmarks", "lists"})
_MOST = 200_000  # lists that are kept in mind
_DEEPEST = 50
_LOOKS = re.compile(rb'\A\s*\{\s*"(?:bookmarks|lists)"\s*:\s*\[\s*[\]{]')

_Lists = Mapping[str, tuple[str, str]]  # by id: name, and id of the parent


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return _LOOKS.search(head) is not None


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each link, or Broken with the reason, in the order of the file."""
    lists = {} if reading.folders == "leave" else _lists(source)
    for found in walk(source, frozenset({"bookmarks"})):
        if isinstance(found, Broken):
            yield found
        elif not isinstance(found, Closed) and found.key == "bookmarks":
            yield _row(found.value, lists, reading) if isinstance(found.value, dict) else Broken("This is no bookmark.")


def _lists(source: Source) -> _Lists:
    lists: dict[str, tuple[str, str]] = {}
    for found in walk(source, _INSIDE):
        if isinstance(found, Row) and found.key == "lists" and isinstance(found.value, dict) and len(lists) < _MOST:
            lists[text(found.value, "id")] = (text(found.value, "name"), text(found.value, "parentId"))
    source.seek(0)
    return lists


def _row(row: Mapping[str, object], lists: _Lists, reading: Reading) -> Draft | Broken:
    content = inner(row, "content")
    if not text(content, "url"):
        return Broken(_("This is a text or a file, not a link."), excerpt(text(row, "title") or text(content, "text")))
    folders = [folders_of(_path(each, lists), reading) for each in names(row, "lists")]
    return made(
        url=text(content, "url"),
        title=text(row, "title"),
        private_note=text(row, "note"),
        tag_text=" ".join([tags_of(names(row, "tags")), *folders]),
        starred=is_yes(row.get("favourited")),
        archived=is_yes(row.get("archived")),
        time=text(row, "createdAt"),
    )


def _path(at: str, lists: _Lists) -> list[str]:
    path: list[str] = []
    while at in lists and len(path) < _DEEPEST:
        name, at = lists[at]
        path.insert(0, name)
    return path
