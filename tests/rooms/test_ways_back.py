"""Without scripts a copy and a reply lead back to where they were begun, and nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.stories.reading import Reading

PAGE = "https://sqlite.org/lang.html"


@pytest.fixture
async def ana(server):
    return await server.sign_up("ana")


@pytest.fixture
async def bo(server):
    """Somebody who reads what ana saved."""
    bo, ana = await server.sign_up("bo"), server.people["ana"]
    await ana.save(PAGE, title="SQLite", tags="sql", visibility="public")
    return bo


def href_of(page: str, begins: str) -> str:
    """The first link of a page that begins so."""
    return next(a.get("href") for a in Reading(page).all("a") if (a.get("href") or "").startswith(begins))


def cancelled(page: str) -> str:
    """Where a form's Cancel leads."""
    return next(a.get("href") for a in Reading(page).all("a") if a.get("class") == "cancel")


async def pressed(browser: Any, path: str, begins: str) -> str:
    """The page behind the first link of a list that begins so: with its press a browser says where it stood."""
    listed = await browser.get(path)
    return str((await browser.get(href_of(listed.text, begins), headers={"referer": str(listed.url)})).text)


@pytest.mark.parametrize("path", ["/u/ana", "/t/sql?order=%22%3E", "/recent"])
async def test_a_copy_leads_back_to_the_list_it_was_begun_in(server, ana, bo, path):
    copy = await pressed(bo.browser, path, "/add?from=")
    form = Reading(copy).form("/add")

    saved = await bo.browser.post(form.action, data=form.values())

    assert cancelled(copy) == form.values()["back"] == path
    assert (saved.status_code, saved.headers["location"]) == (303, path)


async def test_a_form_that_is_shown_again_still_knows_the_way_back(server, ana, bo):
    again = await bo.browser.post("/add", data={"url": "", "back": "/u/ana?q=1"})

    assert again.status_code == 422
    assert cancelled(again.text) == Reading(again.text).form("/add").values()["back"] == "/u/ana?q=1"


async def test_a_reply_leads_back_to_the_list_and_to_what_was_said(server, ana, bo):
    form = Reading(await pressed(bo.browser, "/u/ana", "/say?about=")).form("/say")
    said = await bo.browser.post(form.action, data=form.values() | {"words": "So it is.", "kind": "reply"})
    bookmark = (await ana.browser.get(href_of((await ana.browser.get("/u/ana")).text, "/u/ana/b/"))).url.path
    bookmark = bookmark.removesuffix("/edit")
    answer = href_of((await ana.browser.get(bookmark)).text, "/say?about=")

    assert (said.status_code, said.headers["location"]) == (303, "/u/ana")
    assert parse_qs(urlsplit(answer).query)["back"] == [f"{bookmark}#said"]


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "/\\evil.example/", "/a\nb", "é"])
async def test_no_way_back_leads_elsewhere(server, ana, bo, away):
    href = href_of((await bo.browser.get("/u/ana")).text, "/add?from=")
    note = parse_qs(urlsplit(href).query)["from"][0]

    form = await bo.browser.get("/add", params={"from": note, "back": away})
    saved = await bo.browser.post("/add", data={"url": PAGE, "title": "Mine", "visibility": "public", "back": away})

    assert cancelled(form.text) == "/u/bo"
    assert "back" not in Reading(form.text).form("/add").values()
    assert saved.status_code == 303
    assert saved.headers["location"].startswith("/u/bo/b/")


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "https://a.example.evil.example/", "https://a.example//evil.example/"]
)
async def test_no_page_elsewhere_whose_link_led_here_is_a_way_back(server, ana, bo, away):
    href = href_of((await bo.browser.get("/u/ana")).text, "/add?from=")

    form = await bo.browser.get(href, headers={"referer": away})

    assert cancelled(form.text) == "/u/bo"


async def test_a_line_kept_for_one_list_leads_back_to_the_other_where_it_stands(server, ana, bo):
    await bo.browser.get("/u/ana")

    assert cancelled(await pressed(bo.browser, "/t/sql", "/add?from=")) == "/t/sql"
