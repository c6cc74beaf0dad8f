"""PURE. A file of any format we know, read in chunks that fit one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from fedimark.errors import Refused, WrongType
from fedimark.importing.formats import HEAD_BYTES, READABLE, Format
from fedimark.importing.rows import Broken, Draft
from fedimark.text import urls

ROWS = 100  # in a chunk


@dataclass(slots=True)
class Chunk:
    """Some rows of a file: `ends_at` is the number of the last one, counted from 1; `again` counts repeated rows."""

    ends_at: int
    drafts: list[Draft] = field(default_factory=list)
    broken: list[tuple[int, Broken]] = field(default_factory=list)
    again: int = 0


def chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the rows of a file, a hundred at a time.

    Raises Refused, with words for people, when the file is empty or of no format we know. A second row of an address
    is not saved: it is counted as known when it says the same, else it is broken.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    known = _format_of(head)
    seen: dict[str, tuple[int, int]] = {}
    chunk = Chunk(ends_at=0)
    for number, row in enumerate(known.read(stream), 1):
        if isinstance(row, Broken):
            chunk.broken.append((number, row))
        else:
            first, said = seen.setdefault(urls.md5(row.url), (number, hash(row)))
            if first == number:
                chunk.drafts.append(row)
            elif said == hash(row):
                chunk.again += 1
            else:
                chunk.broken.append((number, Broken(f"Row {first} has the same address; that one was taken.", row.url)))
        chunk.ends_at = number
        if number % ROWS == 0:
            yield chunk
            chunk = Chunk(ends_at=number)
    if chunk.ends_at % ROWS:
        yield chunk


def _format_of(head: bytes) -> Format:
    if not head.strip():
        raise Refused("The file is empty.", field="file")
    for known in READABLE:
        if known.probe(head):
            return known
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:2] == b"\0":
        raise WrongType("The file is UTF-16. Save it as UTF-8 and try again.", field="file")
    if head.lstrip()[:1] in (b"{", b"["):
        raise WrongType("The file is JSON, but no list of bookmarks as Pinboard exports it.", field="file")
    names = ", ".join(known.name for known in READABLE)
    raise WrongType(f"The file is of no format this server reads ({names}).", field="file")
