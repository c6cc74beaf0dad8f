"""Several at once on the same rows: nobody hears an error, and afterwards everything agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import pytest

from fedimark.accounts.leave import leave
from fedimark.accounts.register import register
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark, undo_remove
from fedimark.bookmarks.save import save_many
from fedimark.bookmarks.tags import rename_tag
from fedimark.database import fetch
from fedimark.errors import Gone, NotFound, Taken
from fedimark.follows.request import follow, unfollow
from fedimark.text import urls
from fedimark.timelines.stream import LinkStream, NetworkStream, RecentStream, TagStream
from tests.support.people import PASSWORD
from tests.support.savers import assert_agreement, befriend, count, edit, entries, look, save, saver, undo_runs_out

PAGE = "https://sqlite.org/wal.html"


async def _together(*works: Awaitable[object], may_raise: tuple[type[Exception], ...] = ()) -> list[object]:
    """Run some works at the same instant; only what is expected may be raised."""
    outcomes = await asyncio.gather(*works, return_exceptions=True)
    wrong = [each for each in outcomes if isinstance(each, BaseException) and not isinstance(each, may_raise)]
    assert wrong == []
    return outcomes


async def test_two_people_save_the_same_new_page_at_the_same_instant(server):
    ana, bo = await saver("ana"), await saver("bo")

    await _together(save(ana, PAGE, "db"), save(bo, f"{PAGE}#x", "DB sql"))

    assert len(await fetch("SELECT * FROM link")) == 1
    assert [entry.saver_count for entry in await entries(RecentStream())] == [2]
    await assert_agreement()


async def test_one_person_saves_the_same_new_page_twice_at_the_same_instant(server):
    ana = await saver("ana")

    first, second = await _together(save(ana, PAGE, "db", title="One"), save(ana, PAGE, "sql", title="Two"))

    assert first.public_id == second.public_id
    assert sorted([first.is_new, second.is_new]) == [False, True]
    (row,) = await fetch("SELECT title, tags FROM bookmark")
    assert (row["title"], row["tags"]) in {("One", "db"), ("Two", "sql")}
    await assert_agreement()


async def test_twenty_people_save_the_same_page_with_the_same_new_tags(server):
    people = [await saver(f"p{number}") for number in range(20)]

    await _together(*(save(who, PAGE, "db sql c++ .mine") for who in people))

    assert await count(TagStream(("db",))) == 20
    assert [entry.saver_count for entry in await entries(RecentStream())] == [20]
    assert len((await look(LinkStream(urls.link_hash(PAGE)))).entries) == 20
    await assert_agreement()


async def test_twenty_people_save_different_pages_with_the_same_tags_in_different_orders(server):
    people = [await saver(f"p{number}") for number in range(20)]
    words = ["db", "sql", "c++", "wal", "pages"]

    await _together(
        *(save(who, f"{PAGE}?n={n % 7}", " ".join(words[n % 5 :] + words[: n % 5])) for n, who in enumerate(people))
    )
    await _together(*(save(who, f"{PAGE}?n={n % 7}", words[(n * 3) % 5]) for n, who in enumerate(people)))

    assert sum([await count(TagStream((word,))) or 0 for word in words]) == 20
    await assert_agreement()


async def test_save_remove_undo_and_rename_of_one_persons_bookmarks_at_once(server):
    ana, bo = await saver("ana"), await saver("bo")
    owner = Owner.of(ana)
    await befriend(bo, ana)
    kept = [await save(ana, f"{PAGE}?n={n}", "db sql") for n in range(6)]

    for _ in range(3):
        await _together(
            *(remove_bookmark(owner, saved.public_id) for saved in kept[:3]),
            rename_tag(owner, "db", "data"),
            *(save(ana, f"{PAGE}?n={n}", "db .x") for n in range(6)),
            rename_tag(owner, "sql", "data"),
            *(undo_remove(owner, saved.public_id) for saved in kept[:3]),
            save(bo, f"{PAGE}?n=1", "db"),
            may_raise=(NotFound,),
        )
        await assert_agreement()


async def test_an_undo_and_the_end_of_its_time_meet_and_one_of_them_wins_whole(server, clock):
    ana = await saver("ana")
    owner = Owner.of(ana)
    for number in range(8):
        saved = await save(ana, f"{PAGE}?n={number}", "db")
        await remove_bookmark(owner, saved.public_id)
        undo_runs_out(clock)

        works = [undo_remove(owner, saved.public_id), finish_removals()]
        await _together(*works[:: 1 if number % 2 else -1], may_raise=(NotFound,))

        there = await fetch("SELECT id FROM bookmark WHERE public_id = ? AND removed_at IS NULL", saved.public_id)
        graves = await fetch("SELECT id FROM tombstone WHERE uri LIKE ?", f"%{saved.public_id}")
        assert len(there) + len(graves) == 1
        await assert_agreement()


async def test_two_edits_onto_one_address_leave_it_to_one_of_them(server):
    ana = await saver("ana")
    one, two = await save(ana, f"{PAGE}?n=1", "db"), await save(ana, f"{PAGE}?n=2", "db")

    outcomes = await _together(edit(ana, one.public_id, PAGE), edit(ana, two.public_id, PAGE), may_raise=(Taken,))

    assert sum(isinstance(outcome, Taken) for outcome in outcomes) == 1
    await assert_agreement()


async def test_two_people_exchange_the_addresses_of_their_bookmarks(server):
    ana, bo = await saver("ana"), await saver("bo")
    one, two = await save(ana, f"{PAGE}?n=1", "db"), await save(bo, f"{PAGE}?n=2", "sql")

    await _together(edit(ana, one.public_id, f"{PAGE}?n=2", "sql"), edit(bo, two.public_id, f"{PAGE}?n=1", "db"))

    assert await count(TagStream(("db",))) == await count(TagStream(("sql",))) == 1
    await assert_agreement()


@pytest.mark.parametrize("visibility", ["public", "followers"])
async def test_follows_that_begin_and_end_while_both_sides_save(server, visibility):
    ana, bo, cy = await saver("ana"), await saver("bo"), await saver("cy")
    await befriend(cy, bo)

    for number in range(4):
        page = f"{PAGE}?n={number}"
        await _together(
            save(ana, page, "db", visibility),
            follow(cy, "ana") if number % 2 == 0 else unfollow(cy, "ana"),
            save(bo, page, "db", visibility),
            save(cy, page, "db", "private"),
            unfollow(cy, "bo") if number % 2 == 0 else follow(cy, "bo"),
        )
        await assert_agreement()

    assert len(await entries(NetworkStream(), cy)) == 4


async def test_two_imports_of_one_file_and_saves_between_them(server):
    ana, bo = await saver("ana"), await saver("bo")
    drafts = [Draft(f"{PAGE}?n={n}", title="from a file", tags=("db", f"t{n % 3}"), saved_at=n + 1) for n in range(30)]

    await _together(
        save_many(Owner.of(ana), drafts),
        save_many(Owner.of(bo), drafts[::-1]),
        save_many(Owner.of(ana), drafts),
        save(ana, f"{PAGE}?n=3", "db"),
        save(bo, f"{PAGE}?n=29", "db"),
    )

    assert await count(TagStream(("db",))) == 60
    await assert_agreement()


async def test_a_save_that_meets_its_owners_leaving_does_not_outlive_them(server):
    ana = await register("ana", PASSWORD)
    await save(ana, PAGE, "db")

    await _together(
        *(save(ana, f"{PAGE}?n={n}", "db") for n in range(6)),
        leave(ana, "ana", PASSWORD),
        *_after(0.01, [save(ana, f"{PAGE}?m={n}", "db") for n in range(40)]),
        may_raise=(Gone,),
    )

    with pytest.raises(Gone):
        await save(ana, PAGE)
    assert await fetch("SELECT * FROM bookmark") == []
    await assert_agreement()


def _after(apart_s: float, works: list[Awaitable[object]]) -> list[Awaitable[object]]:
    """Works one after another: checking a password takes a while, and some of them shall meet what follows it."""

    async def later(number: int, work: Awaitable[object]) -> object:
        await asyncio.sleep(number * apart_s)
        return await work

    return [later(number, work) for number, work in enumerate(works)]
