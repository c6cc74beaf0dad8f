"""A person's tags: renamed, folded together and deleted over all bookmarks; private ones are nobody else's business."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tortoise.connection import get_connection

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import remove_bookmark, undo_remove
from fedimark.bookmarks.tags import TagCount, delete_tag, own_tags, rename_tag
from fedimark.database import execute, execute_many, fetch, write
from fedimark.errors import NotFound, Refused
from fedimark.policy.visibility import Viewer
from fedimark.text import urls
from fedimark.timelines import queries
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.stream import LinkStream, NetworkStream, PersonStream, RecentStream, TagStream
from tests.support.savers import UNKNOWN, assert_agreement, befriend, count, entries, row_of, save, saver, urls_of

A, B, C = "https://a.example/", "https://b.example/", "https://c.example/"


async def _cloud(viewer: Viewer | None) -> dict[str, int]:
    return dict(await queries.cloud(await queries.find(PersonStream("ana"), viewer)))


async def _related(stream: PersonStream | TagStream, viewer: Viewer | None) -> dict[str, int]:
    return dict(await queries.related(await queries.find(stream, viewer)))


async def test_a_tag_is_renamed_whatever_its_case_and_nothing_else_changes(server):
    ana, bo = await saver("ana"), await saver("bo")
    first = await save(ana, A, "one SQL two", title="T", description="D", private_note="N")
    await save(ana, B, "Sql")
    await save(bo, C, "sql")
    before = await row_of(ana, first)

    changed = await rename_tag(Owner.of(ana), "sQl", "Databases")

    assert changed == 2
    after = await row_of(ana, first)
    assert after["tags"] == "one Databases two"
    names = set(before) - {"tags", "updated_at"}
    assert {name: after[name] for name in names} == {name: before[name] for name in names}
    assert await urls_of(TagStream(("sql",))) == [C]
    assert await urls_of(TagStream(("databases",))) == [B, A]
    await assert_agreement()


async def test_a_renamed_tag_folds_into_one_that_is_there_already(server):
    ana = await saver("ana")
    both, one = await save(ana, A, "db x SQLite y"), await save(ana, B, "db")

    await rename_tag(Owner.of(ana), "db", "sqlite")

    assert (await row_of(ana, both))["tags"] == "sqlite x y"
    assert (await row_of(ana, one))["tags"] == "sqlite"
    assert await own_tags(ana.actor_id) == [TagCount("sqlite", 2), TagCount("x", 1), TagCount("y", 1)]
    await assert_agreement()


async def test_a_tag_is_spelled_anew_and_a_spelling_it_has_already_changes_nothing(server):
    ana = await saver("ana")
    saved = await save(ana, A, "sql")

    assert await rename_tag(Owner.of(ana), "sql", "SQL") == 1
    before = await row_of(ana, saved)
    assert await rename_tag(Owner.of(ana), "sql", "SQL") == 0

    assert before["tags"] == "SQL"
    assert await row_of(ana, saved) == before
    await assert_agreement()


async def test_a_deleted_tag_leaves_the_bookmarks(server):
    ana = await saver("ana")
    first, second = await save(ana, A, "SQL db"), await save(ana, B, "sql")

    assert await delete_tag(Owner.of(ana), "Sql") == 2

    assert (await row_of(ana, first))["tags"] == "db"
    assert (await row_of(ana, second))["tags"] == ""
    assert await urls_of(PersonStream("ana", only="untagged"), ana) == [B]
    assert await urls_of(TagStream(("sql",))) == []  # it can still be followed
    assert await urls_of(RecentStream()) == [B, A]
    await assert_agreement()


async def test_more_bookmarks_than_one_batch_are_all_renamed(server, monkeypatch):
    ana = await saver("ana")
    for number in range(7):
        await save(ana, f"{A}?n={number}", "old")
    monkeypatch.setattr("fedimark.bookmarks.tags._BATCH", 3)

    assert await rename_tag(Owner.of(ana), "old", "OLD") == 7

    assert {row["tags"] for row in await fetch("SELECT tags FROM bookmark")} == {"OLD"}
    await assert_agreement()


@pytest.mark.parametrize("new", ["", "  ", "two tags", "a,b", "..", ",", "\uff0c"])
async def test_a_new_name_that_is_not_one_tag_is_refused(server, new):
    ana = await saver("ana")
    await save(ana, A, "sql")

    with pytest.raises(Refused) as refusal:
        await rename_tag(Owner.of(ana), "sql", new)

    assert refusal.value.field == "new"
    assert await own_tags(ana.actor_id) == [TagCount("sql", 1)]


async def test_a_tag_one_does_not_have_is_not_found(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(bo, A, "sql")

    for work in (
        rename_tag(Owner.of(ana), "sql", "x"),
        delete_tag(Owner.of(ana), "sql"),
        delete_tag(Owner.of(ana), ""),
    ):
        with pytest.raises(NotFound):
            await work


async def test_an_undo_brings_a_bookmark_back_with_the_tags_it_was_removed_with(server):
    ana = await saver("ana")
    removed = await save(ana, A, "sql")
    await save(ana, B, "sql")
    await remove_bookmark(Owner.of(ana), removed.public_id)
    await rename_tag(Owner.of(ana), "sql", "db")

    await undo_remove(Owner.of(ana), removed.public_id)

    assert (await row_of(ana, removed))["tags"] == "sql"
    await assert_agreement()


async def test_a_private_tag_on_a_public_bookmark_is_its_owners_alone(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    saved = await save(ana, A, "db .secret")

    for viewer in (bo, None):
        assert await _cloud(viewer) == {"db": 1}
        assert await urls_of(PersonStream("ana", tags=(".secret",)), viewer) == [UNKNOWN]
        assert await urls_of(PersonStream("ana", tags=("db", ".secret")), viewer) == [UNKNOWN]
        assert await _related(PersonStream("ana", tags=("db",)), viewer) == {}
        for stream in (PersonStream("ana"), RecentStream(), TagStream(("db",)), LinkStream(urls.link_hash(A))):
            assert [entry.tags for entry in await entries(stream, viewer)] == [("db",)]
        assert (await one_bookmark("ana", saved.public_id, viewer)).entry.tags == ("db",)
    assert [entry.tags for entry in await entries(NetworkStream(), bo)] == [("db",)]

    assert await _cloud(ana) == {"db": 1, ".secret": 1}
    assert await urls_of(PersonStream("ana", tags=(".secret",)), ana) == [A]
    assert await _related(PersonStream("ana", tags=("db",)), ana) == {".secret": 1}
    assert (await one_bookmark("ana", saved.public_id, ana)).entry.tags == ("db", ".secret")
    assert [entry.tags for entry in await entries(NetworkStream(), ana)] == [("db", ".secret")]


async def test_nobody_finds_a_private_tag_among_everybodys_tags(server):
    ana = await saver("ana")
    await save(ana, A, "db .secret")

    for viewer in (ana, None):
        assert await urls_of(TagStream((".secret",)), viewer) == [UNKNOWN]
        assert await urls_of(TagStream(("db", ".secret")), viewer) == [UNKNOWN]
        assert await _related(TagStream(("db",)), viewer) == {}
    rows = await fetch("SELECT g.key FROM entry e JOIN tag g ON g.id = e.owner_id WHERE e.stream = 2")
    assert [row["key"] for row in rows] == ["db"]
    rows = await fetch("SELECT g.key FROM tally y JOIN tag g ON g.id = y.tag_id WHERE y.owner_id = 0")
    assert [row["key"] for row in rows] == ["db"]


async def test_a_tag_renamed_to_a_private_one_disappears_for_strangers_and_comes_back(server):
    ana = await saver("ana")
    await save(ana, A, "plans db")

    await rename_tag(Owner.of(ana), "plans", ".plans")
    hidden = [await _cloud(None), await urls_of(TagStream(("plans",)))]
    await rename_tag(Owner.of(ana), ".plans", "plans")

    assert hidden == [{"db": 1}, []]
    assert await _cloud(None) == {"db": 1, "plans": 1}
    assert await urls_of(TagStream(("plans",))) == [A]
    await assert_agreement()


async def test_the_most_used_tags_are_found_however_their_uses_spread_over_visibilities(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    # Of half of the tags all uses are of one visibility, of the others as many are of each.
    uses = {
        (tag, visibility): (9 * (tag % 4 == visibility) if tag <= 30 else 4 + tag % 5)
        for tag in range(1, 61)
        for visibility in range(4)
    }
    await execute_many(
        "INSERT INTO tag (id, key, slug) VALUES (?, ?, ?)", [(n, f"tag{n:02}", f"tag{n:02}") for n in range(1, 61)]
    )
    await execute_many(
        "INSERT INTO tally (owner_id, tag_id, visibility, amount) VALUES (?, ?, ?, ?)",
        [(ana.actor_id, *line, amount) for line, amount in uses.items()],
    )

    shown = {
        (least, limit): await queries.cloud(await queries.find(PersonStream("ana"), viewer), limit)
        for least, viewer in ((0, ana), (1, bo), (2, None))
        for limit in (1, 3, 10, 100)
    }

    for (least, limit), found in shown.items():
        sums = {tag: sum(uses[tag, visibility] for visibility in range(least, 4)) for tag in range(1, 61)}
        ranked = sorted((-amount, f"tag{tag:02}") for tag, amount in sums.items() if amount)
        assert found == [(key, -amount) for amount, key in ranked[:limit]]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # which counts its steps
async def test_of_somebodys_many_tags_no_more_are_read_than_can_be_among_the_most_used(server):
    # Given somebody with twice as many often used tags as are shown, and thousands used once
    ana = await saver("ana")
    tags = range(1, 5_001)
    await execute_many("INSERT INTO tag (id, key, slug) VALUES (?, ?, ?)", [(n, f"t{n:04}", f"t{n:04}") for n in tags])
    await execute_many(
        "INSERT INTO tally (owner_id, tag_id, visibility, amount) VALUES (?, ?, 3, ?)",
        [(ana.actor_id, n, 100 if n <= 60 else 1) for n in tags],
    )
    found = await queries.find(PersonStream("ana"), None)

    # When the most used are asked for
    async with steps() as taken:
        cloud = await queries.cloud(found)

    # Then it takes far fewer steps than to look at each of the others
    assert cloud == [(f"t{n:04}", 100) for n in tags[:30]]
    assert 0 < sum(taken) < 10_000


@asynccontextmanager
async def steps() -> AsyncIterator[list[int]]:
    """A hundred steps each that SQLite's reading connection takes within the block."""
    taken: list[int] = []
    client: Any = get_connection("reader")

    async def count_into(handler: Callable[[], None] | None) -> None:
        async with client.acquire_connection() as connection:
            await connection._execute(connection._conn.set_progress_handler, handler, 100)

    await count_into(lambda: taken.append(100))
    yield taken
    await count_into(None)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_is_counted_once_more_stays_in_its_place_on_postgres(server):
    ana = await saver("ana")
    for number in range(4):
        await save(ana, f"{A}?n={number}", "db", "public")
    more = "UPDATE tally SET amount = amount + 1 WHERE tag_id > 0"
    stayed = "SELECT pg_stat_get_xact_tuples_hot_updated('tally'::regclass) AS amount"

    async with write():  # four become five: the same rank
        [before] = await fetch(stayed)
        updated = await execute(more)
        [after] = await fetch(stayed)

    assert (updated, after["amount"] - before["amount"]) == (2, 2)
    assert {row["rank"] for row in await fetch("SELECT rank FROM tally WHERE tag_id > 0")} == {3}


async def test_counts_hold_only_what_their_reader_may_see(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    for number, visibility in enumerate(("public", "unlisted", "followers", "private")):
        await save(ana, f"{A}?n={number}", f"db {visibility}", visibility)

    seen = {
        who: (await count(PersonStream("ana"), viewer), await count(PersonStream("ana", tags=("db",)), viewer))
        for who, viewer in (("owner", ana), ("follower", bo), ("stranger", None))
    }

    assert seen == {"owner": (4, 4), "follower": (3, 3), "stranger": (2, 2)}
    assert await count(TagStream(("db",)), ana) == 1
    assert set(await _cloud(None)) == {"db", "public", "unlisted"}
    assert set(await _cloud(bo)) == {"db", "public", "unlisted", "followers"}
    assert set(await _related(PersonStream("ana", tags=("db",)), None)) == {"public", "unlisted"}
    assert set(await _related(TagStream(("db",)), ana)) == {"public"}


async def test_beside_a_tag_of_everybody_each_person_weighs_once(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    for number in range(3):
        await save(ana, f"https://a{number}.example/", "db loud")
    await save(bo, A, "db calm")
    await save(cy, B, "db calm")

    assert list(await _related(TagStream(("db",)), None)) == ["calm", "loud"]
    assert await _related(PersonStream("ana", tags=("db",)), None) == {"loud": 3}
