"""Which addresses a file named before, in little memory however long it is."""

from __future__ import annotations

import sqlite3
from typing import Final

MOST_IN_MEMORY: Final = 20_000

_TABLE = "CREATE TABLE seen (md5 TEXT PRIMARY KEY, number INTEGER, said INTEGER) WITHOUT ROWID"
_ADD = "INSERT INTO seen VALUES (?, ?, ?) ON CONFLICT (md5) DO NOTHING"
_FIRST = "SELECT number, said FROM seen WHERE md5 = ?"


class Seen:
    """The first row of each address; beyond some thousands they lie in a file that nobody else sees and that goes."""

    def __init__(self) -> None:
        self._few: dict[str, tuple[int, int]] = {}
        self._many: sqlite3.Connection | None = None

    def first(self, md5: str, number: int, said: int) -> tuple[int, int]:
        """The number of the first row of an address, and the hash of what it said: this one's, if it is that."""
        if self._many is None:
            found = self._few.setdefault(md5, (number, said))
            if len(self._few) > MOST_IN_MEMORY:
                self._spill()
            return found
        if self._many.execute(_ADD, (md5, number, said)).rowcount:
            return number, said
        first, other = self._many.execute(_FIRST, (md5,)).fetchone()
        return first, other

    def close(self) -> None:
        """Forget all of it."""
        if self._many is not None:
            self._many.close()

    def _spill(self) -> None:
        # An empty name is a database that SQLite keeps in a temporary file once it outgrows its cache. Rows are read
        # in whatever thread is free, one after the other.
        self._many = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._many.execute("PRAGMA journal_mode = OFF")
        self._many.execute("PRAGMA cache_size = -8192")
        self._many.execute(_TABLE)
        self._many.execute("BEGIN")
        self._many.executemany(_ADD, ((md5, *each) for md5, each in self._few.items()))
        self._few.clear()
