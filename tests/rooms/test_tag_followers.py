"""Following tags of this server from here: what a network shows through them, whatever happens in what order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark, undo_remove
from fedimark.bookmarks.tags import rename_tag
from fedimark.database import execute, fetch
from fedimark.errors import Forbidden, NotFound, Refused
from fedimark.follows import answer, queries
from fedimark.follows.request import follow, unfollow
from fedimark.moderation import mutes, people
from fedimark.moderation.suspension import restore, suspend
from fedimark.timelines.stream import NetworkStream
from tests.stories.reading import Reading
from tests.support.savers import (
    assert_agreement,
    edit,
    remote_actor,
    remote_save,
    save,
    saver,
    undo_runs_out,
    urls_of,
)

X = "https://x.example/"
BOS = "https://a.example/u/bo/t/sql"


@pytest.fixture
async def bo(server):
    """Somebody whose tag sql was public once."""
    bo = await saver("bo")
    await save(bo, "https://old.example/", "sql")
    return bo


@pytest.fixture
async def rita(server):
    """Somebody who reads."""
    return await saver("rita")


async def network(reader) -> list[str]:
    """The pages in somebody's network."""
    return await urls_of(NetworkStream(), reader)


# --- what is seen ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["#sql", "https://a.example/t/SQL", "@tag.sql@a.example"])
async def test_who_follows_a_tag_sees_what_has_it_before_and_after(bo, rita, who):
    assert (await follow(rita, who))["state"] == "accepted"
    await save(await saver("cy"), f"{X}1", "sql")
    await save(bo, f"{X}2", "rust")

    assert await network(rita) == [f"{X}1", "https://old.example/"]
    await assert_agreement()


async def test_who_follows_a_persons_tag_sees_theirs_alone(bo, rita):
    await follow(rita, BOS)
    await save(await saver("cy"), f"{X}1", "sql")
    await save(bo, f"{X}2", "sql")
    await save(bo, f"{X}3", "rust")

    assert await network(rita) == [f"{X}2", "https://old.example/"]
    await assert_agreement()


@pytest.mark.parametrize("visibility", ["unlisted", "followers", "private"])
async def test_a_tag_shows_what_is_public_alone(bo, rita, visibility):
    await follow(rita, "#sql")
    await follow(rita, BOS)
    saved = await save(bo, f"{X}1", "sql", visibility)

    assert await network(rita) == ["https://old.example/"]
    saved = await edit(bo, saved.public_id, f"{X}1", "sql", "public")
    assert await network(rita) == [f"{X}1", "https://old.example/"]
    await edit(bo, saved.public_id, f"{X}1", "sql", visibility)
    assert await network(rita) == ["https://old.example/"]
    await assert_agreement()


async def test_what_arrives_from_elsewhere_is_shown_as_the_page_shows_it(bo, rita):
    cleo = await remote_actor("cleo", "m.example")
    await follow(rita, "#sql")

    await remote_save(cleo, 1, f"{X}1", saved_at=10, tags="sql")
    await remote_save(cleo, 2, f"{X}2", saved_at=20, tags="sql", listed=False)

    assert await network(rita) == ["https://old.example/", f"{X}1"]
    await assert_agreement()


async def test_a_tag_lost_a_rename_and_a_removal_take_it_out_again(bo, rita, clock):
    await follow(rita, "#sql")
    one, two = await save(bo, f"{X}1", "sql"), await save(bo, f"{X}2", "sql")

    await edit(bo, one.public_id, f"{X}1", "rust")
    assert await network(rita) == [f"{X}2", "https://old.example/"]
    await remove_bookmark(Owner.of(bo), two.public_id)
    assert await network(rita) == ["https://old.example/"]
    await undo_remove(Owner.of(bo), two.public_id)
    assert await network(rita) == [f"{X}2", "https://old.example/"]
    await remove_bookmark(Owner.of(bo), two.public_id)
    undo_runs_out(clock)
    await finish_removals()
    await rename_tag(Owner.of(bo), "sql", "databases")
    assert await network(rita) == []
    await assert_agreement()


async def test_what_is_seen_another_way_too_stays_when_the_tag_is_left(bo, rita):
    await follow(rita, "#sql")
    await follow(rita, BOS)
    await save(bo, f"{X}1", "sql")
    await save(rita, f"{X}1")
    await save(await saver("cy"), f"{X}2", "sql")

    await unfollow(rita, "#sql")
    assert await network(rita) == [f"{X}1", "https://old.example/"]
    await unfollow(rita, BOS)
    assert await network(rita) == [f"{X}1"]
    await assert_agreement()


async def test_whom_the_reader_blocks_is_not_seen_through_a_tag(bo, rita):
    await follow(rita, "#sql")

    await people.block(rita, "bo")
    await save(bo, f"{X}1", "sql")
    assert await network(rita) == []
    await assert_agreement()
    await people.unblock(rita, "bo")
    assert await network(rita) == [f"{X}1", "https://old.example/"]
    await assert_agreement()


async def test_somebody_suspended_is_not_seen_until_they_are_back(bo, rita, server):
    await follow(rita, "#sql")
    await follow(rita, BOS)

    await suspend("bo")
    await server.settle()
    assert await network(rita) == []
    await assert_agreement()
    await restore("bo")
    await server.settle()
    assert await network(rita) == ["https://old.example/"]
    await assert_agreement()


# --- asking ---------------------------------------------------------------------------------------------------------


async def test_the_tag_of_who_approves_by_hand_is_asked_for(bo, rita):
    await execute("UPDATE actor SET approves_followers = TRUE WHERE local_name = 'bo'")

    assert (await follow(rita, BOS))["state"] == "requested"
    assert await network(rita) == []
    (waiting,) = await queries.requests(bo.actor_id)
    await answer.accept(bo, str(waiting["id"]))
    assert await network(rita) == ["https://old.example/"]
    await assert_agreement()
    await answer.remove_follower(bo, str(waiting["id"]))
    assert await network(rita) == []
    await assert_agreement()


async def test_across_a_block_nobody_follows_a_tag_and_a_block_ends_it(bo, rita):
    await follow(rita, BOS)
    await people.block(bo, "rita")

    assert await network(rita) == []
    with pytest.raises(Forbidden):
        await follow(rita, BOS)
    await assert_agreement()


async def test_a_reader_who_blocks_follows_their_tags_no_more(bo, rita):
    await follow(rita, BOS)
    await people.block(rita, "bo")
    await people.unblock(rita, "bo")

    assert await network(rita) == []
    assert await fetch("SELECT id FROM follow") == []


@pytest.mark.parametrize("who", ["#nothing", "#.sql", "https://a.example/u/bo/t/rust", "@bo.rust@a.example"])
async def test_a_tag_that_never_was_public_cannot_be_followed(bo, rita, who):
    await save(bo, f"{X}1", "nothing .sql rust", "unlisted")

    with pytest.raises(NotFound):
        await follow(rita, who)
    assert await fetch("SELECT id FROM actor WHERE tag_id IS NOT NULL") == []


async def test_nobody_follows_or_blocks_a_tag_of_their_own(bo):
    with pytest.raises(Refused):
        await follow(bo, BOS)
    with pytest.raises(Refused):
        await people.block(bo, "#sql")


async def test_tags_followed_count_nowhere_as_people_and_no_server_is_asked(bo, rita, server, fleet):
    await follow(rita, "#sql")
    await server.settle()

    said = await server.client.get("/u/rita/following", headers={"Accept": "application/activity+json"})
    assert said.json()["totalItems"] == 0
    assert fleet.network.requests == []


# --- pages ----------------------------------------------------------------------------------------------------------


async def test_a_tag_page_offers_to_follow_and_shows_the_handle(bo, server):
    rita = await server.sign_up("rita")

    # Given the pages of a tag, of everybody and of bo
    for path, handle, name in (
        ("/t/sql", "@tag.sql@a.example", "#sql"),
        ("/u/bo/t/sql", "@bo.sql@a.example", "bo: #sql"),
    ):
        page = Reading((await rita.browser.get(path)).text)
        assert page.one(kind="under").one(kind="handle").text == handle
        assert page.one(kind="under").one("button").text == f"Follow {name}"

        # When rita presses the button
        who = page.one(kind="under").all("input")[0].get("value")
        followed = await rita.browser.post("/network/follow", data={"who": who, "back": path})

        # Then she comes back and may leave, there and on her own pages
        assert (followed.status_code, followed.headers["location"]) == (303, path)
        assert "following" in Reading((await rita.browser.get(path)).text).one(kind="under").text
    for where in ("/people", "/network"):
        assert "Tags you follow" in (await rita.browser.get(where)).text
    await rita.browser.post("/network/leave", data={"who": "https://a.example/t/sql"})
    assert [row["username"] for row in await queries.following(rita.viewer.actor_id)] == ["bo.sql"]

    # And who is not signed in sees the handle alone
    page = Reading((await server.client.get("/t/sql")).text)
    assert page.one(kind="under").one(kind="handle").text == "@tag.sql@a.example"
    assert page.one(kind="under").all("form") == []


async def test_pages_of_several_tags_and_of_tags_never_public_offer_nothing(bo, server):
    await save(bo, f"{X}1", "sql rust")
    await save(bo, f"{X}2", "quiet", "unlisted")

    for path in ("/t/sql,rust", "/u/bo/t/sql,rust", "/u/bo/t/quiet"):
        answer_ = await server.client.get(path)
        assert answer_.status_code == 200
        assert "class=handle" not in answer_.text


# --- any order ------------------------------------------------------------------------------------------------------

STEP = st.tuples(
    st.sampled_from(["save", "retag", "hide", "show", "follow", "leave", "block", "unblock", "mute", "unmute"]),
    st.sampled_from(["bo", "cy"]),
    st.integers(1, 3),
    st.sampled_from(["sql", "rust", "sql rust", ".sql", ""]),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=14), number=st.integers(0, 2**40))
async def test_whatever_happens_the_network_is_what_it_would_be_made_anew(server, steps, number):
    # Given people of their own for each history
    names = {name: f"{name}{number}" for name in ("bo", "cy", "rita")}
    found = {}
    for name, full in names.items():
        try:
            found[name] = await saver(full)
        except Exception:  # a history that was tried before
            return
    for name in ("bo", "cy"):
        await save(found[name], f"https://first.example/{names[name]}", "sql rust")
    rita = found["rita"]

    # When things happen in any order
    for what, who, page, words in steps:
        url, person = f"{X}{number}/{page}", found[who]
        try:
            if what in ("save", "retag", "show"):
                await save(person, url, words, "public")
            elif what == "hide":
                await save(person, url, words, "followers")
            elif what == "follow":
                await follow(
                    rita,
                    "#sql" if page == 1 else f"https://a.example/u/{names[who]}/t/rust" if page == 2 else names[who],
                )
            elif what == "leave":
                await unfollow(
                    rita,
                    "#sql" if page == 1 else f"https://a.example/u/{names[who]}/t/rust" if page == 2 else names[who],
                )
            elif what == "block":
                await people.block(rita, names[who])
            elif what == "mute":
                await mutes.mute(rita, names[who])
            elif what == "unmute":
                await mutes.unmute(rita, names[who])
            else:
                await people.unblock(rita, names[who])
        except (NotFound, Forbidden):
            continue

    # Then every row made from it is as if it were made anew
    await assert_agreement()
