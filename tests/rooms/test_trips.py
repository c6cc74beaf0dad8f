"""Several statements in one trip to PostgreSQL: in their order, all of them or none, and with what they were given."""

from __future__ import annotations

import pytest

from fedimark.database import Statement, fetch, in_one_trip, is_sqlite

KEEP: Statement = ("INSERT INTO fact (name, value) VALUES (?, ?)", ("first", "one"))
COPY = "INSERT INTO fact (name, value) SELECT n.name, f.value FROM fact f, unnest(CAST(? AS text[])) n (name)"
COPY += " WHERE f.name = ?"


@pytest.fixture(autouse=True)
def on_postgres(server):
    """SQLite makes no trips."""
    if is_sqlite():
        pytest.skip("SQLite makes no trips")


async def facts() -> dict[str, str]:
    """What these tests wrote."""
    wanted = "name IN ('first', 'second', 'it''s {\"third\"}\\')"
    return {row["name"]: row["value"] for row in await fetch(f"SELECT name, value FROM fact WHERE {wanted}")}


async def test_each_sees_what_those_before_it_wrote_and_the_last_is_counted():
    odd = 'it\'s {"third"}\\'

    amount = await in_one_trip([KEEP, (COPY, (["second", odd], "first"))])

    assert amount == 2
    assert await facts() == {"first": "one", "second": "one", odd: "one"}


async def test_nothing_stays_where_one_of_them_fails():
    with pytest.raises(Exception, match="duplicate key"):
        await in_one_trip([KEEP, (COPY, (["second"], "first")), KEEP])

    assert await facts() == {}
    assert await in_one_trip([KEEP]) == 1


async def test_what_no_text_can_hold_is_never_sent():
    with pytest.raises(ValueError, match="NUL"):
        await in_one_trip([(KEEP[0], ("first", "one\0'); DROP TABLE fact; --"))])

    assert await facts() == {}


async def test_nothing_and_truth_are_no_words():
    said = "CASE WHEN CAST(? AS text) IS NULL AND CAST(? AS boolean) THEN 'so' END"

    await in_one_trip([(f"INSERT INTO fact (name, value) SELECT CAST(? AS text), {said}", ("first", None, True))])

    assert await facts() == {"first": "so"}
