"""What search finds in a data set, written at once as the worker would have learned it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import asyncpg

from fedimark.search.documents import COLUMNS, Document, document
from fedimark.search.indexing import VERSION
from fedimark.search.places import place_of

_STEP = 5_000
_DONE = -1
_ROWS = """
SELECT b.id, b.actor_id, b.title, b.description, b.url, b.tags, b.private_note, b.visibility, b.listed, b.saved_at,
a.local_name, a.username, a.host AS at_host FROM bookmark b JOIN actor a ON a.id = b.actor_id ORDER BY b.saved_at, b.id
"""
_PLACE = "INSERT INTO search_place (bookmark_id, place, saved_at) VALUES (?, ?, ?)"
_WORDS = f"INSERT INTO search_words (rowid, {', '.join(COLUMNS)}) VALUES ({', '.join('?' * (1 + len(COLUMNS)))})"
_VECTORS = """
INSERT INTO search_words (place, words) SELECT u.place, CAST(u.words AS tsvector)
FROM unnest(CAST($1 AS bigint[]), CAST($2 AS text[])) u (place, words)
"""


def on_sqlite(database: sqlite3.Connection) -> None:
    """Write the index of a file; in the transaction around it or in its own."""
    for lines in _steps(_documents(database)):
        database.executemany(_PLACE, [place for place, _ in lines])
        database.executemany(_WORDS, [(place[1], *one.texts()) for place, one in lines])
    database.execute("INSERT INTO search_mark (version, reached) VALUES (?, ?)", (VERSION, _DONE))


async def on_postgres(source: sqlite3.Connection, connection: asyncpg.Connection[Any]) -> None:
    """Write the index of a copy, from the rows of the file it is a copy of."""
    await connection.execute("DROP INDEX search_words_words")
    for lines in _steps(_documents(source)):
        places = [place for place, _ in lines]
        await connection.copy_records_to_table(
            "search_place", records=places, columns=["bookmark_id", "place", "saved_at"]
        )
        await connection.execute(_VECTORS, [place[1] for place in places], [one.vector() for _, one in lines])
    await connection.execute("INSERT INTO search_mark (version, reached) VALUES ($1, $2)", VERSION, _DONE)
    await connection.execute("CREATE INDEX search_words_words ON search_words USING gin (words)")


def _documents(database: sqlite3.Connection) -> Iterator[tuple[tuple[int, int, int], Document]]:
    """Id, place and moment of each bookmark, with what is found of it. Moments are at least a millisecond apart."""
    cursor = database.execute(_ROWS)
    names = [column[0] for column in cursor.description]
    last = -1
    for values in cursor:
        row = dict(zip(names, values, strict=True))
        last = max(last + 1, place_of(row["saved_at"]))
        yield (row["id"], last, row["saved_at"]), document(row)


def _steps(
    lines: Iterable[tuple[tuple[int, int, int], Document]],
) -> Iterator[list[tuple[tuple[int, int, int], Document]]]:
    waiting = iter(lines)
    while some := list(islice(waiting, _STEP)):
        yield some
