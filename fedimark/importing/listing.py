"""What became of each row of an import, as a table that spreadsheets open."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence

from fedimark.database import Row, among, fetch, fetch_one, several
from fedimark.importing.outcomes import Told, ids_in, told
from fedimark.language.catalogue import Catalogue
from fedimark.language.said import said

_NEXT = "SELECT ends_at, outcomes, undone FROM imported_chunk WHERE job_id = ? AND ends_at > ? ORDER BY ends_at LIMIT 1"
_HEAD = ("row", "outcome", "address", "title", "reason")
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


async def listed(job: Row, catalogue: Catalogue) -> AsyncIterator[bytes]:
    """Yield a CSV of every row of an import: its number in the file, what became of it, and why.

    Why is said in the language of a catalogue; all else is for programs too, and the same in each. Addresses and titles
    are those of the bookmarks as they are now; of those that are gone there are none.
    """
    yield _lines([_HEAD])
    place = 0
    while (chunk := await fetch_one(_NEXT, job["id"], place)) is not None:
        place = chunk["ends_at"]
        rows = list(told(chunk["outcomes"]))
        sql = f"SELECT id, url, title FROM bookmark WHERE id {among()} AND is_local AND removed_at IS NULL"
        found = {row["id"]: row for row in await fetch(sql, several(ids_in(rows)))}
        undone = bool(chunk["undone"])
        yield _lines([_line(row, found.get(row.bookmark_id), catalogue, undone=undone) for row in rows])


def _line(row: Told, bookmark: Row | None, catalogue: Catalogue, *, undone: bool) -> Sequence[str]:
    fate = f"{row.fate}, taken back" if undone and row.fate in ("new", "changed") else row.fate
    address = bookmark["url"] if bookmark else row.excerpt
    reason = said(row.reason).written(catalogue)
    return str(row.number), fate, _cell(address), _cell(bookmark["title"] if bookmark else ""), _cell(reason)


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _lines(rows: Sequence[Sequence[str]]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()
