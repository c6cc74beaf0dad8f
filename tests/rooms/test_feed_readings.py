"""A feed that somebody follows is read again and again: what comes of it, and what becomes of one in trouble."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.database import Row, fetch, fetch_one
from fedimark.follows import feeds
from fedimark.follows.request import follow, unfollow
from fedimark.inbox.feed_times import FLOOR, LONGEST, NEVER
from fedimark.inbox.feeds import read_feeds
from fedimark.moderation import domains
from fedimark.policy.visibility import Visibility
from tests.rooms.peers import Says, stand
from tests.rooms.strangers import amount
from tests.rooms.test_feeds import FEED, HOME, alternate, entry, page, rss, says
from tests.support.invariants import disagreements

MINUTE = 60


@pytest.fixture
def blog(server, fleet) -> Any:
    """https://blog.example, whose home names its feed."""
    peer = stand(fleet, "blog.example")
    peer.answers["/"] = page(alternate("/feed.xml"))
    peer.answers["/feed.xml"] = says(rss(entry("one"), entry("two")))
    return peer


@pytest.fixture
async def reading(server, ana, blog) -> Any:
    """Ana follows the blog's feed, and it was read once."""
    await follow(ana.viewer, HOME)
    await server.settle()
    blog.asked.clear()
    return blog


async def bookmarks() -> list[Row]:
    """What feeds said, in order."""
    return await fetch("SELECT * FROM bookmark ORDER BY id")


async def the_feed() -> Row:
    """The one there is."""
    row = await fetch_one("SELECT d.*, a.uri, a.name FROM feed d JOIN actor a ON a.id = d.actor_id")
    assert row is not None
    return row


async def titles() -> set[str]:
    """Of everything a feed said."""
    return {row["title"] for row in await bookmarks()}


async def later(server: Any, seconds: float = 17 * MINUTE) -> None:
    """Let time pass, and the worker work."""
    server.clock.forward(seconds=seconds)
    await server.settle()


async def test_what_a_feed_says_are_bookmarks_of_the_feed(server, ana, blog):
    said = "<description>&lt;p&gt;Said &lt;b&gt;well&lt;/b&gt;&lt;/p&gt;</description>"
    more = f"<category>Machine Learning</category><category>.mine</category>{said}"
    blog.answers["/feed.xml"] = says(rss(entry("one", more=f"<pubDate>Sat, 28 Feb 2026 10:00:00 GMT</pubDate>{more}")))

    await follow(ana.viewer, HOME)
    await server.settle()

    row = (await bookmarks())[0]
    assert (row["url"], row["title"], row["description"], row["tags"]) == (
        "https://pages.example/one",
        "one",
        "Said well",
        "Machine-Learning",
    )
    assert (row["visibility"], row["listed"], row["is_local"], row["is_save"]) == (Visibility.FOLLOWERS, 0, 0, 1)
    assert row["saved_at"] == 1_772_272_800_000_000
    assert FEED not in str(row)
    assert [seen.title for seen in await ana.timeline()] == ["one"]
    assert await disagreements() == []


async def test_a_feed_that_no_page_names_counts_as_nobodys_saves(server, ana, blog):
    blog.answers["/"] = page()

    await follow(ana.viewer, FEED)
    await server.settle()

    assert [row["is_save"] for row in await bookmarks()] == [0, 0]
    assert len(await ana.timeline()) == 2


async def test_a_feed_typed_by_its_address_is_open_if_its_own_page_names_it(server, ana, reading):
    assert (await the_feed())["is_public"]


@pytest.mark.parametrize(
    "path", ["/feeds/0a1b2c3d4e5f6071/all", "/rss/secret:x/u:ana/", "/feed?key=x", "/feed?token=12", "/private/feed"]
)
async def test_an_address_with_a_key_in_it_is_never_open(server, ana, blog, path):
    blog.answers["/"] = page(alternate(path))
    blog.answers[path.partition("?")[0]] = says(rss(entry()))

    await follow(ana.viewer, HOME)
    await server.settle()

    assert not (await the_feed())["is_public"]
    assert [row["is_save"] for row in await bookmarks()] == [0]


async def test_once_a_page_names_a_feed_it_counts(server, ana, blog):
    blog.answers["/"] = page()
    await follow(ana.viewer, FEED)
    await server.settle()

    blog.answers["/"] = page(alternate("/feed.xml"))
    await feeds.find(HOME)
    await server.settle()

    assert [row["is_save"] for row in await bookmarks()] == [1, 1]
    assert await disagreements() == []


async def test_a_feed_is_asked_only_for_what_is_new(server, ana, blog):
    blog.answers["/feed.xml"] = says(rss(entry()), etag='W/"1"', last_modified="Sat, 28 Feb 2026 10:00:00 GMT")
    await follow(ana.viewer, HOME)
    await server.settle()
    blog.answers["/feed.xml"] = Says(304)

    await later(server)

    sent = blog.asked[-1].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"1"', "Sat, 28 Feb 2026 10:00:00 GMT")
    found = await the_feed()
    assert (found["fails"], found["last_error"], found["etag"]) == (0, "", 'W/"1"')
    assert found["read_at"] > server.clock.micros - MINUTE * 1_000_000


async def test_an_edit_in_the_feed_changes_the_bookmark_and_what_vanishes_stays(server, ana, reading):
    before = {row["title"]: row for row in await bookmarks()}
    reading.answers["/feed.xml"] = says(rss(entry("three"), entry("moved", title="TWO", guid="two")))

    await later(server)

    rows = {row["title"]: row for row in await bookmarks()}
    assert set(rows) == {"one", "TWO", "three"}
    assert rows["TWO"]["id"] == before["two"]["id"]
    assert rows["TWO"]["url"] == "https://pages.example/moved"
    assert rows["TWO"]["saved_at"] == before["two"]["saved_at"]
    assert await disagreements() == []


async def test_reading_the_same_again_changes_nothing(server, ana, reading):
    before = await bookmarks()

    await later(server)

    assert len(reading.asked) == 1
    assert await bookmarks() == before


async def test_dates_to_come_are_clamped_and_entries_without_any_stand_in_their_order(server, ana, blog):
    future = "<pubDate>Sat, 28 Feb 2099 10:00:00 GMT</pubDate>"
    blog.answers["/feed.xml"] = says(rss(entry("soon", more=future), entry("first"), entry("second")))

    await follow(ana.viewer, HOME)
    await server.settle()

    moments = {row["title"]: row["saved_at"] for row in await bookmarks()}
    assert max(moments.values()) <= server.clock.micros
    assert moments["first"] > moments["second"]


async def test_entries_of_a_feed_merge_with_what_others_saved(server, ana, reading):
    await ana.save("https://pages.example/one?utm_source=x", title="Mine")

    lines = {seen.canonical: seen for seen in await ana.timeline()}

    assert lines["https://pages.example/one"].title == "Mine"
    assert set(lines["https://pages.example/one"].savers) == {"ana@a.example", "A blog (blog.example)"}


async def test_who_follows_no_more_sees_nothing_more_and_the_last_to_leave_ends_it(server, ana, reading):
    bo = await server.sign_up("bo")
    await follow(bo.viewer, HOME)
    assert len(await bo.timeline()) == 2

    await unfollow(ana.viewer, FEED)
    await later(server)
    assert await ana.timeline() == []
    assert len(await bo.timeline()) == 2

    await unfollow(bo.viewer, HOME)
    reading.asked.clear()
    await later(server)
    await later(server)
    assert [await amount(table) for table in ("feed", "bookmark", "entry", "tally", "bookmark_tag")] == [0] * 5
    assert not await fetch("SELECT id FROM actor WHERE kind = 'Feed'")
    assert not reading.asked


async def test_a_feed_looked_up_and_not_followed_is_not_read_and_soon_forgotten(server, blog):
    await feeds.find(HOME)
    blog.asked.clear()

    await server.settle()
    assert await amount("feed") == 1
    await later(server)

    assert not blog.asked
    assert await amount("feed") == 0


async def test_it_is_not_asked_again_within_a_quarter_of_an_hour(server, ana, reading):
    await later(server, 14 * MINUTE)
    assert not reading.asked

    await later(server, 3 * MINUTE)
    assert len(reading.asked) == 1


@pytest.mark.parametrize(
    "headers",
    [{"cache_control": "public, max-age=7200"}, {"cache_control": 'x="1",MAX-AGE=7200'}],
)
async def test_a_server_may_wish_for_more_time(server, ana, reading, headers):
    reading.answers["/feed.xml"] = says(rss(entry("new")), **headers)
    await later(server)
    reading.asked.clear()

    await later(server, 119 * MINUTE)
    assert not reading.asked
    await later(server, 15 * MINUTE)
    assert len(reading.asked) == 1


async def test_a_pause_that_a_server_asks_for_is_kept(server, ana, reading):
    reading.answers["/feed.xml"] = Says(429, b"", {"retry-after": "10000"})

    await later(server)

    found = await the_feed()
    assert (found["last_error"], found["fails"]) == ("Its server asked for a pause.", 1)
    assert 10_000 * 1_000_000 <= found["next_at"] - found["asked_at"] <= 11_001 * 1_000_000


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Says(500), "Its server did not answer."),
        (Says(404), "There is nothing at its address any more."),
        (Says(403), "The other server’s answer can’t be trusted (http-403)."),
        (says(b"<html><head><title>Sorry"), "That feed can’t be read (not-a-feed)."),
        (says(b"<rss><channel><item><title>x"), "That feed can’t be read (broken)."),
        (says(b"x" * 2_000_000), "The other server’s answer can’t be trusted (too-large)."),
        (
            Says(302, b"", {"location": "https://127.0.0.1/"}),
            "The other server’s answer can’t be trusted (private-address).",
        ),
    ],
)
async def test_trouble_is_told_to_readers_and_the_feed_left_alone_longer_and_longer(server, ana, reading, answer, why):
    reading.answers["/feed.xml"] = answer

    pauses = []
    for _ in range(9):
        found = await the_feed()
        server.clock.micros = max(server.clock.micros, found["next_at"])
        await server.settle()
        found = await the_feed()
        pauses.append(found["next_at"] - found["asked_at"])

    assert (await the_feed())["last_error"] == why
    assert len(await bookmarks()) == 2
    assert pauses[0] < 2 * FLOOR
    assert pauses == sorted(pauses) or pauses[-1] >= LONGEST
    assert pauses[-1] <= 1.11 * LONGEST


async def test_a_feed_that_comes_back_is_read_as_ever(server, ana, reading):
    answer, reading.answers["/feed.xml"] = reading.answers["/feed.xml"], Says(500)
    await later(server)
    reading.answers["/feed.xml"] = answer

    await later(server)

    found = await the_feed()
    assert (found["fails"], found["last_error"]) == (0, "")


async def test_a_feed_that_is_gone_is_asked_no_more_and_stays_listed_with_the_reason(server, ana, reading):
    reading.answers["/feed.xml"] = Says(410)

    await later(server)
    await later(server, 20 * 86_400)

    assert len(reading.asked) == 1
    assert (await the_feed())["next_at"] == NEVER
    assert "gone for good" in (await ana.browser.get("/network")).text
    assert len(await ana.timeline()) == 2


async def test_a_feed_that_was_gone_is_read_again_when_somebody_finds_it(server, ana, reading):
    answer, reading.answers["/feed.xml"] = reading.answers["/feed.xml"], Says(410)
    await later(server)
    reading.answers["/feed.xml"] = answer

    await follow(ana.viewer, FEED)
    await server.settle()

    assert (await the_feed())["last_error"] == ""


@pytest.mark.parametrize(
    "moved",
    [
        (301, "https://www.blog.example/new.xml", "https://www.blog.example/new.xml"),
        (308, "/new.xml", "https://blog.example/new.xml"),
        (302, "/new.xml", FEED),
        (301, "https://else.example/new.xml", FEED),
    ],
)
async def test_a_feed_moves_for_ever_only_within_its_site(server, fleet, ana, reading, moved):
    status, to, asked_next = moved
    reading.answers["/feed.xml"] = Says(status, b"", {"location": to})
    reading.answers["/new.xml"] = says(rss(entry("one"), entry("two"), entry("three")))
    for host in ("www.blog.example", "else.example"):
        fleet.network.add(host, reading)

    await later(server)

    assert (await the_feed())["uri"] == asked_next
    assert await titles() == {"one", "two", "three"}
    assert len(await ana.timeline()) == 3


async def test_a_blocked_domain_is_asked_no_more(server, ana, reading):
    await domains.block_domain("blog.example")
    await server.settle()
    await later(server)

    assert not reading.asked
    assert await bookmarks() == []
    assert await amount("follow") == 0


async def test_a_reading_that_was_interrupted_is_done_again(server, ana, blog):
    blog.answers["/feed.xml"] = says(rss(*(entry(str(number)) for number in range(60))), etag='"1"')
    await follow(ana.viewer, HOME)
    asked, broken = await the_feed(), Says(200, b"\xff" * 10, {"content-encoding": "gzip", "content-type": "x/y"})
    blog.answers["/feed.xml"], whole = broken, blog.answers["/feed.xml"]
    await server.settle()
    assert (await the_feed())["etag"] == asked["etag"] == ""

    blog.answers["/feed.xml"] = whole
    await later(server)

    assert len(await bookmarks()) == 60
    assert (await the_feed())["etag"] == '"1"'


async def test_of_each_host_one_is_asked_at_a_time(server, fleet, ana):
    for host in ("one.example", "two.example"):
        peer = stand(fleet, host)
        for path in ("/a", "/b", "/c"):
            peer.answers[path] = says(rss(entry()))
            await follow(ana.viewer, f"https://{host}{path}")

    rounds = [await read_feeds() for _ in range(4)]

    assert rounds == [2, 2, 2, 0]


async def test_json_feed_lemmy_and_microblogs(server, ana, blog):
    item = {
        "id": 7,
        "url": "https://blog.example/7",
        "external_url": "https://pages.example/seven",
        "content_html": "<p>A long day: " + "word " * 1_000,
        "tags": ["a b", ".c"],
        "date_published": "2026-02-28T10:00:00Z",
    }
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [item]}
    blog.answers["/feed.xml"] = says(json.dumps(feed).encode(), "application/feed+json")

    await follow(ana.viewer, FEED)
    await server.settle()

    row = (await bookmarks())[0]
    assert (row["url"], row["page_url"], row["tags"]) == (
        "https://pages.example/seven",
        "https://blog.example/7",
        "a-b",
    )
    assert row["title"].startswith("A long day: word")
    assert len(row["title"]) <= 100
    assert len(row["description"]) <= 2_000
