"""PURE. Firefox's backups: one tree of typed nodes. (`.jsonlz4` is the same, packed)

Times count microseconds, tags stand in one text between commas, descriptions of older versions in annotations.
Older ones keep them in a tree beside the bookmarks, a folder a tag, in which each address stands again.
Firefox's own folders (`root`) name nothing; separators, livemarks and `place:` queries are no bookmarks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from fedimark.importing.formats.fields import objects, text
from fedimark.importing.formats.json_tree import Row, walk
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft

_INSIDE = frozenset({"children"})
_PAGE = "text/x-moz-place"
_TAGS_ROOT = b"tagsFolder"
_BLOCK = 65_536
_DESCRIPTION = "bookmarkProperties/description"
_LOOKS = re.compile(rb'"type(?:Code)?"\s*:\s*(?:"text/x-moz-place|[123]\b)|"root"\s*:\s*"placesRoot"')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"{") and _LOOKS.search(head) is not None


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark of the tree, or Broken with the reason, in the order of the file."""
    beside = _tags_beside(source)
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif isinstance(found, Row) and isinstance(found.value, dict) and _is_page(found.value):
            if _is_tagging(found):
                continue
            yield _row(found, found.value, beside, reading)


def _tags_beside(source: Source) -> dict[str, list[str]]:
    """The tags that stand in a tree of their own, by address: the file is read once more where it has one."""
    has_any, tail = False, b""
    while not has_any and (block := source.read(_BLOCK)):
        has_any, tail = _TAGS_ROOT in tail + block, block[-len(_TAGS_ROOT) :]
    source.seek(0)
    named: dict[str, list[str]] = {}
    for found in walk(source, _INSIDE) if has_any else ():
        if isinstance(found, Row) and isinstance(found.value, dict) and _is_page(found.value) and _is_tagging(found):
            named.setdefault(text(found.value, "uri"), []).append(text(found.trail[-1].fields, "title"))
    source.seek(0)
    return named


def _is_tagging(found: Row) -> bool:
    """Whether a row is a bookmark in a folder that is a tag."""
    return any(folder.fields.get("root") == "tagsFolder" for folder in found.trail[:-1])


def _is_page(node: Mapping[str, object]) -> bool:
    kind = node.get("type") or ("" if node.get("typeCode") != "1" else _PAGE)
    return kind == _PAGE and not text(node, "uri").startswith("place:")


def _row(found: Row, node: Mapping[str, object], beside: Mapping[str, list[str]], reading: Reading) -> Draft | Broken:
    path = [text(folder.fields, "title") for folder in found.trail if "root" not in folder.fields]
    said = next((note for note in objects(node, "annos") if note.get("name") == _DESCRIPTION), {})
    names = [*text(node, "tags").split(","), *beside.get(text(node, "uri"), ())]
    return made(
        url=text(node, "uri"),
        title=text(node, "title"),
        description=text(said, "value"),
        tag_text=f"{tags_of(names)} {folders_of(path, reading)}",
        time=text(node, "dateAdded"),
    )
