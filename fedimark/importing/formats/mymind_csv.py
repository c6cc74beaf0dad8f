"""PURE. mymind's `cards.csv`: a card a row, with the words that were kept of it and a note of one's own.

Nobody else sees a mind, so notes stay private here. Cards without an address are texts and pictures, not links.
"""

from __future__ import annotations

from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import Record, head_of, records
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return {"id", "type", "url", "content", "note", "created"} <= head_of(head)


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each link, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        yield row if isinstance(row, Broken) else _row(row)


def _row(row: Record) -> Draft | Broken:
    if not row["url"].strip():
        words = excerpt(row["title"] or row["content"])
        return Broken(_("This is a text or a file, not a link."), words, line=row.line)
    return made(
        url=row["url"],
        title=row["title"],
        description=row["content"],
        private_note=row["note"],
        tag_text=tags_of(row["tags"].split(",")),
        time=row["created"],
        line=row.line,
    )
