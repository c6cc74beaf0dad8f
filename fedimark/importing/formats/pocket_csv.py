"""PURE. Pocket's last CSV: tags between bars, seconds, and whether it was read (`archive`) or not (`unread`).

What was archived there was read; `archived` here would hide it.
"""

from __future__ import annotations

from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import head_of, records
from fedimark.importing.rows import Broken, Draft


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return {"url", "time_added"} <= head_of(head)


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        if isinstance(row, Broken):
            yield row
            continue
        yield made(
            url=row["url"],
            title=row["title"],
            tag_text=tags_of(row["tags"].replace(",", "|").split("|")),
            to_read=row["status"] == "unread",
            time=row["time_added"],
            line=row.line,
        )
