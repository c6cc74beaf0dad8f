"""PURE. Readwise Reader's CSV: tags as Python prints a list, and where a document lies.

`new`, `later` and `shortlist` are to be read; `archive` was; `feed` came by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, made, tags_of
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.table import head_of, records
from fedimark.importing.rows import Broken, Draft

_TO_READ = frozenset({"new", "later", "shortlist"})
_LONGEST = 65_536  # characters of a field of tags that are read
_NAME = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return {"url", "document tags", "saved date"} <= head_of(head)


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each row, or Broken with the reason and its line, in the order of the file."""
    for row in records(source):
        if isinstance(row, Broken):
            yield row
            continue
        yield made(
            url=row["url"],
            title=row["title"],
            tag_text=tags_of(_names(row["document tags"])),
            to_read=row["location"].lower() in _TO_READ,
            time=row["saved date"],
            line=row.line,
        )


def _names(field: str) -> list[str]:
    if not field.strip().startswith("["):
        return field.split(",")
    return [single or double for single, double in _NAME.findall(field[:_LONGEST])]
