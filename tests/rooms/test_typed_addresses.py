"""An address that somebody typed may lead to a page: the page's own word for its document is followed, once."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.errors import Forbidden, NotFound, Unreachable, Untrustworthy
from fedimark.follows.request import follow
from fedimark.follows.resolve import resolve
from fedimark.moderation import domains
from fedimark.remote.fetch import fetch_document
from tests.rooms.peers import Says, stand
from tests.rooms.strangers import Stranger, amount, letters

CLEO = "https://mastodon.example/users/cleo"
BLOG = "https://blog.example/about"
AS2 = "application/activity+json"


@pytest.fixture
def cleo(server, fleet) -> Stranger:
    """Somebody of another server."""
    return Stranger(fleet, CLEO)


@pytest.fixture
def blog(server, fleet) -> Any:
    """https://blog.example, which answers 404 until told otherwise."""
    return stand(fleet, "blog.example")


def page(href: str, media_type: str = AS2) -> Says:
    """A page whose head names a document."""
    head = f'<link rel="alternate" type="{media_type}" href="{href}">'
    return Says(200, f"<html><head>{head}</head><body>x</body></html>".encode(), {"content-type": "text/html"})


@pytest.mark.parametrize("typed", ["https://mastodon.example/@cleo", BLOG])
async def test_a_page_leads_to_the_actor_it_names(ana, cleo, blog, typed):
    cleo.peer.answers["/@cleo"] = page("/users/cleo")
    blog.answers["/about"] = page(CLEO)

    await follow(ana.viewer, typed)

    assert [(kind, document["object"]) for kind, _, document in await letters()] == [("Follow", CLEO)]


async def test_a_header_counts_before_the_page(server, cleo, blog):
    says = page("https://nobody.example/")
    header = f'</style.css>; rel=preload, <{CLEO}>; rel="alternate"; type="{AS2}"'
    blog.answers["/about"] = Says(200, says.body, {"content-type": "text/html; charset=utf-8", "link": header})

    assert (await resolve(BLOG))["uri"] == CLEO


async def test_a_redirect_before_the_page_is_followed_and_the_link_is_relative_to_its_end(server, cleo, blog):
    blog.answers["/about"] = Says(302, b"", {"location": "https://mastodon.example/@cleo"})
    cleo.peer.answers["/@cleo"] = page("users/cleo")

    assert (await resolve(BLOG))["uri"] == CLEO


async def test_a_page_that_leads_to_a_page_leads_nowhere(server, cleo, blog):
    blog.answers["/about"] = page("/again")
    blog.answers["/again"] = page(CLEO)

    with pytest.raises(Untrustworthy, match="nobody of the fediverse, and no feed"):
        await resolve(BLOG)
    assert [asked.target for asked in blog.asked] == ["/about", "/again", "/about"]


@pytest.mark.parametrize(
    "href",
    [
        "",
        "javascript:alert(1)",
        "http://mastodon.example/users/cleo",
        "https://127.0.0.1/users/cleo",
        "https://user@mastodon.example/users/cleo",
        "https://[/",
        "https://a.example/u/ana",
    ],
)
async def test_a_page_leads_nowhere_a_server_may_not_go(fleet, ana, cleo, blog, href):
    blog.answers["/about"] = page(href)

    with pytest.raises(Untrustworthy):
        await resolve(BLOG)
    assert {request.url.host for request in fleet.network.requests} == {"blog.example"}


async def test_a_document_of_another_id_is_not_believed(server, cleo, blog):
    blog.answers["/about"] = page("/fake")
    blog.document("/fake", cleo.document() | {"name": "Eve"})

    row = await resolve(BLOG)

    assert (row["uri"], row["name"]) == (CLEO, "")  # asked at home


async def test_a_document_of_another_type_is_not_followed(server, cleo, blog):
    blog.answers["/about"] = page(CLEO, "application/json")

    with pytest.raises(Untrustworthy, match="nobody of the fediverse, and no feed"):
        await resolve(BLOG)


@pytest.mark.parametrize(("status", "error"), [(404, NotFound), (500, Unreachable), (403, Untrustworthy)])
async def test_a_page_of_an_error_is_not_read(server, cleo, blog, status, error):
    says = page(CLEO)
    blog.answers["/about"] = Says(status, says.body, says.headers)

    with pytest.raises(error):
        await resolve(BLOG)


async def test_a_page_does_not_lead_to_a_blocked_domain(server, ana, cleo, blog):
    await domains.block_domain("mastodon.example")
    blog.answers["/about"] = page(CLEO)

    with pytest.raises((Untrustworthy, Forbidden)):
        await resolve(BLOG)
    assert cleo.peer.asked == []


async def test_an_id_that_is_a_page_is_no_id(server, cleo, blog):
    blog.answers["/about"] = page(CLEO)

    with pytest.raises(Untrustworthy, match="content-type"):
        await fetch_document(BLOG)
    assert await amount("actor WHERE local_name IS NULL") == 0
    assert cleo.peer.asked == []
