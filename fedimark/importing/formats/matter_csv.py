"""PURE. Matter's history as CSV: tags between semicolons, and whether something waits in the queue, was read, is liked.

Of times it has one alone, when something was last looked at. What came as a letter has no address and cannot be kept.
"""

from __future__ import annotations

from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, is_yes, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import head_of, records
from fedimark.importing.rows import Broken, Draft


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return {"url", "in queue", "last interaction date"} <= head_of(head)


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        if isinstance(row, Broken):
            yield row
            continue
        yield made(
            url=row["url"],
            title=row["title"],
            tag_text=tags_of(row["tags"].split(";")),
            to_read=is_yes(row["in queue"].lower()) and not is_yes(row["read"].lower()),
            starred=is_yes(row["favorited"].lower()),
            time=row["last interaction date"],
            line=row.line,
        )
