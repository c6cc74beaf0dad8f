"""What search finds, kept up by the worker: bookmarks are learned after they are saved, changed or gone, in batches.

What is to be learned stands in `unindexed`, written with the change. Everything that was there before the index, or
before this database was restored, is learned from the lowest id on, as far as `search_mark` says: the index itself is
neither backed up nor moved. Rows are read before they are written about, and whoever changes them meanwhile leaves a
row of their own: so the index ends at what holds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from fedimark.database import (
    Row,
    Script,
    among,
    ask,
    fetch,
    fetch_one,
    insert_many,
    is_hurried,
    is_sqlite,
    perform,
    performed,
    several,
)
from fedimark.here import here
from fedimark.jobs.waiting import one_at_a_time, work_off
from fedimark.search.documents import COLUMNS, Document, document
from fedimark.search.places import end_of, place_of

VERSION = 1  # of what a document is made of: with another number all is learned anew

_BATCH = 200
_AT_ONCE = 128  # of SQLite, which has one writer: savers wait while so many are written
_FEW = 32  # while others wait for their commits, a batch of 128 makes each of them wait as long as all else together
_BREATH = 8  # documents made before others of this process get their turn
_LOCK = 72_180
_NAME = "search.indexing"
_IS_COMPLETE = "search.is_complete"
_DONE = -1

_WAITING = "SELECT id, bookmark_id FROM unindexed ORDER BY id LIMIT ?"
_MARK = "SELECT reached FROM search_mark WHERE version = ?"
_REACHED = """
INSERT INTO search_mark (version, reached) VALUES (?, ?) ON CONFLICT (version) DO UPDATE SET reached = excluded.reached
"""
_OLDER = "SELECT id FROM bookmark WHERE id > ? ORDER BY id LIMIT ?"
_ROWS = """
SELECT b.id, b.actor_id, b.title, b.description, b.url, b.tags, b.private_note, b.visibility, b.listed, b.saved_at,
a.local_name, a.username, a.host AS at_host
FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.removed_at IS NULL AND b.id
"""
_KNOWN = "SELECT bookmark_id, place, saved_at FROM search_place WHERE bookmark_id"
_TAKEN = "SELECT place FROM search_place WHERE place"
_LAST = "SELECT max(place) AS place FROM search_place WHERE place >= ? AND place < ?"
_PLACE = dict.fromkeys(("bookmark_id", "place", "saved_at"), "bigint")
_WORDS = {"rowid": "bigint", **dict.fromkeys(COLUMNS, "text")}
_VECTORS = """
INSERT INTO search_words (place, words)
SELECT u.place, CAST(u.words AS tsvector) FROM unnest(CAST(? AS bigint[]), CAST(? AS text[])) u (place, words)
"""


async def index_some() -> int:
    """Learn some of what waits, or, where nothing does, some of what is older; returns how many. One at a time."""
    return await one_at_a_time(_NAME, _LOCK, _index)


async def index_what_waits() -> None:
    """Learn all that waits at this moment; what comes meanwhile is left to the worker."""
    await work_off("unindexed", index_some)


async def _index() -> int:
    waiting = await fetch(_WAITING, _most())
    if waiting:
        read = [row["id"] for row in waiting]
        await _learn(sorted({row["bookmark_id"] for row in waiting}), partial(_forget, read))
        return len(read)
    if here().caches.get(_IS_COMPLETE):
        return 0
    mark = await fetch_one(_MARK, VERSION)
    reached = mark["reached"] if mark else 0
    older = [row["id"] for row in await fetch(_OLDER, reached, _most())] if reached != _DONE else []
    if reached == _DONE:
        here().caches[_IS_COMPLETE] = True
        return 0
    await _learn(older, partial(_reach, older[-1] if older else _DONE))
    return len(older)


def _most() -> int:
    if is_sqlite():
        return _FEW if is_hurried() else _AT_ONCE
    return _BATCH


async def _learn(ids: Sequence[int], then: partial[Script[None]]) -> None:
    """Read some bookmarks, and write what is found of them: SQLite's one writer waits for the writing alone."""
    rows = await fetch(f"{_ROWS} {among()}", several(ids))
    documents: dict[int, Document] = {}
    for row in rows:
        documents[row["id"]] = document(row)
        if len(documents) % _BREATH == 0:
            await asyncio.sleep(0)
    script = partial(_writing, ids, rows, documents, then)
    await (performed(script) if is_sqlite() else perform(script()))


def _writing(
    ids: Sequence[int], rows: Sequence[Row], documents: Mapping[int, Document], then: partial[Script[None]]
) -> Script[None]:
    known = {row["bookmark_id"]: row for row in (yield from ask(f"{_KNOWN} {among()}", several(ids)))}
    moments = {row["id"]: row["saved_at"] for row in rows}
    moving = [each for each, row in known.items() if moments.get(each) != row["saved_at"]]
    places = {each: row["place"] for each, row in known.items() if each not in moving}
    if known:
        name = "rowid" if is_sqlite() else "place"
        sql = f"DELETE FROM search_words WHERE {name} {among()}"
        yield from ask(sql, several(row["place"] for row in known.values()))
    if moving:
        yield from ask(f"DELETE FROM search_place WHERE bookmark_id {among()}", several(moving))
    new = sorted((row for row in rows if row["id"] not in places), key=lambda row: (row["saved_at"], row["id"]))
    found = yield from _free([row["saved_at"] for row in new])
    lines = [
        {"bookmark_id": row["id"], "place": place, "saved_at": row["saved_at"]}
        for row, place in zip(new, found, strict=True)
    ]
    yield from insert_many("search_place", _PLACE, lines)
    places |= {line["bookmark_id"]: line["place"] for line in lines}
    yield from _words(sorted((places[each], one) for each, one in documents.items()))
    yield from then()


def _free(moments: Sequence[int]) -> Script[list[int]]:
    """A free place for each of some moments, which come in order: its first, or the next that is free."""
    firsts = [place_of(moment) for moment in moments]
    taken = {row["place"] for row in (yield from ask(f"{_TAKEN} {among()}", several(sorted(set(firsts)))))}
    found: list[int] = []
    free_until = 0  # from the place found last on
    for first in firsts:
        place = max(first, found[-1] + 1) if found else first
        if place in taken or (place != first and place >= free_until):
            place, free_until = yield from _next_free(place)
        found.append(place)
    return found


def _next_free(place: int) -> Script[tuple[int, int]]:
    """A free place from one on, and up to where those after it are free too.

    Behind the last that is taken of a moment, not in a gap before it: files date thousands of rows with one moment, and
    whoever looked at them one by one would read them all for each.
    """
    while True:
        end = end_of(place)
        [row] = yield from ask(_LAST, place, end)
        if row["place"] is None:
            return place, end
        if row["place"] + 1 < end:
            return row["place"] + 1, end
        place = end


def _words(lines: Sequence[tuple[int, Document]]) -> Script[None]:
    if not lines:
        return
    if is_sqlite():
        cells = [dict(zip(_WORDS, (place, *one.texts()), strict=True)) for place, one in lines]
        yield from insert_many("search_words", _WORDS, cells)
    else:
        yield from ask(_VECTORS, [place for place, _ in lines], [one.vector() for _, one in lines])


def _forget(read: Sequence[int]) -> Script[None]:
    yield from ask(f"DELETE FROM unindexed WHERE id {among()}", several(read))


def _reach(reached: int) -> Script[None]:
    yield from ask(_REACHED, VERSION, reached)
