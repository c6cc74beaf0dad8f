"""The address of a feed may be all that keeps it from everybody: it leaves in nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from fedimark.database import fetch
from fedimark.errors import FedimarkError
from fedimark.follows import queries
from fedimark.follows.request import follow, unfollow
from fedimark.follows.resolve import known
from tests.rooms.peers import Says, stand
from tests.rooms.test_feeds import entry, rss, says

KEY = "ab12cd34ef56"
SECRET = f"https://news.example/for/{KEY}/feed?key={KEY}"


@pytest.fixture
def news(server, fleet) -> Any:
    """https://news.example, with a feed for whoever knows its address."""
    peer = stand(fleet, "news.example")
    peer.answers[f"/for/{KEY}/feed"] = says(rss(entry("one"), title="News for you", home=""))
    return peer


BAD = [
    Says(500),
    Says(404),
    Says(403),
    Says(301, b"", {"location": f"https://127.0.0.1/{KEY}"}),
    Says(302, b"", {"location": f"http://news.example:81/{KEY}"}),
    Says(301),
    says(b"<rss><channel><item>"),
    says(b"x" * 2_000_000),
    Says(200, b"x", {"content-encoding": "br"}),
]


async def test_no_line_of_the_log_holds_the_address_of_a_feed(server, ana, news):
    with capture_logs() as lines:
        await follow(ana.viewer, SECRET)
        for answer in (*BAD, Says(410)):
            server.clock.forward(days=3)
            await server.settle()
            news.answers[f"/for/{KEY}/feed"] = answer
            with pytest.raises(FedimarkError) as told:
                await follow(ana.viewer, SECRET)
            assert KEY not in told.value.message
        server.clock.forward(days=3)
        await server.settle()
        await unfollow(ana.viewer, SECRET)
        server.clock.forward(days=3)
        await server.settle()

    assert {line["event"] for line in lines} == {"feed.read", "feed.failed", "feed.ended", "fetch.refused"}
    assert KEY not in json.dumps(lines)


@pytest.mark.parametrize("answer", BAD)
async def test_what_readers_are_told_of_trouble_holds_no_address(server, ana, news, answer):
    await follow(ana.viewer, SECRET)
    await server.settle()
    news.answers[f"/for/{KEY}/feed"] = answer
    server.clock.forward(days=1)
    await server.settle()

    [row] = await fetch("SELECT last_error FROM feed")

    assert row["last_error"]
    assert KEY not in row["last_error"]


async def test_nothing_that_leaves_holds_the_address_of_a_feed(server, fleet, ana, news):
    # Given a reader of a secret feed, with a follower elsewhere
    bo = await fleet.person("bo@b.example")
    await bo.follow(ana)
    await follow(ana.viewer, SECRET)
    await fleet.settle()

    # When she saves, changes her profile and follows it no more
    await ana.save("https://pages.example/one", title="Mine")
    await fleet.settle()
    await unfollow(ana.viewer, SECRET)
    await fleet.settle()

    # Then no request to anybody else and no row to be sent holds it, nor what she is said to follow
    others = [sent for sent in fleet.network.requests if sent.url.host != "news.example"]
    assert others
    assert KEY not in "".join(f"{sent.url}{sent.headers}{sent.content!r}" for sent in others)
    assert KEY not in json.dumps(await fetch("SELECT * FROM activity") + await fetch("SELECT * FROM delivery"))
    assert KEY not in json.dumps(await fetch("SELECT * FROM job") + await fetch("SELECT * FROM reach"))


async def test_feeds_stand_in_no_count_of_whom_somebody_follows(server, ana, news):
    await follow(ana.viewer, SECRET)

    told = await server.client.get("/u/ana/following", headers={"accept": "application/activity+json"})

    assert told.json()["totalItems"] == await queries.following_count(ana.viewer.actor_id) == 0


async def test_bookmarks_of_a_feed_do_not_bear_its_address(server, ana, news):
    await follow(ana.viewer, SECRET)
    await server.settle()

    [row] = await fetch("SELECT * FROM bookmark")

    assert KEY not in json.dumps(row)
    assert KEY not in (await ana.browser.get(f"/add?url={row['url']}")).text


async def test_two_who_know_its_address_share_it_and_it_is_read_once(server, ana, news):
    bo = await server.sign_up("bo")

    await follow(ana.viewer, SECRET)
    await follow(bo.viewer, SECRET)
    looked_up = len(news.asked)
    await server.settle()

    assert len(news.asked) == looked_up + 1
    assert [len(await each.timeline()) for each in (ana, bo)] == [1, 1]


async def test_nobody_is_known_by_the_address_of_a_feed(server, ana, news):
    await follow(ana.viewer, SECRET)

    assert await known(SECRET) is None
    assert await known("https://news.example/") is None
