"""A library that comes in: its places are written without looking, and are those that merging would give."""

from __future__ import annotations

import pytest

from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.save import save_many
from fedimark.database import fetch, fetch_one
from fedimark.follows.request import follow
from fedimark.policy.visibility import Visibility
from fedimark.timelines.stream import NetworkStream, RecentStream, TagStream
from fedimark.timelines.suggested import suggested
from tests.support.savers import assert_agreement, befriend, entries, save, saver, urls_of

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


async def test_a_library_nobody_follows_stands_where_merging_would_put_it(server):
    ana = await saver("ana")

    await save_many(Owner.of(ana), library("new.example"))

    await assert_agreement()
    assert len(await entries(NetworkStream(), ana)) == 50
    shown = [n for n in range(MANY) if REACHES[n % 5] in (None, Visibility.PUBLIC)]
    assert await urls_of(RecentStream()) == [f"https://new.example/{n}" for n in shown]
    tagged = [n for n in shown if n % 4 >= 2]
    assert await urls_of(TagStream(("sql",))) == [f"https://new.example/{n}" for n in tagged]


@pytest.mark.parametrize("words", ["", "Worth it"])
async def test_a_library_of_somebody_who_is_followed_is_read_by_their_readers(server, words):
    ana, bo = await saver("ana"), await saver("bo")
    await befriend(bo, ana)

    await save_many(Owner.of(ana), library("new.example", words=words))

    await assert_agreement()
    seen = await fetch("SELECT id FROM entry WHERE stream = 1 AND owner_id = ?", bo.actor_id)
    assert len(seen) == MANY - MANY // 5


async def test_of_a_library_only_what_has_a_tag_that_is_followed_goes_to_its_readers(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(bo, "https://old.example/", "tag3")
    await follow(bo, "#tag3")

    await save_many(Owner.of(ana), library("new.example"))

    await assert_agreement()
    seen = await fetch("SELECT id FROM entry WHERE stream = 1 AND owner_id = ?", bo.actor_id)
    tagged = await fetch_one(
        "SELECT count(*) AS n FROM bookmark_tag t JOIN tag g ON g.id = t.tag_id WHERE g.key = 'tag3' AND t.listed"
    )
    assert tagged is not None and len(seen) == tagged["n"] > 1


async def test_pages_that_were_saved_before_or_twice_in_one_library_are_merged(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save(bo, "https://new.example/7", "sql")
    twice = [Draft("http://new.example/8#top", tags=("sql",), visibility=Visibility.PUBLIC, saved_at=5)]

    await save_many(Owner.of(ana), library("new.example") + twice)
    await save_many(Owner.of(bo), library("new.example"))

    await assert_agreement()


async def test_tags_for_a_page_are_suggested_from_the_many_who_saved_it(server):
    ana, bo = await saver("ana"), await saver("bo")
    await save_many(Owner.of(ana), library("new.example"))

    found = await suggested(bo, "https://new.example/6")

    assert found.popular == ("sql", "tag6")
