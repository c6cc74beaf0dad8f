"""Every list stands one press away from where somebody would look for it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from tests.stories.reading import Reading

# What a page says does not hang on the database.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

EVERYWHERE = (
    "/network", "/recent", "/popular", "/u/ana", "/u/ana/notes", "/add", "/tabs", "/notifications", "/for-you",
    "/again", "/random", "/settings/tags", "/people", "/followers", "/settings/import", "/settings/invites",
    "/settings", "/about", "/privacy", "/help",
)  # fmt: skip
"""In the head and at the foot of each page of somebody who is signed in."""

WHERE = {
    "/u/ana": (
        "/u/ana/public", "/u/ana/private", "/u/ana/unread", "/u/ana/untagged", "/u/ana/starred", "/u/ana/archived",
        "/u/ana/statistics", "/again", "/u/ana/bundles", "/u/ana/t/sql", "/u/ana/feed.rss", "/u/ana/feed.atom",
        "/u/ana/feed.json", "/u/ana/feed.bib",
    ),
    "/network": ("/network/lists", "/settings/keys"),
    "/again": ("/u/ana/unread", "/random", "/settings/keys"),
    "/add": ("/tabs",),
    "/people": ("/people/blocked", "/people/muted"),
    "/settings": (
        "/settings/keys", "/settings/bookmarklets", "/settings/looks", "/settings/sessions", "/settings/password",
        "/settings/notifications", "/settings/tags", "/settings/import", "/settings/invites", "/settings/move",
        "/settings/leave",
    ),
    "/settings/tags": ("/settings/tags/garden",),
    "/help": ("/help/search", "/help/tags", "/help/bookmarklets", "/help/api", "/help/keyboard"),
}  # fmt: skip
"""What is looked for on one page."""


@pytest.fixture
async def ana(server):
    ana = await server.sign_up("ana")
    await ana.save("https://sqlite.org/lang.html", title="SQLite", tags="sql", visibility="public")
    return ana


async def links(ana, page: str) -> set[str]:
    """Where a page leads, without what is asked."""
    answer = await ana.browser.get(page)
    assert answer.status_code == 200, page
    return {urlsplit(each.get("href") or "").path for each in Reading(answer.text).all("a")}


@pytest.mark.parametrize("home", ["/network", "/u/ana", "/recent", "/settings", "/help"])
async def test_the_head_and_foot_of_each_page_lead_to_every_list_of_ones_own(server, ana, home):
    assert set(EVERYWHERE) - await links(ana, home) == set()


@pytest.mark.parametrize("page", WHERE)
async def test_what_is_looked_for_on_a_page_stands_there(server, ana, page):
    assert set(WHERE[page]) - await links(ana, page) == set()


async def test_home_is_where_the_head_leads(server, ana):
    assert (await ana.browser.get("/")).headers["location"] == "/network"
    assert "/" in await links(ana, "/u/ana")


async def test_links_for_you_stand_beside_the_network_too(server, ana):
    page = Reading((await ana.browser.get("/network")).text)

    assert "/for-you" in [link.get("href") for link in page.one("aside").all("a")]


async def test_a_moderator_finds_moderation_in_the_same_place_and_others_do_not(server, ana):
    bo = await server.sign_up("bo")

    assert "/moderation" in await links(ana, "/network")
    assert "/moderation" not in await links(bo, "/network")
