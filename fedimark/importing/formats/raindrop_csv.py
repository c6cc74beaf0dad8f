"""PURE. Raindrop's CSV: tags between `, `, folders as a path, a note, an excerpt, highlights, a favourite.

Its note is what the person wrote, shown to whoever sees the collection: the description here, for want of one the
excerpt. Raindrop keeps no to-read and nothing of who sees what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fedimark.importing.formats.making import PLAIN, Reading, folders_of, is_yes, made, tags_of
from fedimark.importing.formats.moments import iso_millis
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import Record, head_of, records, written
from fedimark.importing.rows import Broken, Draft

_COLUMNS = ("id", "title", "note", "excerpt", "url", "folder", "tags", "created", "cover", "highlights", "favorite")
OPEN = (",".join(_COLUMNS) + "\r\n").encode()
_OWN = frozenset({"excerpt", "cover", "highlights", "favorite"})


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    names = head_of(head)
    return {"url", "folder", "tags"} <= names and not _OWN.isdisjoint(names)


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        yield row if isinstance(row, Broken) else _row(row, reading)


def _row(row: Record, reading: Reading) -> Draft | Broken:
    path = row["folder"].split(" / ") if " / " in row["folder"] else row["folder"].split("/")
    folders = folders_of([] if path == ["Unsorted"] else path, reading)
    said = row["note"] or row["excerpt"]
    marked = row["highlights"].strip()
    return made(
        url=row["url"],
        title=row["title"],
        description=f"{said}\n\n{marked}" if said and marked else said or marked,
        tag_text=f"{tags_of(row['tags'].split(','))} {folders}",
        starred=is_yes(row["favorite"]),
        time=row["created"],
        line=row.line,
    )


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as Raindrop writes it, in the folder `fedimark`; `OPEN` stands before the first."""
    values = {
        "title": row["title"],
        "note": row["description"],
        "url": row["url"],
        "folder": "fedimark",
        "tags": ", ".join(row["tags"].split()),
        "created": iso_millis(row["saved_at"]),
        "favorite": "true" if row["starred"] else "false",
    }
    return written([values.get(name, "") for name in _COLUMNS])
