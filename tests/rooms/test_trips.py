"""Several statements in one trip to PostgreSQL: in their order, all of them or none, and with what they were given."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import asyncpg
import pytest
from tortoise.connection import get_connection

from fedimark.bookmarks import rows
from fedimark.database import Statement, by_indexes, execute, fetch, in_one_trip, perform, trips, write
from fedimark.database.connect import postgres
from fedimark.timelines.merge import hold_tags, merge_bookmarks, tags_held
from tests.support.savers import save, saver

# SQLite makes no trips.
pytestmark = [pytest.mark.usefixtures("server"), pytest.mark.parametrize("database", ["postgres"], indirect=True)]

KEEP: Statement = ("INSERT INTO fact (name, value) VALUES (?, ?)", ("first", "one"))
COPY = "INSERT INTO fact (name, value) SELECT n.name, f.value FROM fact f, unnest(CAST(? AS text[])) n (name)"
COPY += " WHERE f.name = ?"
COLUMNS = ", ".join(name for name in rows.BOOKMARK if name not in ("public_id", "url_md5"))
MANY_MORE = f"""
INSERT INTO bookmark ({COLUMNS}, public_id, url_md5)
SELECT {COLUMNS}, 'more' || n, md5(CAST(n AS text)) FROM bookmark, generate_series(1, CAST(? AS INTEGER)) n
"""
KEYS = re.compile(r"(\bid|_id|hash|md5)\)? =")  # of state or moment there are as many as rows
# Of nobody who is here: they stand only in the way.
OTHERS = {
    "follow": "(follower_id, target_id, state, created_at) SELECT -n, -n - 1, 'accepted', n",
    "block": "(blocker_id, blocked_id, is_mute, created_at) SELECT -n, -n - 1, FALSE, n",
    "bookmark_tag": """(bookmark_id, tag_id, actor_id, link_id, visibility, listed, saved_at)
    SELECT -n, -n, -n, -n, 3, TRUE, n""",
}


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


@pytest.mark.parametrize("pages", [1, 2])
@pytest.mark.parametrize("tables", ["counted while they were small", "grown since, and never counted"])
async def test_a_save_reads_nothing_of_others_however_little_is_known_of_its_tables(server, monkeypatch, tables, pages):
    ana, texts, told = await saver("ana"), list[str](), list[str]()
    await save(ana, "https://page.example/first", tags="sql db")
    if tables.startswith("counted"):
        await fetch("ANALYZE")  # each table has a row or none: to read all of it seems as good as to look it up
    else:
        await execute(MANY_MORE, 20_000)  # the more there are, the sooner it begins at all people
    prepare = trips._prepare
    monkeypatch.setattr(trips, "_prepare", lambda on, new: texts.extend(new) or prepare(on, new))
    monkeypatch.setattr(trips._LOG, "debug", lambda form, whole, rest: told.append(whole))

    await asyncio.gather(*(save(ana, f"https://page.example/more/{page}", tags="sql db") for page in range(pages)))

    [whole] = told
    settings, *calls = re.split(r";(?=EXECUTE )", whole)
    async with get_connection("default").acquire_connection() as connection, connection.transaction():
        await prepare(connection, texts)
        await connection.execute(settings)
        plans = [json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {call}"))[0]["Plan"] for call in calls]
    read = [part for plan in plans for part in parts(plan) if part["Node Type"] in ("Index Scan", "Index Only Scan")]
    assert len(read) > 5
    whole_ones = {part["Relation Name"] for part in read if "Index Cond" not in part}
    assert whole_ones & {"bookmark", "bookmark_tag", "link", "tag", "entry", "tally", "telling"} == set()
    [fine] = [part for plan in plans for part in parts(plan) if part.get("Subplan Name") == "CTE fine"]
    assert {part["Relation Name"] for part in parts(fine) if part in read} == {"actor", "account", "bookmark", "link"}
    assert [part["Relation Name"] for part in parts(fine) if part in read and "Index Cond" not in part] == []
    assert "follow" in {part["Relation Name"] for part in read}
    assert {each for plan in plans for each in read_whole(plan)} & {"actor", "follow", "block"} == set()


@pytest.mark.parametrize("tables", ["counted while they were empty", "never counted"])
async def test_a_run_finds_who_follows_its_savers_and_nobody_elses_followers_however_little_is_known(tables):
    if tables.startswith("counted"):
        await fetch("ANALYZE")
    for table, cells in OTHERS.items():
        await execute(f"INSERT INTO {table} {cells} FROM generate_series(1, CAST(? AS INTEGER)) n", 20_000)
    merging, holding = next(merge_bookmarks([1, 2], [3])), [next(hold_tags([1, 2])), *tags_held([3])]

    async with write():
        await perform(by_indexes())
        plan, *others = [await plan_of(*each) for each in (merging, *holding)]

    assert {"follow", "block"} < {part.get("Relation Name") for part in parts(plan)}
    # Of people there are few here: how they are read hangs on what was counted of them in tests before.
    assert [read_whole(plan) & OTHERS.keys(), *map(read_whole, others)] == [set()] * 3


async def test_what_a_run_looks_up_is_found_by_an_index_however_little_is_known_of_its_table():
    await fetch("ANALYZE bookmark")  # it is empty: to read all of it costs nothing
    async with write():
        await perform(by_indexes())

        plan = await plan_of("SELECT * FROM bookmark WHERE uri_hash = ANY (CAST(ARRAY['a'] AS text[]))", ())

    assert {part["Node Type"] for part in parts(plan)} & {"Index Scan", "Bitmap Index Scan"}
    assert "Seq Scan" not in {part["Node Type"] for part in parts(plan)}


async def test_what_lists_are_made_of_is_asked_over_the_first_connection_alone(server):
    settings = server.here.settings
    know = postgres(settings.database, settings)["credentials"]["init"]
    asked: list[str] = []

    for _ in range(2):
        connection = await asyncpg.connect(settings.database)
        with connection.query_logger(lambda query: asked.append(query.query)):
            await know(connection)
            lists = [["a"], ["b"], [1], [2], [3], [True]]
            kinds = ("text", "varchar", "int2", "int4", "int8", "bool")
            named = ", ".join(f"CAST(${place} AS {kind}[])" for place, kind in enumerate(kinds, 1))
            assert list(await connection.fetchrow(f"SELECT {named}", *lists)) == lists
        await connection.close()

    assert len([each for each in asked if "typeinfo" in each]) == 1


async def plan_of(sql: str, parameters: Iterable[object]) -> dict[str, Any]:
    """How PostgreSQL would go about a statement."""
    [row] = await fetch(f"EXPLAIN (FORMAT JSON) {sql}", *parameters)
    plan: dict[str, Any] = json.loads(row["QUERY PLAN"])[0]["Plan"]
    return plan


def read_whole(plan: dict[str, Any]) -> set[str]:
    """The tables of which a plan may read what has none of the keys that it looks for."""
    reading = [part for part in parts(plan) if "Relation Name" in part and part["Node Type"].endswith("Scan")]
    return {part["Relation Name"] for part in reading if not any(KEYS.search(each) for each in sought(part))}


def sought(part: dict[str, Any]) -> list[str]:
    """What a part of a plan looks for in indexes."""
    maps = parts(part) if part["Node Type"] == "Bitmap Heap Scan" else [part]
    return [each["Index Cond"] for each in maps if "Index Cond" in each]


def parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all that it is made of."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from parts(below)
