"""PostgreSQL learns of tables that grew, before it plans for empty ones again."""

from __future__ import annotations

import pytest

from fedimark.database import analyzed, execute, execute_many, fetch, fetch_one
from fedimark.keeping.sizes import learn_sizes

_BELIEVED = "SELECT reltuples AS amount FROM pg_class WHERE oid = CAST('tag' AS regclass)"

on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


async def emptied() -> None:
    """A new table, of which that is known: tests that ran before may have left pages."""
    await execute("TRUNCATE tag")
    await analyzed("tag")


async def grow(first: int, amount: int) -> None:
    """So many tags more, some thirty on a page."""
    rows = [(f"{number:0200}", f"t{number}") for number in range(first, first + amount)]
    await execute_many("INSERT INTO tag (key, slug) VALUES (?, ?)", rows)


async def learned(clock) -> int:
    """How many tags PostgreSQL believes in, once the worker looked again."""
    clock.forward(seconds=5)
    assert await learn_sizes() == 0
    row = await fetch_one(_BELIEVED)
    assert row is not None
    return int(row["amount"])


@on_postgres
async def test_of_a_table_that_doubled_it_is_learned_how_large_it_is(server, clock):
    await emptied()
    await grow(0, 1_000)
    assert await learned(clock) == 1_000

    await grow(1_000, 3_000)
    assert await learned(clock) == 4_000


@on_postgres
async def test_of_a_table_that_grew_by_little_it_is_not(server, clock):
    await emptied()
    await grow(0, 1_000)
    assert await learned(clock) == 1_000

    await grow(1_000, 500)

    assert await learned(clock) == 1_000


@on_postgres
async def test_it_looks_every_five_seconds(server, clock):
    await emptied()
    assert await learned(clock) == 0
    await grow(0, 1_000)

    assert await learn_sizes() == 0

    assert [int(row["amount"]) for row in await fetch(_BELIEVED)] == [0]


@on_postgres
async def test_nothing_is_compiled_for_a_statement(server):
    assert await fetch("SELECT current_setting('jit') AS jit") == [{"jit": "off"}]
