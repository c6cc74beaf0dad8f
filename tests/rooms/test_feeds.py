"""Feeds: found by what somebody types, read again and again, seen by nobody but those who follow them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.database import fetch, fetch_one
from fedimark.errors import Forbidden, Refused, Untrustworthy
from fedimark.follows import feeds
from fedimark.follows.request import follow, unfollow
from fedimark.follows.resolve import resolve
from fedimark.moderation import domains
from fedimark.moderation.people import block
from fedimark.remote.feeds import read_again
from tests.rooms.peers import Says, over_sockets, socket_peer, stand
from tests.rooms.strangers import amount

HOME = "https://blog.example/"
FEED = "https://blog.example/feed.xml"
RSS = "application/rss+xml"


def rss(*entries: str, title: str = "A blog", home: str = HOME) -> bytes:
    """A feed in the shape WordPress sends it."""
    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
    return f"{head}<title>{title}</title><link>{home}</link>{''.join(entries)}</channel></rss>".encode()


def entry(name: str = "one", *, title: str = "", guid: str = "", more: str = "") -> str:
    """An entry of it."""
    said = f"<guid isPermaLink='false'>{guid or name}</guid>{more}"
    return f"<item><title>{title or name}</title><link>https://pages.example/{name}</link>{said}</item>"


def says(body: bytes, media_type: str = RSS, **headers: str) -> Says:
    """An answer with a feed."""
    return Says(200, body, {"content-type": media_type, **{name.replace("_", "-"): v for name, v in headers.items()}})


def page(*links: str) -> Says:
    """A page with links in its head."""
    return Says(200, f"<html><head>{''.join(links)}</head></html>".encode(), {"content-type": "text/html"})


def alternate(href: str, media_type: str = RSS) -> str:
    """What a page says of its feed."""
    return f'<link rel="alternate" type="{media_type}" href="{href}">'


@pytest.fixture
def blog(server, fleet) -> Any:
    """https://blog.example, with a feed that no page names."""
    peer = stand(fleet, "blog.example")
    peer.answers["/feed.xml"] = says(rss(entry()))
    return peer


@pytest.mark.parametrize("typed", [FEED, "http://blog.example/feed.xml", f"  {FEED}#newest "])
async def test_a_feed_is_found_at_its_address(blog, typed):
    row = await resolve(typed)

    assert (row["uri"], row["kind"], row["name"], row["url"]) == (FEED, "Feed", "A blog", HOME)
    assert (row["host"], row["inbox"]) == ("blog.example", "")


@pytest.mark.parametrize("media_type", [RSS, "application/atom+xml", "application/feed+json", "APPLICATION/RDF+XML"])
async def test_a_page_leads_to_the_first_feed_it_names(blog, media_type):
    blog.answers["/"] = page(alternate("/style.css", "text/css"), alternate("feed.xml", media_type), alternate("/2"))

    row = await feeds.find(HOME)

    assert row["uri"] == FEED
    assert (await fetch_one("SELECT is_public FROM feed WHERE actor_id = ?", row["id"]))["is_public"]


async def test_a_header_names_a_feed_too(blog):
    blog.answers["/"] = Says(
        200, b"hello", {"content-type": "text/plain", "link": f'</feed.xml>; rel="alternate"; type="{RSS}"'}
    )

    assert (await feeds.find(HOME))["uri"] == FEED


async def test_a_feed_that_no_page_names_is_its_readers_own(blog):
    row = await feeds.find(FEED)

    assert not (await fetch_one("SELECT is_public FROM feed WHERE actor_id = ?", row["id"]))["is_public"]


async def test_nobody_is_led_further_than_one_step(blog):
    blog.answers["/"] = page(alternate("/again"))
    blog.answers["/again"] = page(alternate("/feed.xml"))

    with pytest.raises(Untrustworthy):
        await feeds.find(HOME)
    assert [asked.target for asked in blog.asked] == ["/", "/again"]
    assert await amount("feed") == 0


@pytest.mark.parametrize(
    "typed", ["https://a.example/recent", "http://a.example:443/feed.rss", "https://A.example./u/x"]
)
async def test_a_feed_of_this_server_is_no_feed(blog, typed):
    with pytest.raises(Refused, match="follow the person or the tag"):
        await feeds.find(typed)


async def test_a_page_that_names_a_feed_of_this_server_leads_nowhere(blog):
    blog.answers["/"] = page(alternate("https://a.example/recent/feed.rss"))

    with pytest.raises(Refused, match="follow the person or the tag"):
        await feeds.find(HOME)


async def test_a_blocked_domain_is_not_asked_for_its_feed(blog):
    await domains.block_domain("blog.example")

    with pytest.raises(Forbidden):
        await feeds.find(FEED)
    assert not blog.asked


@pytest.mark.parametrize(
    "href",
    [
        "https://127.0.0.1/feed",
        "https://localhost/feed",
        "file:///etc/passwd",
        "https://blog.example:8443/",
        "http://[",
    ],
)
async def test_a_page_leads_nowhere_that_nobody_may_reach(blog, href):
    blog.answers["/"] = page(alternate(href))

    with pytest.raises(Untrustworthy):
        await feeds.find(HOME)
    assert await amount("feed") == 0


async def test_what_is_no_feed_is_said_to_be_none(ana, blog):
    blog.answers["/"] = page()

    with pytest.raises(Untrustworthy, match="nobody of the fediverse, and no feed"):
        await follow(ana.viewer, HOME)


async def test_a_feed_is_followed_at_once_and_nobody_is_told(ana, blog):
    row = await follow(ana.viewer, FEED)
    await unfollow(ana.viewer, FEED)

    assert row["state"] == "accepted"
    assert await amount("delivery") == await amount("activity") == await amount("follow") == 0
    assert {asked.method for asked in blog.asked} == {"GET"}


async def test_a_feed_is_nobody_whom_one_follows_as_others_see_it(ana, blog, server):
    await follow(ana.viewer, FEED)

    told = await server.client.get("/u/ana/following", headers={"Accept": "application/activity+json"})
    assert told.json()["totalItems"] == 0
    assert "A blog" not in (await server.client.get("/u/ana")).text
    assert "A blog" in (await ana.browser.get("/network")).text


async def test_nobody_blocks_a_feed(ana, blog):
    with pytest.raises(Refused, match="leave it instead"):
        await block(ana.viewer, FEED)


async def test_an_actor_at_the_address_of_a_feed_is_another(ana, blog):
    await follow(ana.viewer, FEED)
    blog.document(
        "/feed.xml",
        {"id": FEED, "type": "Person", "preferredUsername": "x", "inbox": "https://blog.example/in"},
    )

    row = await resolve(FEED)

    assert row["kind"] == "Person"
    assert [each["kind"] for each in await fetch("SELECT kind FROM actor WHERE uri = ? ORDER BY id", FEED)] == [
        "Feed",
        "Person",
    ]


async def test_of_a_feed_of_a_hundred_megabytes_the_beginning_is_read_and_no_more(server):
    sent = 0

    async def pour(_: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        size = 100_000_000
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {RSS}\r\nContent-Length: {size}\r\n\r\n".encode())
        piece = rss(*(entry(f"page{number}") for number in range(500)))
        while sent < size and not writer.is_closing():
            writer.write(piece)
            sent += len(piece)
            await writer.drain()

    async with socket_peer(pour) as origin, over_sockets(server.here, allow_loopback=True):
        with pytest.raises(Untrustworthy, match="too-large"):
            await read_again(f"{origin}/feed.xml", "", "")

    assert sent < 10_000_000  # what the sockets between hold
