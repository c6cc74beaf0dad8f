"""Lists of people and what a network page shows: through which saves an entry is there, where, and whose words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fedimark import addresses
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.errors import NotFound, Refused
from fedimark.follows import lists
from fedimark.follows.lists import Choice
from fedimark.follows.request import follow, unfollow
from fedimark.timelines import narrowed
from fedimark.timelines.merge import share_began
from fedimark.timelines.stream import NetworkStream
from tests.support.savers import (
    assert_agreement,
    befriend,
    entries,
    remote_actor,
    remote_save,
    row_of,
    save,
    saver,
    urls_of,
    walk,
)

A, B, C = "https://a-page.example/", "https://b-page.example/", "https://c-page.example/"


@pytest.fixture
async def rita(server) -> Any:
    """Somebody who reads."""
    return await saver("rita")


@pytest.fixture
async def bo(rita) -> Any:
    """Somebody whom rita follows."""
    bo = await saver("bo")
    await befriend(rita, bo)
    return bo


@pytest.fixture
async def cy(rita) -> Any:
    """Somebody else whom rita follows."""
    cy = await saver("cy")
    await befriend(rita, cy)
    return cy


async def a_list(reader: Any, name: str, *who: Any) -> NetworkStream:
    """A list of the reader's with these people on it, as a stream."""
    public_id = await lists.make(reader, name)
    for each in who:
        await lists.put(reader, public_id, each.username)
    return NetworkStream(list_id=(await lists.one(reader, public_id))["id"])


async def follows_elsewhere(reader: Any, actor_id: int) -> None:
    """Let somebody follow an actor of another server."""
    async with write():
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
        await execute(sql, reader.actor_id, actor_id)


async def shares(actor_id: int, row: Any, at: int) -> None:
    """Let an actor of another server pass a bookmark on."""
    async with write():
        sql = "INSERT INTO share (actor_id, object_hash, bookmark_id, uri, shared_at) VALUES (?, ?, ?, '', ?)"
        await execute(sql, actor_id, addresses.uri_hash(f"s{row['id']}"), row["id"], at)
        await share_began(row, actor_id)


async def test_a_list_shows_what_its_people_saved_and_nothing_else(rita, bo, cy, clock):
    await save(bo, A)
    clock.forward(seconds=5)
    await save(cy, B)
    await save(rita, C)

    shown = await a_list(rita, "news", bo)

    assert await urls_of(shown, rita) == [A]
    assert await urls_of(NetworkStream(), rita) == [C, B, A]


async def test_in_a_list_a_page_stands_where_its_own_people_saved_it_first_in_their_words(rita, bo, cy, clock):
    await save(cy, A, title="Cy’s")
    clock.forward(seconds=5)
    await save(bo, B)
    clock.forward(seconds=5)
    await save(bo, A, title="Bo’s")

    shown = await entries(await a_list(rita, "news", bo), rita)

    assert [(each.url, each.title, each.saver.username, each.saver_count) for each in shown] == [
        (A, "Bo’s", "bo", 2),
        (B, B, "bo", 1),
    ]
    assert [each.url for each in await entries(NetworkStream(), rita)] == [B, A]


async def test_several_of_a_list_who_saved_one_page_make_one_entry_at_the_earliest(rita, bo, cy, clock):
    await save(bo, A)
    clock.forward(seconds=5)
    await save(bo, B)
    clock.forward(seconds=5)
    await save(cy, A)

    shown = await entries(await a_list(rita, "all", bo, cy), rita)

    assert [(each.url, each.saver.username, [o.username for o in each.others]) for each in shown] == [
        (B, "bo", []),
        (A, "bo", ["cy"]),
    ]


async def test_words_of_somebody_on_a_list_move_a_page_up_in_it_and_those_of_others_do_not(rita, bo, cy, clock):
    await save(bo, A, description="Bo’s words")
    clock.forward(seconds=5)
    await save(bo, B)
    clock.forward(seconds=5)
    await save(cy, A, description="Cy’s words")

    both, one = await a_list(rita, "both", bo, cy), await a_list(rita, "one", bo)

    assert [(each.url, each.description) for each in await entries(both, rita)] == [(A, "Cy’s words"), (B, "")]
    assert [(each.url, each.description) for each in await entries(one, rita)] == [(B, ""), (A, "Bo’s words")]
    assert await urls_of(NetworkStream(), rita) == [A, B]
    there, back = await walk(both, rita, 1)
    assert [page.entries[0].url for page in there if page.entries] == [A, B]
    assert [page.entries[0].url for page in reversed(back) if page.entries] == [A, B]


async def test_a_reader_sees_in_a_list_what_was_saved_for_followers_and_never_what_is_private(rita, bo):
    await save(bo, A, visibility="followers")
    await save(bo, B, visibility="private")

    shown = await a_list(rita, "news", bo)

    assert await urls_of(shown, rita) == [A]
    assert await urls_of(NetworkStream(list_id=shown.list_id, leaves=True), rita) == []


@pytest.mark.parametrize("amount", [3, 7])
async def test_pages_of_a_list_hold_each_entry_once_in_both_directions(rita, bo, cy, clock, amount):
    for number in range(20):
        await save(bo if number % 3 else cy, f"https://page.example/{number}")
        clock.forward(seconds=number % 2)  # some of one moment
    shown = await a_list(rita, "all", bo, cy)

    there, back = await walk(shown, rita, amount)

    every = [entry.url for page in there for entry in page.entries]
    assert len(every) == len(set(every)) == 20
    returned = [[entry.url for entry in page.entries] for page in reversed(back)]
    assert [url for page in returned for url in page] == every


async def test_a_page_ends_where_somebody_who_saves_much_was_not_looked_at_further(rita, bo, cy, clock, monkeypatch):
    monkeypatch.setattr(narrowed, "_AT_MOST", 16)
    for number in range(30):
        await save(bo, f"https://bo.example/{number}")
        clock.forward(seconds=1)
        if number % 10 == 0:
            await save(cy, f"https://cy.example/{number}")
    shown = await a_list(rita, "all", bo, cy)

    there, _ = await walk(shown, rita, 25)

    every = [entry.url for page in there for entry in page.entries]
    assert len(every) == len(set(every)) == 33
    assert len(there) > 3


async def test_what_somebody_on_a_list_shared_is_there_unless_shares_are_hidden(rita, bo):
    author, sharer = await remote_actor("pia", "p.example"), await remote_actor("sue", "s.example")
    await follows_elsewhere(rita, sharer)
    row = await remote_save(author, 1, A, saved_at=1_000, tags="sql")
    await shares(sharer, row, 2_000)
    await save(bo, B)

    only_sue = NetworkStream(from_id=sharer)
    assert [(each.url, each.at, each.saver.username) for each in await entries(only_sue, rita)] == [(A, 2_000, "pia")]
    assert await urls_of(NetworkStream(from_id=sharer, hides_shares=True), rita) == []
    assert await urls_of(NetworkStream(hides_shares=True), rita) == [B]
    assert await urls_of(NetworkStream(tag="sql"), rita) == [A]


async def test_a_tag_that_is_followed_passes_on_and_can_be_looked_at_alone(rita):
    ana = await saver("ana")
    await save(ana, A, "sql")
    await save(ana, B, "ml")
    row = await follow(rita, "#sql")

    through = NetworkStream(from_id=row["actor_id"])

    assert await urls_of(through, rita) == [A]
    assert await urls_of(NetworkStream(hides_shares=True), rita) == []


async def test_one_tag_of_the_network_shows_what_was_saved_with_it_by_whom_one_follows(rita, bo):
    stranger = await saver("stranger")
    await save(stranger, C, "sql")
    await save(bo, A, "SQL")
    await save(bo, B, "ml")
    await save(rita, C, ".sql")

    assert await urls_of(NetworkStream(tag="sql"), rita) == [A]
    assert await urls_of(NetworkStream(tag=".sql"), rita) == [C]
    assert await urls_of(NetworkStream(tag="nothing"), rita) == []


async def test_a_private_tag_of_another_narrows_nothing(rita, bo):
    await save(bo, A, ".secret")

    assert await urls_of(NetworkStream(tag=".secret"), rita) == []


async def test_unread_is_what_came_after_the_mark_and_was_not_saved_by_the_reader(rita, bo, clock):
    await save(bo, A)
    clock.forward(seconds=5)
    mark = clock.micros
    clock.forward(seconds=5)
    await save(bo, B)
    await save(bo, C)
    await save(rita, C, visibility="private")

    assert await urls_of(NetworkStream(unread_since=mark), rita) == [B]
    assert await urls_of(NetworkStream(unread_since=0), rita) == [B, A]


async def test_bookmarks_only_leaves_out_notes_that_merely_mention_a_page(rita):
    pia = await remote_actor("pia", "p.example")
    await follows_elsewhere(rita, pia)
    await remote_save(pia, 1, A, saved_at=1_000, is_save=False, listed=False)
    await remote_save(pia, 2, B, saved_at=2_000)

    assert await urls_of(NetworkStream(from_id=pia), rita) == [B, A]
    assert await urls_of(NetworkStream(from_id=pia, only_saves=True), rita) == [B]


async def test_whoever_is_left_is_on_no_list_and_comes_back_to_none(rita, bo):
    await save(bo, A)
    shown = await a_list(rita, "news", bo)

    await unfollow(rita, "bo")
    await befriend(rita, bo)

    assert await urls_of(shown, rita) == []
    assert await fetch("SELECT * FROM list_member") == []
    await assert_agreement()


async def test_only_whom_one_follows_can_be_put_on_a_list(rita):
    await saver("stranger")
    public_id = await lists.make(rita, "news")

    with pytest.raises(Refused, match="don’t follow"):
        await lists.put(rita, public_id, "stranger")
    with pytest.raises(Refused):
        await lists.put(rita, public_id, "<script>alert(1)</script>")


async def test_lists_of_others_are_not_there(rita, bo):
    public_id = await lists.make(bo, "his")

    for change in (lists.rename, lists.put, lists.drop):
        with pytest.raises(NotFound):
            await change(rita, public_id, "bo")
    for change in (lists.new_key, lists.no_key, lists.remove):
        with pytest.raises(NotFound):
            await change(rita, public_id)
    with pytest.raises(NotFound):
        await lists.choose(rita, public_id, Choice(only_saves=True))
    assert (await lists.one(bo, public_id))["name"] == "his"


async def test_lists_and_their_names_are_bounded(rita, monkeypatch):
    for name in ("", " \n ", "x" * 101):
        with pytest.raises(Refused):
            await lists.make(rita, name)
    monkeypatch.setattr(lists, "MOST_LISTS", 2)
    await lists.make(rita, "<b>one</b>")
    await lists.make(rita, "x" * 100)

    with pytest.raises(Refused, match="take one away"):
        await lists.make(rita, "three")


async def test_a_list_holds_a_bounded_number(rita, bo, cy, monkeypatch):
    monkeypatch.setattr(lists, "MOST_MEMBERS", 1)
    public_id = await lists.make(rita, "news")
    await lists.put(rita, public_id, "bo")

    with pytest.raises(Refused, match="at most"):
        await lists.put(rita, public_id, "cy")


async def test_what_is_chosen_is_remembered_for_each_list_and_for_the_whole_network(rita, bo):
    public_id = await lists.make(rita, "news")
    await lists.choose(rita, public_id, Choice(hides_shares=True, tag="#SQL", who="bo"))
    await lists.choose(rita, lists.WHOLE, Choice(only_saves=True))
    await lists.choose(rita, lists.WHOLE, Choice(only_unread=True))

    rows = {row["public_id"]: row for row in await lists.every(rita)}

    assert (rows[public_id]["tag"], rows[public_id]["from_id"], bool(rows[public_id]["hides_shares"])) == (
        "sql",
        bo.actor_id,
        True,
    )
    assert (bool(rows[""]["only_saves"]), bool(rows[""]["only_unread"])) == (False, True)
    await unfollow(rita, "bo")
    assert (await lists.one(rita, public_id))["from_id"] is None


async def test_marking_as_read_never_goes_back(rita, clock):
    public_id = await lists.make(rita, "news")
    await lists.mark_read(rita, public_id, clock.micros)
    first = (await lists.one(rita, public_id))["read_at"]

    await lists.mark_read(rita, public_id, 5)
    await lists.mark_read(rita, public_id, 10**18 - 1)

    assert (await lists.one(rita, public_id))["read_at"] >= first
    assert (await lists.one(rita, public_id))["read_at"] <= clock.micros
    await lists.mark_read(rita, lists.WHOLE, clock.micros)
    assert await fetch_one("SELECT id FROM people_list WHERE public_id = '' AND read_at > 0")


async def test_a_feed_of_a_list_says_no_private_tag_of_its_owners_own_bookmark_that_somebody_shared(rita, bo):
    own = await row_of(rita, await save(rita, A, "sea .mine for:cy"))
    await shares(bo.actor_id, own, 1)
    shown = await a_list(rita, "news", bo)

    [read_by_her] = await entries(shown, rita)
    [in_the_feed] = await entries(replace(shown, leaves=True), rita)

    assert read_by_her.tags == ("sea", ".mine", "for:cy")
    assert in_the_feed.tags == ("sea",)
    assert in_the_feed.own is None
