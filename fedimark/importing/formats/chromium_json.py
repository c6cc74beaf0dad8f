"""PURE. `Bookmarks` of Chromium and its kin: three roots of folders; times count microseconds since 1601.

Folders name themselves behind their children, since all fields stand in order of the alphabet: where folders matter
the file is read twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import text
from fedimark.importing.formats.json_tree import Closed, Folder, Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, made
from fedimark.importing.formats.moments import NoMoment, chromium_moment
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft, excerpt

_ROOTS = frozenset({"bookmark_bar", "other", "synced", "mobile", "custom_root", "speedDial", "unsorted", "userRoot"})
_INSIDE = frozenset({"roots", "children"}) | _ROOTS
_MOST_FOLDERS = 200_000
_LOOKS = re.compile(rb'"(?:roots|bookmark_bar)"\s*:\s*\{')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"{") and _LOOKS.search(head) is not None


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark of all roots, or Broken with the reason, in the order of the file."""
    names = {} if reading.folders == "leave" else _names(source)
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif not isinstance(found, Closed) and isinstance(found.value, dict) and "url" in found.value:
            yield _row(found, found.value, names, reading)


def _names(source: Source) -> dict[int, str]:
    """The names of folders by their numbers; those of Chromium's own are left out."""
    closed = (each.folder for each in walk(source, _INSIDE) if isinstance(each, Closed))
    names = {folder.number: text(folder.fields, "name") for folder in closed if _is_named(folder)}
    source.seek(0)
    return names


def _is_named(folder: Folder) -> bool:
    return folder.key == "children" and folder.number < _MOST_FOLDERS


def _row(found: Row, node: Mapping[str, object], names: Mapping[int, str], reading: Reading) -> Draft | Broken:
    url = text(node, "url")
    path = [names[folder.number] for folder in found.trail if folder.number in names]
    try:
        saved_at = chromium_moment(text(node, "date_added"))
    except NoMoment as error:
        return Broken(error.message, excerpt(url))
    return made(url=url, title=text(node, "name"), tag_text=folders_of(path, reading), saved_at=saved_at)
