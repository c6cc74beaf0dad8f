"""Rows in every table, with values that are hard to carry from one database to another."""

from __future__ import annotations

from typing import Any

from tortoise import fields as column
from tortoise.models import Model

from fedimark import models
from fedimark.database import execute_many, write
from fedimark.database.tables import Source, line_of
from fedimark.database.whole import snapshot
from fedimark.keeping import names
from fedimark.settings import Settings

WORDS = (
    "plain",
    "",
    "two\nlines\r\n\tand a tab",
    "quotes \" and ' and \\ and \\N and \\.",
    "日本語 · émigré · e\u0301 · ß · İ",
    "🦊 \u2028\u2029\u0085\ufeff\u200b",
    "\x01\x07\x1b[31m\x7f",
    "null",
    "$1 ? %s {}",
)


def tables() -> list[type[Model]]:
    """Every model."""
    return [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Model)]


async def fill(rows: int) -> None:
    """Put rows into every table of this server's database, beside those that are there."""
    async with write():
        for model in tables():
            named = model._meta.fields_map
            marks = ", ".join("?" * len(named))
            columns = ", ".join(f'"{name}"' for name in named)
            sql = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'
            await execute_many(sql, [[_value(field, n) for field in named.values()] for n in range(rows)])


async def sums(settings: Settings) -> dict[str, list[bytes]]:
    """Every row of every table, but for facts about a place, as lines that are the same on both databases."""
    async with snapshot(settings) as source:
        return {table.name: await _lines(source, table) for table in await source.tables(names.flags())}


async def last_numbers(settings: Settings) -> dict[str, int]:
    """The largest id that each table ever gave out."""
    async with snapshot(settings) as source:
        return {table.name: await source.last_number(table) for table in await source.tables(names.flags())}


async def _lines(source: Source, table: Any) -> list[bytes]:
    columns = sorted(range(len(table.columns)), key=lambda number: table.columns[number])
    found = [[row[number] for number in columns] async for some in source.rows(table) for row in some]
    if table.name == "fact":
        found = [row for row in found if row[0] not in names.OF_A_PLACE]
    return [line_of(row) for row in found]


def _value(field: Any, number: int) -> object:
    if field.pk:
        return f"fact {number}" if isinstance(field, column.CharField) else 1_000_000 + 3 * number
    if field.null and number % 3 == 0:
        return None
    if isinstance(field, column.BooleanField):
        return number % 2 == 1
    if isinstance(field, column.SmallIntField):
        return number % 30_000 - 100
    if isinstance(field, column.IntField):
        return 2_000_000_000 - number
    if isinstance(field, column.BigIntField):
        return 9_000_000_000_000_000_000 - number
    if isinstance(field, column.FloatField):
        return number / 7
    text = f"{number}{WORDS[number % len(WORDS)]}"
    return text[: field.max_length] if isinstance(field, column.CharField) else text * (1 + number % 3)
