"""PURE. A file of any format we know, read in chunks that fit one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import BinaryIO

from fedimark.importing.formats import PLAIN, Reading, opened
from fedimark.importing.rows import Broken, Draft
from fedimark.importing.seen import Seen
from fedimark.language.said import _
from fedimark.text import urls

ROWS = 500  # in a chunk


@dataclass(slots=True)
class Chunk:
    """Some rows of a file: `ends_at` is the number of the last one, counted from 1.

    Each draft stands with its number; `again` are the numbers of rows that say what another said before them.
    """

    ends_at: int
    drafts: list[Draft] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    broken: list[tuple[int, Broken]] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


def chunks(stream: BinaryIO, reading: Reading = PLAIN) -> Iterator[Chunk]:
    """Yield the rows of a file, five hundred at a time.

    Raises Refused, with words for people, when the file is empty, of no format we know, or an archive that is damaged
    or made to harm. A second row of an address is not saved: it is counted as known when it says the same, else it is
    broken.
    """
    chunk = Chunk(ends_at=0)
    with closing(Seen()) as seen:
        for number, row in enumerate(opened(stream).rows(reading), 1):
            _put(chunk, seen, number, row)
            if number % ROWS == 0:
                yield chunk
                chunk = Chunk(ends_at=number)
    if chunk.ends_at % ROWS:
        yield chunk


def _put(chunk: Chunk, seen: Seen, number: int, row: Draft | Broken) -> None:
    chunk.ends_at = number
    if isinstance(row, Broken):
        chunk.broken.append((number, row))
        return
    first, said = seen.first(urls.md5(row.url), number, hash(row))
    if first == number:
        chunk.drafts.append(row)
        chunk.numbers.append(number)
    elif said == hash(row):
        chunk.again.append(number)
    else:
        reason = _("Row %(first)s has the same address; that one was taken.", first=first)
        chunk.broken.append((number, Broken(reason, row.url)))
