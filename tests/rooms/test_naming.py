"""What a page calls itself fills what its saver left empty, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from fedimark.bookmarks import naming
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import own_bookmark
from fedimark.database import fetch
from fedimark.errors import NotFound
from fedimark.here import entered
from tests.stories.reading import Reading
from tests.support.server import Server

HEAD = (
    "<!doctype html><title>A page &amp; its  name</title>"
    '<meta name="description" content="What it is about."><meta property="og:description" content="Another.">'
)


@pytest.fixture
async def server(fleet: Any) -> AsyncIterator[Server]:
    """A server that reads pages."""
    server = await fleet.server("a.example", read_pages=True)
    async with entered(server.here):
        yield server


@pytest.fixture
def site(fleet: Any) -> list[str]:
    """A page elsewhere, at https://page.example/; returns the paths it was asked for."""
    asked: list[str] = []

    async def answer(request: Any) -> HTMLResponse:
        asked.append(request.url.path)
        return HTMLResponse(HEAD)

    fleet.network.add("page.example", Starlette(routes=[Route("/{path:path}", answer)]))
    return asked


async def test_a_page_saved_without_a_title_gets_its_own_words(server, ana, site):
    for path, typed in (
        ("1", {}),
        ("2", {"description": "Mine."}),
        ("3", {"title": "Mine"}),
        ("4?token=1", {}),
    ):
        sent = {"url": f"https://page.example/{path}", "visibility": "private", **typed}
        assert (await ana.browser.post("/add", data=sent)).status_code == 303
    await server.settle()

    rows = await fetch("SELECT title, description FROM bookmark ORDER BY id")
    assert [(row["title"], row["description"]) for row in rows] == [
        ("A page & its name", "What it is about."),
        ("A page & its name", "Mine."),
        ("Mine", ""),
        ("https://page.example/4?token=1", ""),
    ]
    assert site == ["/1", "/2"]


async def test_what_was_named_meanwhile_keeps_its_name(server, ana, site):
    sent = await ana.browser.post("/add", data={"url": "https://page.example/1"})
    path = sent.headers["location"]
    await ana.browser.post(f"{path}/edit", data={"url": "https://page.example/1", "title": "By hand"})
    await server.settle()

    row = await own_bookmark(Owner.of(ana.viewer), path.rpartition("/")[2])
    assert row is not None
    assert (row["title"], row["description"]) == ("By hand", "")


async def test_the_form_is_told_once_the_page_was_read(server, ana, site):
    looked = Reading((await ana.browser.post("/add/look", data={"url": "https://page.example/"})).text)
    waiting = looked.one("p").get("hx-get")
    assert "Asking" in (await ana.browser.get(waiting)).text
    await server.settle()

    told = Reading((await ana.browser.get(waiting)).text).one("div")
    assert (told.get("data-title"), told.get("data-description")) == ("A page & its name", "What it is about.")
    bo = await server.sign_up("bo")
    assert (await bo.browser.get(waiting)).status_code == 404
    with pytest.raises(NotFound):
        await naming.answer(bo.viewer, waiting.rpartition("/")[2])


@pytest.mark.parametrize(
    "url",
    ["", "javascript:alert(1)", "https://user:pass@page.example/", "http://localhost/", "https://page.example/?sig=1"],
)
async def test_secrets_and_what_is_no_page_are_never_asked(server, ana, site, url):
    answer = await ana.browser.post("/add/look", data={"url": url})
    await server.settle()

    assert "hx-get" not in answer.text
    assert site == []
    assert await fetch("SELECT id FROM job") == []


async def test_a_page_that_does_not_answer_leaves_everything_as_it_is(server, ana):
    looked = Reading((await ana.browser.post("/add/look", data={"url": "https://nowhere.example/"})).text)
    await ana.browser.post("/add", data={"url": "https://nowhere.example/"})
    await server.settle()

    told = Reading((await ana.browser.get(looked.one("p").get("hx-get"))).text).one("div")
    assert told.get("data-title") == ""
    assert [row["title"] for row in await fetch("SELECT title FROM bookmark")] == ["https://nowhere.example/"]
