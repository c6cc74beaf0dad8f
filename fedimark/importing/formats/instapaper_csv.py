"""PURE. Instapaper's CSV: one folder a row, which says unread, archived or starred too; newer ones have times and tags.

What was archived there was read; `archived` here would hide it. Tags are an array of JSON in one field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, folders_of, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import Record, head_of, records
from fedimark.importing.rows import Broken, Draft

_OWN_FOLDERS = frozenset({"unread", "archive", "starred", ""})


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return {"url", "title", "selection", "folder"} <= head_of(head)


def read(source: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        yield row if isinstance(row, Broken) else _row(row, reading)


def _row(row: Record, reading: Reading) -> Draft | Broken:
    folder = row["folder"].strip()
    folders = "" if folder.lower() in _OWN_FOLDERS else folders_of([folder], reading)
    return made(
        url=row["url"],
        title=row["title"],
        description=row["selection"],
        tag_text=f"{tags_of(_names(row['tags']))} {folders}",
        to_read=folder.lower() == "unread",
        starred=folder.lower() == "starred",
        time=row["timestamp"],
        line=row.line,
    )


def _names(field: str) -> list[object]:
    if not field.strip().startswith("["):
        return list(field.split(","))
    try:
        names = json.loads(field)
    except (ValueError, RecursionError):
        return list(field.strip(' []"').replace('"', "").split(","))
    return names if isinstance(names, list) else []
