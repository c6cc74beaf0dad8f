"""A library that comes in: its places are written without looking, at once or later, and are those of merging."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.rows import drop, putting_to_wait
from fedimark.bookmarks.save import Batch, save_batch, save_many
from fedimark.database import fetch, fetch_one, write
from fedimark.follows.request import follow
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.timelines.stream import NetworkStream, PersonStream, RecentStream, TagStream
from fedimark.timelines.suggested import suggested
from fedimark.timelines.waiting import merge_some, merge_what_waits
from tests.support.savers import assert_agreement, befriend, edit, entries, save, saver, urls_of

MANY = 90
REACHES = (None, Visibility.PUBLIC, Visibility.UNLISTED, Visibility.FOLLOWERS, Visibility.PRIVATE)


def library(host: str, *, words: str = "") -> list[Draft]:
    """Bookmarks of pages nobody knows, of every visibility, each third with a private tag, some without any."""
    return [
        Draft(
            f"https://{host}/{n}",
            title=f"Page {n}",
            description=words,
            tags=(f"tag{n % 7}", "sql", ".mine")[: n % 4],
            visibility=REACHES[n % 5],
            saved_at=1_000_000 * (MANY - n),
        )
        for n in range(MANY)
    ]


async def brought_in(who: Viewer, drafts: list[Draft]) -> None:
    """Saved as a file is, which streams of several savers show a moment later."""
    await save_batch(Batch(Owner.of(who), drafts, put=putting_to_wait))
    await merge_what_waits()


async def saved_at_once(who: Viewer, drafts: list[Draft]) -> None:
    """Saved with all that is made of it."""
    await save_many(Owner.of(who), drafts)


either_way = pytest.mark.parametrize("put", [saved_at_once, brought_in])


@either_way
async def test_a_library_nobody_follows_stands_where_merging_would_put_it(server, put):
    ana = await saver("ana")

    await put(ana, library("new.example"))

    await assert_agreement()
    assert len(await entries(NetworkStream(), ana)) == 50
    shown = [n for n in range(MANY) if REACHES[n % 5] in (None, Visibility.PUBLIC)]
    assert await urls_of(RecentStream()) == [f"https://new.example/{n}" for n in shown]
    tagged = [n for n in shown if n % 4 >= 2]
    assert await urls_of(TagStream(("sql",))) == [f"https://new.example/{n}" for n in tagged]


@either_way
@pytest.mark.parametrize("words", ["", "Worth it"])
async def test_a_library_of_somebody_who_is_followed_is_read_by_their_readers(server, words, put):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)

    await put(ana, library("new.example", words=words))

    await assert_agreement()
    seen = await fetch("SELECT id FROM entry WHERE stream = 1 AND owner_id = ?", bo.actor_id)
    assert len(seen) == MANY - MANY // 5


@either_way
async def test_of_a_library_only_what_has_a_tag_that_is_followed_goes_to_its_readers(server, put):
    ana, bo = await saver("ana"), await saver("bo")
    await save(bo, "https://old.example/", "tag3")
    await follow(bo, "#tag3")

    await put(ana, library("new.example"))

    await assert_agreement()
    seen = await fetch("SELECT id FROM entry WHERE stream = 1 AND owner_id = ?", bo.actor_id)
    tagged = await fetch_one(
        "SELECT count(*) AS n FROM bookmark_tag t JOIN tag g ON g.id = t.tag_id WHERE g.key = 'tag3' AND t.listed"
    )
    assert tagged is not None and len(seen) == tagged["n"] > 1


@either_way
async def test_pages_that_were_saved_before_or_twice_in_one_library_are_merged(server, put):
    ana, bo = await saver("ana"), await saver("bo")
    await save(bo, "https://new.example/7", "sql")
    twice = [Draft("http://new.example/8#top", tags=("sql",), visibility=Visibility.PUBLIC, saved_at=5)]

    await put(ana, library("new.example") + twice)
    await put(bo, library("new.example"))

    await assert_agreement()


async def test_what_waits_stands_in_its_owners_list_alone_and_a_worker_merges_it_where_its_file_came_to_no_end(server):
    ana = await saver("ana")

    await save_batch(Batch(Owner.of(ana), library("new.example"), put=putting_to_wait))

    assert len(await entries(PersonStream("ana"), ana)) == 50
    assert await entries(NetworkStream(), ana) == []
    assert await urls_of(RecentStream()) == []
    assert await merge_some() > 0
    while await merge_some():
        pass
    await assert_agreement()


async def test_what_its_owner_took_back_while_it_waited_goes_nowhere(server):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)
    await save_batch(Batch(Owner.of(ana), library("new.example"), put=putting_to_wait))
    [hidden, removed, dropped] = await fetch(
        "SELECT * FROM bookmark WHERE listed ORDER BY id LIMIT 3",
    )
    await edit(ana, hidden["public_id"], hidden["url"], hidden["tags"], "private")
    await remove_bookmark(Owner.of(ana), removed["public_id"])
    async with write():
        await drop(dropped)

    await merge_what_waits()

    await assert_agreement()
    assert {hidden["url"], removed["url"], dropped["url"]}.isdisjoint(await urls_of(RecentStream()))
    assert await fetch("SELECT id FROM unmerged") == []


async def test_tags_for_a_page_are_suggested_from_the_many_who_saved_it(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save_many(Owner.of(ana), library("new.example"))

    found = await suggested(bo, "https://new.example/6")

    assert found.popular == ("sql", "tag6")
