"""Whole tables as streams of rows, alike on both databases: what backups and moves are made of.

They have connections of their own, beside Tortoise: one snapshot for all that is read, and one transaction, or a file
that nobody knows yet, for what is written.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Values: TypeAlias = Sequence[Any]
Batches: TypeAlias = AsyncIterator[list[Values]]
Flags: TypeAlias = Mapping[str, AbstractSet[str]]
"""The columns of each table that hold yes or no: SQLite takes them for numbers."""

BATCH = 2_000
MIGRATIONS = "tortoise_migrations"


@dataclass(frozen=True, slots=True)
class Table:
    """A table's name and columns; `flags` are the numbers of those columns that hold yes or no."""

    name: str
    columns: tuple[str, ...]
    flags: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """The column its rows are put in order by."""
        return "id" if "id" in self.columns else self.columns[0]

    def typed(self, values: Values) -> Values:
        """A row whose yes and no are no numbers."""
        row = list(values)
        for number in self.flags:
            if row[number] is not None:
                row[number] = bool(row[number])
        return row


class Source(Protocol):
    """Tables to be read: rows by their key, as one moment saw them."""

    async def migrations(self) -> list[str]:
        """The steps this database went through, in their order; none for one without tables."""

    async def tables(self, flags: Flags) -> list[Table]:
        """Its tables among those that `flags` names, by name."""

    def rows(self, table: Table) -> Batches:
        """All rows of a table, some at a time."""

    async def last_number(self, table: Table) -> int:
        """The largest id that was ever given out, 0 for none."""


class Target(Source, Protocol):
    """Tables to be filled."""

    async def load(self, table: Table, batches: Batches) -> int:
        """Write rows, and return how many."""

    async def start_after(self, table: Table, number: int) -> None:
        """Give out no id up to a number, nor up to the largest there is."""

    async def run(self, sql: str, *values: object) -> None:
        """Run one statement, its parameters written as this database writes them."""


def line_of(values: Values) -> bytes:
    """A row as a line of JSON: the same text on both databases."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def quoted(names: Sequence[str]) -> str:
    """Names as SQL has them, whatever words they are."""
    return ", ".join(f'"{name}"' for name in names)
