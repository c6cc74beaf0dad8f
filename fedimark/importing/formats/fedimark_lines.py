"""PURE. fedimark's own rows, for archives that lose nothing: one JSON object a line, below one that says what they are.

Every word, mark and moment of a bookmark is in it, to the microsecond, also what no other format can carry; and its id,
which nothing reads yet: a bookmark that moves is a new publication.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fedimark.importing.formats.fields import names, text
from fedimark.importing.formats.json_text import Text
from fedimark.importing.formats.making import PLAIN, Reading, is_yes, made
from fedimark.importing.formats.moments import iso_micros
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft
from fedimark.language.said import _
from fedimark.policy.visibility import BY_WORD, Visibility

OPEN = b'{"fedimark": "bookmarks", "version": 1}\n'

_VERSION = "1"
_LOOKS = re.compile(rb'\A\s*\{\s*"fedimark"\s*:\s*"bookmarks"')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return _LOOKS.match(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    objects = Text(source)
    head = objects.element()
    if not isinstance(head, dict) or head.get("version") != _VERSION:
        yield Broken(_("This archive was written by a later fedimark."), ends=True, line=1)
        return
    line = 1
    while objects.next_character():
        line += 1
        found = objects.element()
        if isinstance(found, Broken):
            yield Broken(found.reason, found.excerpt, found.ends, line)
            if found.ends:
                return
        else:
            yield _row(found, line) if isinstance(found, dict) else Broken("This row is no bookmark.", line=line)


def _row(row: Mapping[str, object], line: int) -> Draft | Broken:
    # A word nobody knows must not publish anything.
    visibility = BY_WORD.get(text(row, "visibility"), Visibility.PRIVATE)
    return made(
        url=text(row, "url"),
        title=text(row, "title"),
        description=text(row, "description"),
        private_note=text(row, "private_note"),
        tag_text=" ".join(names(row, "tags")),
        visibility=visibility,
        to_read=is_yes(row.get("to_read")),
        starred=is_yes(row.get("starred")),
        archived=is_yes(row.get("archived")),
        time=text(row, "saved_at"),
        source=text(row, "via"),
        line=line,
    )


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row, private ones too: the file is its owner's."""
    said = {
        "id": row["public_id"],
        "url": row["url"],
        "title": row["title"],
        "description": row["description"],
        "private_note": row["private_note"],
        "tags": row["tags"].split(),
        "visibility": Visibility(row["visibility"]).word,
        "to_read": bool(row["to_read"]),
        "starred": bool(row["starred"]),
        "archived": bool(row["archived"]),
        "saved_at": iso_micros(row["saved_at"]),
        "updated_at": iso_micros(row["updated_at"]),
        "via": row["via"],
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
