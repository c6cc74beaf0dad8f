"""How pages look to their reader, and what browsers ask of a site besides its pages."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from fedimark.database import fetch
from tests.stories.reading import Reading

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

CSS = ".entry .p-name { font-style: italic }"


@pytest.fixture
async def bo(server):
    """Somebody else on the server."""
    return await server.sign_up("bo")


async def chosen(person, **looks):
    """Send the form of looks."""
    form = {"theme": "auto", "descriptions": "some", "own_css": ""} | looks
    return await person.browser.post("/settings/looks", data=form)


async def test_looks_are_kept_and_stand_on_every_page_of_their_reader_alone(server, ana, bo):
    await chosen(ana, theme="pinboard", descriptions="none")

    page, others = Reading((await ana.browser.get("/recent")).text), Reading((await bo.browser.get("/recent")).text)

    assert (page.one("html").get("data-theme"), page.one("html").get("data-descriptions")) == ("pinboard", "none")
    assert any(link.get("href").startswith("/static/pinboard.css?v=") for link in page.all("link"))
    assert not others.one("html").has("data-theme")
    assert not any("pinboard" in link.get("href") for link in others.all("link"))


async def test_ones_own_css_is_a_file_of_ones_own_and_shuts_nobody_out(server, ana, bo):
    assert (await chosen(ana, own_css=CSS)).status_code == 303

    page = Reading((await ana.browser.get("/recent")).text)
    style = next(link.get("href") for link in page.all("link") if "/settings/looks/" in link.get("href"))
    mine, other = await ana.browser.get(style), await bo.browser.get(style)

    assert (mine.text, mine.headers["content-type"]) == (CSS, "text/css; charset=utf-8")
    assert mine.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert other.status_code == 404
    assert (await server.browser().get(style)).status_code in (303, 401)
    assert style not in (await ana.browser.get("/settings/looks")).text
    await chosen(ana)
    assert "/settings/looks/" not in (await ana.browser.get("/recent")).text


@pytest.mark.parametrize(
    ("field", "value"),
    [("theme", "hotdog"), ("descriptions", "most"), ("own_css", "a { background: url(/sign-out) }")],
)
async def test_a_look_that_cannot_be_kept_is_refused_beside_its_field(server, ana, field, value):
    answer = await chosen(ana, **{field: value})

    assert answer.status_code == 422
    assert Reading(answer.text).wrong
    assert "data-theme" not in (await ana.browser.get("/recent")).text


async def test_static_files_are_kept_for_a_year_under_the_address_of_their_version_only(server):
    browser = server.browser()
    page = Reading((await browser.get("/recent")).text)
    sheet = next(link.get("href") for link in page.all("link") if link.get("rel") == "stylesheet")

    for_ever, another = await browser.get(sheet), await browser.get("/static/fedimark.css?v=0123456789")

    assert for_ever.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert another.headers["cache-control"] == "public, max-age=3600"
    assert (await browser.get(sheet, headers={"If-None-Match": for_ever.headers["etag"]})).status_code == 304


async def test_a_site_can_be_installed_searched_from_and_shared_to(server, ana):
    browser = server.browser()
    page = Reading((await browser.get("/recent")).text)
    found = {link.get("rel"): link.get("href") for link in page.all("link")}

    manifest = json.loads((await browser.get(found["manifest"])).text)
    search = ElementTree.fromstring((await browser.get(found["search"])).content)

    for icon in manifest["icons"]:
        assert (await browser.get(icon["src"])).headers["content-type"].startswith(icon["type"])
    for shortcut in manifest["shortcuts"]:
        assert (await ana.browser.get(shortcut["url"])).status_code == 200
    url = search.find("{http://a9.com/-/spec/opensearch/1.1/}Url")
    assert url is not None
    template = url.get("template")
    assert (await ana.browser.get(template.replace("{searchTerms}", "sql"))).status_code == 200


async def test_sharing_opens_the_form_and_saves_nothing(server, ana):
    shared = await ana.browser.get("/add/shared", params={"text": "WAL https://sqlite.org/wal.html", "title": ""})

    page = Reading((await ana.browser.get(shared.headers["location"])).text)

    assert shared.status_code == 303
    values = {field.get("name"): field.get("value") for field in page.all("input")}
    assert (values["url"], values["title"]) == ("https://sqlite.org/wal.html", "WAL")
    assert Reading((await ana.browser.get("/u/ana")).text).all("li", "entry") == []


async def test_a_form_for_replies_names_whom_they_reach_unless_it_is_oneself(server, ana):
    saved = await ana.save("https://sqlite.org/", visibility="public")
    bo = await server.sign_up("bo")

    own = Reading((await ana.browser.get(saved.path)).text).one("main").text
    others = Reading((await bo.browser.get(saved.path)).text).one("main").text

    assert "A reply goes to ana and stands in the conversation." in others
    assert "A reply stands in the conversation." in own
    assert "goes to" not in own


async def test_pages_say_where_they_stand_and_what_they_are(server, ana):
    saved = await ana.save("https://sqlite.org/", title="SQLite", description="A database\nin a file.", tags="sql")
    browser = server.browser()

    heads = {
        path: Reading((await browser.get(path)).text).one("head")
        for path in ("/u/ana", saved.path, "/recent?before=9-x")
    }

    def said(path, name):
        return next((one.get("content") for one in heads[path].all("meta") if one.get("property") == name), None)

    assert said("/u/ana", "og:url") == "https://a.example/u/ana"
    assert (said(saved.path, "og:title"), said(saved.path, "og:type")) == ("SQLite", "article")
    assert said(saved.path, "og:description") == "A database in a file."
    assert said("/recent?before=9-x", "og:url") is None


async def test_a_paper_says_its_number_and_another_page_none(server, ana):
    await ana.save("https://arxiv.org/pdf/1706.03762v5.pdf", title="Attention")
    await ana.save("https://doi.org/10.1000/182", title="Handbook")
    await ana.save("https://arxiv.org/list/cs.DB/new", title="New ones")

    page = Reading((await server.browser().get("/u/ana")).text)

    chips = [[chip.text for chip in one.all("span", "chip")] for one in page.all("li", "entry")]
    assert chips == [[], ["DOI 10.1000/182"], ["arXiv 1706.03762"]]


async def test_a_long_description_is_folded_and_leads_to_all_of_it(server, ana):
    long = await ana.save("https://long.example/", title="Long", description="word " * 80)
    await ana.save("https://short.example/", title="Short", description="Two words.")

    entries = Reading((await server.browser().get("/u/ana")).text).all("li", "entry")

    folded = [[a.get("href") for a in one.all("a", "unfold")] for one in entries]
    assert folded == [[], [long.path]]


async def test_what_is_made_for_linkding_finds_the_form_filled_in_and_saves_nothing(ana):
    words = {"url": "https://sqlite.org/", "title": "SQLite", "tags": "sql", "notes": "for later", "auto_close": ""}

    answer = await ana.browser.get("/bookmarks/new", params=words, follow_redirects=True)

    form = Reading(answer.text).form("/add").values()
    assert {name: form[name] for name in ("url", "title", "tags", "private_note", "jump")} == {
        **{name: words[name] for name in ("url", "title", "tags")},
        "private_note": "for later",
        "jump": "close",
    }
    assert await fetch("SELECT id FROM bookmark") == []


async def test_a_page_names_its_one_address(server, ana):
    saved = await ana.save("https://sqlite.org/", title="SQLite", tags="sql")
    browser = server.browser()

    async def named(path):
        links = Reading((await browser.get(path)).text).all("link")
        return [one.get("href") for one in links if one.get("rel") == "canonical"]

    for path in ("/u/ana", "/u/ana/t/sql", "/t/sql", saved.path):
        assert await named(path) == [f"https://a.example{path}"]
    # A part of a list is another each day.
    assert await named("/recent?before=9-x") == []


async def test_a_script_is_loaded_where_there_is_something_for_it(server, ana):
    await ana.save("https://sqlite.org/", title="SQLite")

    async def loaded(who, path):
        scripts = Reading((await who.get(path)).text).all("script")
        return {(one.get("src") or "").rpartition("/")[2].partition("?")[0] for one in scripts}

    assert await loaded(server.browser(), "/u/ana") == {"fedimark.js"}
    assert await loaded(server.browser(), "/sign-in") == {"fedimark.js"}
    assert await loaded(ana.browser, "/u/ana") == {"fedimark.js", "htmx.min.js"}
    assert await loaded(ana.browser, "/settings/looks") == {"fedimark.js"}
    assert await loaded(ana.browser, "/add") == {"fedimark.js", "form.js", "htmx.min.js"}


EMPTY = {
    "/u/ana": ("Save your first page", "/settings/import /settings/bookmarklets"),
    "/u/ana/unread": ("“mark to read”, behind the dots of a bookmark", ""),
    "/u/ana/starred": ("The star before a bookmark", ""),
    "/u/ana/untagged": ("saved without one", ""),
    "/u/ana/notes": ("A note is a text of its own", ""),
    "/u/ana/bundles": ("A bundle keeps tags together", "/u/ana/bundles/new"),
    "/network": ("Follow somebody by their handle", "/recent /settings/import"),
    "/notifications": ("Who follows you, copies, likes", ""),
    "/for-you": ("a tag like for:@bo", ""),
    "/followers": ("follow you by your handle", ""),
    "/settings/tags": ("Tags are single words", "/add"),
    "/settings/tags/garden": ("looks like a slip of another", ""),
    "/tabs": ("Ctrl+Shift+D", ""),
    "/recent": ("saved a public page", ""),
    "/search?q=nothing": ("lets a word go on", "/search?q=nothing&in=here"),
    "/search?q=nothing&in=here": ("lets a word go on", ""),
}


@pytest.mark.parametrize(("path", "said", "leads_to"), [(path, *rest) for path, rest in EMPTY.items()], ids=EMPTY)
async def test_an_empty_list_says_what_will_stand_in_it(server, ana, path, said, leads_to):
    answer = await ana.browser.get(path)

    [box] = Reading(answer.text).all("div", "empty")
    assert said in box.text
    assert [link.get("href") for link in box.all("a")] == leads_to.split()
