"""PURE. Firefox's backups: one tree of typed nodes. (`.jsonlz4` is the same, packed)

Times count microseconds, tags stand in one text between commas, descriptions of older versions in annotations.
Firefox's own folders (`root`) name nothing; separators, livemarks and `place:` queries are no bookmarks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import objects, text
from fedimark.importing.formats.json_tree import Closed, Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft

_INSIDE = frozenset({"children"})
_PAGE = "text/x-moz-place"
_DESCRIPTION = "bookmarkProperties/description"
_LOOKS = re.compile(rb'"type(?:Code)?"\s*:\s*(?:"text/x-moz-place|[123]\b)|"root"\s*:\s*"placesRoot"')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"{") and _LOOKS.search(head) is not None


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark of the tree, or Broken with the reason, in the order of the file."""
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif not isinstance(found, Closed) and isinstance(found.value, dict) and _is_page(found.value):
            yield _row(found, found.value, reading)


def _is_page(node: Mapping[str, object]) -> bool:
    kind = node.get("type") or ("" if node.get("typeCode") != "1" else _PAGE)
    return kind == _PAGE and not text(node, "uri").startswith("place:")


def _row(found: Row, node: Mapping[str, object], reading: Reading) -> Draft | Broken:
    path = [text(folder.fields, "title") for folder in found.trail if "root" not in folder.fields]
    said = next((note for note in objects(node, "annos") if note.get("name") == _DESCRIPTION), {})
    return made(
        url=text(node, "uri"),
        title=text(node, "title"),
        description=text(said, "value"),
        tag_text=f"{tags_of(text(node, 'tags').split(','))} {folders_of(path, reading)}",
        time=text(node, "dateAdded"),
    )
