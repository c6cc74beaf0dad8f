"""Mutes: one person here sees nothing of another, wherever they look, and nobody else notices anything."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark import addresses
from fedimark.database import execute, fetch, write
from fedimark.errors import NotFound, Refused
from fedimark.follows import queries as follows
from fedimark.follows.request import follow
from fedimark.moderation import mutes, people
from fedimark.moderation.suspension import restore, suspend
from fedimark.policy import blocks
from fedimark.text import urls
from fedimark.timelines import queries
from fedimark.timelines.merge import follow_began, share_began
from fedimark.timelines.stream import LinkStream, NetworkStream, PersonStream, PopularStream, RecentStream, TagStream
from tests.rooms.strangers import amount
from tests.stories.reading import Reading
from tests.support.people import PASSWORD
from tests.support.savers import (
    UNKNOWN,
    assert_agreement,
    befriend,
    count,
    entries,
    remote_actor,
    remote_save,
    save,
    saver,
    urls_of,
)

PAGE = "https://sqlite.org/wal.html"
LINK = LinkStream(urls.link_hash(urls.canonical(PAGE)))
TAG = TagStream(("sql",))


@pytest.fixture
async def rita(server) -> Any:
    """Somebody who reads."""
    return await saver("rita")


@pytest.fixture
async def bo(rita) -> Any:
    """Somebody whom rita follows, with a public bookmark."""
    bo = await saver("bo")
    await befriend(rita, bo)
    await save(bo, PAGE, "sql logs", title="Bo’s", description="Of bo.")
    return bo


async def follows_elsewhere(reader: Any, actor_id: int) -> None:
    """Let somebody follow an actor of another server."""
    async with write():
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
        await execute(sql, reader.actor_id, actor_id)
        await follow_began(reader.actor_id, actor_id)


async def passes_on(actor_id: int, row: Any) -> None:
    """Let somebody elsewhere share a bookmark."""
    async with write():
        sql = "INSERT INTO share (actor_id, object_hash, bookmark_id, uri, shared_at) VALUES (?, ?, ?, '', 9)"
        await execute(sql, actor_id, row["uri_hash"] or addresses.uri_hash(row["public_id"]), row["id"])
        await share_began(row, actor_id)


EVERYWHERE = (NetworkStream(), RecentStream(), RecentStream(here=True), TAG, LINK, PersonStream("bo"))


async def test_the_muted_vanish_from_every_stream_and_come_back(rita, bo):
    before = [await urls_of(stream, rita) for stream in EVERYWHERE]

    await mutes.mute(rita, "bo")

    assert before == [[PAGE]] * 6
    assert [await urls_of(stream, rita) for stream in EVERYWHERE] == [[], [], [], [], [UNKNOWN], []]
    await assert_agreement()
    await mutes.unmute(rita, "@bo@a.example")
    assert [await urls_of(stream, rita) for stream in EVERYWHERE] == before
    await assert_agreement()


async def test_what_they_save_while_muted_is_there_afterwards(rita, bo):
    await mutes.mute(rita, "bo")
    await save(bo, "https://new.example/", "sql")

    assert await urls_of(NetworkStream(), rita) == []
    await assert_agreement()
    await mutes.unmute(rita, "bo")
    assert await urls_of(NetworkStream(), rita) == ["https://new.example/", PAGE]


async def test_whoever_is_muted_counts_nowhere_and_speaks_nowhere(rita, bo, server):
    ana, cy = await saver("ana"), await saver("cy")
    for who in (ana, cy):
        await save(who, PAGE, "sql", title="The others’")
    assert await urls_of(PopularStream("week"), rita) == [PAGE]

    await mutes.mute(rita, "bo")

    for stream in (RecentStream(), TAG):
        (entry,) = await entries(stream, rita)
        assert (entry.title, entry.saver.handle, entry.saver_count) == ("The others’", "ana", 2)
        assert [each.handle for each in entry.others] == ["cy"]
        assert "logs" not in entry.tags
    assert await count(TAG, rita) == 2
    assert await queries.related(await queries.find(TAG, rita)) == []
    assert len(await entries(LINK, rita)) == 2
    (everybodys,) = await entries(RecentStream())
    assert (everybodys.saver.handle, everybodys.saver_count) == ("bo", 3)


async def test_what_stands_out_is_counted_without_them_and_not_shown_where_all_are_muted(rita, bo):
    await save(await saver("cy"), PAGE)
    await mutes.mute(rita, "cy")

    (entry,) = await entries(PopularStream("week"), rita)
    assert (entry.saver.handle, entry.saver_count, entry.others) == ("bo", 1, ())
    await mutes.mute(rita, "bo")
    assert await urls_of(PopularStream("week"), rita) == []
    assert await urls_of(PopularStream("week")) == [PAGE]


async def test_nothing_of_them_comes_through_others_and_nothing_of_others_through_them(rita, server):
    dee, eve = await remote_actor("dee", "b.example"), await remote_actor("eve", "c.example")
    for each in (dee, eve):
        await follows_elsewhere(rita, each)
    of_dee = await remote_save(dee, 1, "https://of-dee.example/", saved_at=5, listed=False)
    of_zed = await remote_save(await remote_actor("zed", "z.example"), 1, "https://of-zed.example/", saved_at=6)
    await passes_on(eve, of_dee)
    await passes_on(dee, of_zed)
    assert len(await entries(NetworkStream(), rita)) == 2

    await mutes.mute(rita, "@dee@b.example")

    assert await urls_of(NetworkStream(), rita) == []
    await assert_agreement()
    await mutes.unmute(rita, "https://b.example/u/dee")
    assert len(await entries(NetworkStream(), rita)) == 2
    await assert_agreement()


async def test_a_follow_of_whom_one_mutes_shows_nothing_until_they_are_unmuted(rita, server):
    cy = await saver("cy")
    await save(cy, PAGE, "sql")
    await mutes.mute(rita, "cy")

    await follow(rita, "cy")
    await follow(rita, "https://a.example/u/cy/t/sql")

    assert await urls_of(NetworkStream(), rita) == []
    await assert_agreement()
    await mutes.unmute(rita, "cy")
    assert await urls_of(NetworkStream(), rita) == [PAGE]
    await assert_agreement()


async def test_nobody_hears_of_it_and_they_still_follow_and_see(rita, bo, server, fleet):
    await save(rita, "https://of-rita.example/", "sql", "followers")
    await befriend(bo, rita)
    await mutes.mute(rita, "bo")
    dee = await remote_actor("dee", "b.example")
    await mutes.mute(rita, "@dee@b.example")
    await server.settle()

    assert [row["username"] for row in await follows.following(rita.actor_id)] == ["bo"]
    assert "https://of-rita.example/" in await urls_of(NetworkStream(), bo)
    assert not await blocks.between(rita.actor_id, bo.actor_id)
    assert not await blocks.between(dee, rita.actor_id)
    assert await blocks.inboxes_of_estranged(rita.actor_id) == set()
    assert (await amount("delivery"), await amount("activity")) == (0, 0)
    assert fleet.network.requests == []


async def test_a_block_takes_a_mutes_place_and_its_end_brings_no_mute_back(rita, bo):
    await mutes.mute(rita, "bo")
    await people.block(rita, "bo")

    assert await blocks.between(rita.actor_id, bo.actor_id)
    assert await follows.following(rita.actor_id) == []
    with pytest.raises(NotFound):
        await mutes.unmute(rita, "bo")
    await people.unblock(rita, "bo")
    assert await fetch("SELECT id FROM block") == []
    await assert_agreement()


async def test_a_mute_is_no_block_to_take_back_and_a_block_no_mute(rita, bo):
    await mutes.mute(rita, "bo")
    with pytest.raises(NotFound):
        await people.unblock(rita, "bo")
    await people.block(rita, "bo")
    await mutes.mute(rita, "bo")

    assert [bool(row["is_mute"]) for row in await fetch("SELECT is_mute FROM block")] == [False]


async def test_somebody_suspended_meanwhile_does_not_come_back_with_the_end_of_a_mute(rita, bo, server):
    await mutes.mute(rita, "bo")
    await suspend("bo")
    await server.settle()

    await mutes.unmute(rita, "bo")

    assert await urls_of(NetworkStream(), rita) == []
    await assert_agreement()
    await mutes.mute(rita, "bo")
    await restore("bo")
    await server.settle()
    assert await urls_of(NetworkStream(), rita) == []
    await assert_agreement()


@pytest.mark.parametrize("who", ["rita", "#sql", ""])
async def test_only_people_are_muted_and_nobody_mutes_themselves(rita, bo, who):
    with pytest.raises((Refused, NotFound)):
        await mutes.mute(rita, who)

    assert await amount("block") == 0


async def test_who_is_unknown_here_is_not_looked_for(rita, fleet):
    with pytest.raises(NotFound):
        await mutes.mute(rita, "@zoe@far.example")

    assert fleet.network.requests == []


# --- pages ----------------------------------------------------------------------------------------------------------


async def test_buttons_mute_and_unmute(bo, server):
    sam = await server.sign_up("sam")

    # Given bo's page, with both buttons beside Follow
    under = Reading((await sam.browser.get("/u/bo")).text).one(kind="under")
    assert [form.get("action") for form in under.all("form")] == ["/network/follow", "/people/mute", "/people/block"]

    # When sam mutes them there
    muted = await sam.browser.post("/people/mute", data={"who": "@bo@a.example", "back": "/u/bo"})

    # Then the page says so and shows nothing, and the list names them
    assert (muted.status_code, muted.headers["location"]) == (303, "/u/bo")
    page = Reading((await sam.browser.get("/u/bo")).text)
    assert page.one(kind="under").one("form").get("action") == "/people/unmute"
    assert "You muted them" in page.one(kind="empty").text
    listed = Reading((await sam.browser.get("/people/muted")).text).one(kind="list")
    assert 'href="/u/bo"' not in (await sam.browser.get("/people/blocked")).text.partition("<h1>")[2]
    back = await sam.browser.post("/people/unmute", data={"who": listed.one("input").get("value")})
    assert back.headers["location"] == "/people/muted"
    assert await amount("block") == 0


async def test_a_name_that_cannot_be_muted_is_said_beside_the_field(bo, server):
    sam = await server.sign_up("sam")

    page = await sam.browser.post("/people/mute", data={"who": "<nobody>"})

    assert page.status_code == 422
    assert "&lt;nobody&gt;" in page.text
    assert Reading(page.text).one(kind="wrong").text


async def test_who_leaves_takes_their_mutes_along(bo, server):
    sam = await server.sign_up("sam")
    await mutes.mute(sam.viewer, "bo")

    await sam.browser.post("/settings/leave", data={"username": "sam", "password": PASSWORD})

    assert await amount("block") == 0
