"""Bookmarks that several people save at once are written together, and each as if alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_bookmark
from fedimark.database import execute, fetch, is_sqlite
from fedimark.errors import Forbidden, Gone
from fedimark.here import entered, here
from tests.support.counting import statements
from tests.support.savers import assert_agreement, save, saver

PAGE = "https://page.example/"


async def amount() -> int:
    """How many bookmarks there are."""
    return len(await fetch("SELECT id FROM bookmark"))


async def test_a_save_runs_a_fixed_number_of_statements(server):
    ana = await saver("ana")
    await save(ana, PAGE, tags="sql rust postgres")

    with statements() as few:
        await save(ana, PAGE + "1", tags="sql")
    with statements() as many:
        await save(ana, PAGE + "2", tags="sql rust postgres")

    assert len(few) == len(many) == (9 if is_sqlite() else 1), "\n".join(many)


async def test_saves_of_several_at_once_run_no_more(server):
    people = [await saver(f"person{number}") for number in range(12)]
    for person in people:
        await save(person, PAGE, tags="sql")

    with statements() as ran:
        await asyncio.gather(*(save(each, f"{PAGE}{each.username}", tags="sql") for each in people))

    # The first goes alone, or all together, as they come.
    assert len(ran) <= 2 * (9 if is_sqlite() else 1), "\n".join(ran)
    assert await amount() == 24
    await assert_agreement()


async def test_the_same_page_by_many_at_once_has_all_its_savers(server):
    people = [await saver(f"person{number}") for number in range(12)]

    saved = await asyncio.gather(*(save(each, PAGE, tags="sql") for each in people))

    assert len({each.public_id for each in saved}) == 12
    assert [row["savers"] for row in await fetch("SELECT savers FROM link")] == [12]
    await assert_agreement()


async def test_the_same_address_twice_at_once_is_one_bookmark(server):
    ana = await saver("ana")

    saved = await asyncio.gather(*(save(ana, PAGE, title=f"title {number}") for number in range(5)))

    assert len({each.public_id for each in saved}) == 1
    assert [each.is_new for each in saved].count(True) == 1
    assert await amount() == 1
    await assert_agreement()


async def test_who_is_gone_or_shut_out_is_told_so_and_nobody_else(server):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await execute("UPDATE actor SET gone_at = 1 WHERE id = ?", bo.actor_id)
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", cy.actor_id)

    saved, gone, shut_out = await asyncio.gather(*(save(each, PAGE) for each in (ana, bo, cy)), return_exceptions=True)

    assert isinstance(gone, Gone)
    assert isinstance(shut_out, Forbidden)
    assert not isinstance(saved, BaseException)
    assert await amount() == 1


async def test_one_that_cannot_be_saved_sinks_no_other(server):
    ana, bo = await saver("ana"), await saver("bo")
    broken = "\ud800"  # no database takes half a character
    drafts = [read_draft(url=PAGE), read_draft(url=PAGE + "2", title="two")]
    object.__setattr__(drafts[1], "title", broken)

    with capture_logs() as logs:
        results = await asyncio.gather(
            save_bookmark(Owner.of(ana), drafts[0]),
            save_bookmark(Owner.of(bo), drafts[1]),
            save_bookmark(Owner.of(ana), read_draft(url=PAGE + "3")),
            return_exceptions=True,
        )

    assert [isinstance(each, Exception) for each in results] == [False, True, False]
    assert [each["event"] for each in logs].count("saves.apart") == 1
    assert await amount() == 2
    await assert_agreement()


async def test_who_stops_waiting_stops_no_other(server):
    ana, bo = await saver("ana"), await saver("bo")

    first = asyncio.create_task(save(ana, PAGE))
    second = asyncio.create_task(save(bo, PAGE))
    await asyncio.sleep(0)
    first.cancel()
    await second

    with pytest.raises(asyncio.CancelledError):
        await first
    assert {row["actor_id"] for row in await fetch("SELECT actor_id FROM bookmark")} >= {bo.actor_id}
    await assert_agreement()


async def test_what_was_chosen_meanwhile_holds(server):
    ana = await saver("ana")
    await execute("UPDATE account SET privacy_lock = ?, no_replies = ?", True, True)

    await save(ana, PAGE, visibility="public")

    [row] = await fetch("SELECT visibility, listed, allows FROM bookmark")
    assert (row["visibility"], bool(row["listed"])) == (0, False)
    assert row["allows"]


async def test_where_sessions_are_not_our_own_nothing_is_prepared_in_them(server):
    ana, bo = await saver("ana"), await saver("bo")
    pooled = replace(server.here, settings=replace(server.here.settings, database_pooled=True))

    async with entered(pooled):
        with statements() as ran:
            await asyncio.gather(save(ana, PAGE, tags="sql"), save(bo, PAGE, tags="sql rust"))

    assert not [each for each in ran if "EXECUTE" in each]
    assert [row["savers"] for row in await fetch("SELECT savers FROM link")] == [2]
    await assert_agreement()


@pytest.mark.parametrize("word", ["it's", 'a "word"', "back\\slash", "{curly}", "a,b", "NULL", "\\'"])
async def test_words_stand_as_they_were_written(server, word):
    ana = await saver("ana")

    await save(ana, PAGE, title=word, description=word, private_note=word, tags="c++ it's \\ {x} 日本")

    [row] = await fetch("SELECT title, description, private_note, tags FROM bookmark")
    assert (row["title"], row["description"], row["private_note"]) == (word, word, word)
    assert row["tags"] == "c++ it's \\ {x} 日本"
    await assert_agreement()


async def test_a_page_that_others_know_is_saved_like_a_new_one(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, tags="sql")

    with statements() as ran:
        await save(bo, PAGE, tags="sql .mine", visibility="public")

    assert is_sqlite() or len(ran) == 1, "\n".join(ran)
    assert [row["savers"] for row in await fetch("SELECT savers FROM link")] == [2]
    assert [row["public_at"] for row in await fetch("SELECT public_at FROM tag WHERE key = '.mine'")] == [None]
    await assert_agreement()


async def test_a_tag_that_was_private_becomes_public_once(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(ana, PAGE, tags="sql", visibility="private")
    [before] = await fetch("SELECT public_at FROM tag")

    await save(bo, PAGE, tags="sql", visibility="public")
    [first] = await fetch("SELECT public_at FROM tag")
    await save(bo, PAGE + "2", tags="sql", visibility="public")
    [later] = await fetch("SELECT public_at FROM tag")

    assert before["public_at"] is None
    assert first["public_at"] == later["public_at"] is not None
    await assert_agreement()


async def test_nobody_waits_once_all_is_saved(server):
    ana = await saver("ana")

    await save(ana, PAGE)

    assert here().caches["bookmarks.together"].waiting == []
