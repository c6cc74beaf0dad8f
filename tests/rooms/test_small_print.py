"""The small print of the doors for programs and files: defaults, limits, shapes that a client meets once in a while."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from fedimark.accounts.tokens import Scope
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.save import save_many
from fedimark.database import execute, fetch
from fedimark.here import entered
from fedimark.importing import importer
from fedimark.importing.formats import opened
from fedimark.importing.formats.moments import iso
from fedimark.notifications.queries import told_to
from fedimark.policy.visibility import Visibility
from tests.pure.format_samples import DELICIOUS_JSON, NETSCAPE
from tests.support.people import Person
from tests.support.programs import program_of

PAGE = "https://page.example/"
HEAD = '<?xml version="1.0" encoding="UTF-8" ?>'


@pytest.fixture
async def app(ana: Person) -> httpx.AsyncClient:
    """A program of ana's with a key as it is made usually."""
    return await program_of(ana)


async def asked(app: httpx.AsyncClient, method: str, **arguments: Any) -> Any:
    """What a method of Pinboard's answers in JSON."""
    answer = await app.post(f"/v1/{method}", data={"format": "json", **arguments})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def the_post(app: httpx.AsyncClient) -> dict[str, str]:
    """The one bookmark there is."""
    [post] = await asked(app, "posts/all")
    return dict(post)


# Pinboard


@pytest.mark.parametrize(
    ("word", "kept"), [("yes", "yes"), ("true", "yes"), ("1", "yes"), ("no", "no"), ("false", "no"), ("0", "no")]
)
async def test_yes_is_said_in_every_word_that_clients_use(app, word, kept):
    await asked(app, "posts/add", url=PAGE, description="x", toread=word, shared=word, replace=word)

    post = await the_post(app)

    assert (post["toread"], post["shared"]) == (kept, kept)
    again = await asked(app, "posts/add", url=PAGE, description="y", replace=word)
    assert again == {"result_code": "done" if kept == "yes" else "item already exists"}


async def test_a_moment_left_out_is_now_and_stays_where_something_is_there(app, clock):
    at = iso(clock.micros)
    await asked(app, "posts/add", url=PAGE, description="x")
    clock.forward(days=1)

    await asked(app, "posts/add", url=PAGE, description="other words")

    assert (await the_post(app))["time"] == at


async def test_a_moment_ahead_of_the_clock_becomes_now(app, clock):
    await asked(app, "posts/add", url=PAGE, description="x", dt="2099-01-01T00:00:00Z")

    assert (await the_post(app))["time"] == iso(clock.micros)


async def test_what_is_too_long_is_cut_as_pinboard_cuts_it(app):
    tags = " ".join(["t" * 300, *(f"t{number}" for number in range(150))])

    await asked(app, "posts/add", url=PAGE, description="d" * 300, extended="e" * 70_000, tags=tags)

    post = await the_post(app)
    kept = post["tags"].split()
    assert (len(post["description"]), len(post["extended"])) == (255, 65_536)
    assert (len(kept), len(kept[0])) == (100, 255)


async def test_every_answer_in_xml_has_pinboards_shape(app):
    said = {
        "posts/add": ({"url": PAGE, "description": "x"}, '<result code="done" />'),
        "posts/delete": ({"url": PAGE}, '<result code="done" />'),
        "posts/suggest": ({}, '<result code="missing url" />'),
        "tags/rename": ({"old": "a", "new": "b"}, "<result>done</result>"),
    }

    for method, (arguments, expected) in said.items():
        assert (await app.get(f"/v1/{method}", params=arguments)).text == f"{HEAD}{expected}", method
    for method in ("user/secret", "user/api_token"):
        value = (await asked(app, method))["result"]
        assert (await app.get(f"/v1/{method}")).text == f"{HEAD}<result>{value}</result>", method


async def test_recent_tells_fifteen_or_as_many_as_asked_up_to_a_hundred(app, ana, server):
    drafts = [Draft(f"https://n{number}.example/", saved_at=number + 1) for number in range(120)]
    await save_many(Owner.of(ana.viewer), drafts)
    bo = await server.sign_up("bo")
    await bo.follow(ana)
    theirs = await program_of(bo, Scope.READ)

    for count, told in (({}, 15), ({"count": "7"}, 7), ({"count": "100"}, 100), ({"count": "5000"}, 100)):
        posts = (await asked(app, "posts/recent", **count))["posts"]
        assert [post["href"] for post in posts] == [f"https://n{119 - n}.example/" for n in range(told)]
    for count in ("1", "60"):
        assert len((await asked(theirs, "network/recent", count=count))["posts"]) == int(count)


async def test_every_post_carries_hash_and_meta_whatever_meta_says(app):
    await asked(app, "posts/add", url=PAGE, description="x")

    whole = await asked(app, "posts/all")
    for meta in ("0", "1", "yes", "no", ""):
        assert await asked(app, "posts/all", meta=meta) == whole

    assert whole[0]["hash"] == hashlib.md5(PAGE.encode()).hexdigest()
    assert len(whole[0]["meta"]) == 32


async def test_a_note_is_hashed_as_pinboard_hashes_it(app, ana):
    await ana.browser.post("/notes/add", data={"title": "A note", "text": "Words of 日本"})

    [note] = (await asked(app, "notes/list"))["notes"]

    assert note["hash"] == hashlib.sha1("Words of 日本".encode()).hexdigest()[:20]


# linkding


async def test_a_list_of_linkdings_tells_a_hundred_where_nothing_is_said(app, ana):
    drafts = [Draft(f"https://n{number}.example/", saved_at=number + 1) for number in range(101)]
    await save_many(Owner.of(ana.viewer), drafts)

    found = (await app.get("/api/bookmarks/")).json()

    assert (found["count"], len(found["results"])) == (101, 100)
    assert found["next"] == "https://a.example/api/bookmarks/?limit=100&offset=100"


async def test_check_is_asked_without_a_cache_too(app, ana):
    await ana.save(PAGE, title="Mine")

    for said in ("true", "false", "x"):
        found = (await app.get("/api/bookmarks/check/", params={"url": PAGE, "ignore_cache": said})).json()
        assert found["bookmark"]["title"] == "Mine"


async def test_a_profile_has_every_field_that_apps_read(app):
    profile = (await app.get("/api/user/profile/")).json()

    assert set(profile) == {
        *("theme", "bookmark_date_display", "bookmark_link_target", "web_archive_integration", "tag_search"),
        *("enable_sharing", "enable_public_sharing", "enable_favicons", "display_url", "permanent_notes"),
        *("search_preferences", "version"),
    }


@pytest.fixture
async def reading(fleet) -> Any:
    """A program of ana's on a server that reads pages, and the paths of a page elsewhere that it was asked for."""
    paths: list[str] = []

    async def answer(request: Any) -> HTMLResponse:
        paths.append(request.url.path)
        about = '<meta name="description" content="What  it\nis about">' if request.url.path != "/mute" else ""
        return HTMLResponse(f"<!doctype html><title>What it calls itself</title>{about}")

    fleet.network.add("page.example", Starlette(routes=[Route("/{path:path}", answer)]))
    server = await fleet.server("a.example", read_pages=True)
    async with entered(server.here):
        yield await program_of(await server.sign_up("ana"), Scope.READ | Scope.WRITE), paths


TITLE, ABOUT = "What it calls itself", "What it is about"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, (TITLE, ABOUT)),
        ({"title": "", "description": " "}, (TITLE, ABOUT)),
        ({"title": "Mine"}, ("Mine", ABOUT)),
        ({"description": "Mine"}, (TITLE, "Mine")),
        ({"title": "Mine", "description": "Too"}, ("Mine", "Too")),
    ],
)
async def test_a_program_that_gives_no_words_gets_the_pages_own(reading, said, told):
    app, paths = reading

    asking = (await app.post("/api/bookmarks/", json={"url": f"{PAGE}asked", **said})).json()
    silent = (await app.post("/api/bookmarks/?disable_scraping", json={"url": f"{PAGE}silent", **said})).json()

    # The page is asked where words are missing, for those alone, and only where it may be
    assert (asking["title"], asking["description"]) == told
    assert paths == (["/asked"] if told != ("Mine", "Too") else [])
    assert (silent["title"], silent["description"]) == (said.get("title", ""), said.get("description", ""))


async def test_words_that_are_there_are_not_replaced_by_the_pages(reading):
    app, paths = reading
    await app.post("/api/bookmarks/", json={"url": PAGE, "title": "Mine", "description": "Too"})

    # Saved again without words, without one of them, and with one that is to be empty
    kept = (await app.post("/api/bookmarks/", json={"url": PAGE, "unread": True})).json()
    assert (kept["title"], kept["description"], kept["unread"], paths) == ("Mine", "Too", True, [])
    emptied = (await app.post("/api/bookmarks/", json={"url": PAGE, "description": ""})).json()
    assert (emptied["title"], emptied["description"], paths) == ("Mine", ABOUT, ["/"])
    patched = (await app.patch(f"/api/bookmarks/{kept['id']}/", json={"title": "", "description": ""})).json()
    assert (patched["title"], patched["description"], paths) == ("", "", ["/"])
    untitled = (await app.post("/api/bookmarks/", json={"url": PAGE})).json()
    assert (untitled["title"], untitled["description"]) == (TITLE, ABOUT)


async def test_check_tells_what_the_page_says_of_itself(reading):
    app, paths = reading

    told = [(await app.get("/api/bookmarks/check/", params={"url": f"{PAGE}{end}"})).json() for end in ("4", "mute")]

    assert [each["metadata"] for each in told] == [
        {"url": f"{PAGE}4", "title": TITLE, "description": ABOUT, "preview_image": None},
        {"url": f"{PAGE}mute", "title": TITLE, "description": None, "preview_image": None},
    ]
    assert paths == ["/4", "/mute"]


async def test_a_snapshot_of_a_new_page_is_kept_under_the_pages_own_words(reading):
    app, paths = reading

    sent = await app.post("/api/bookmarks/singlefile/", data={"url": PAGE}, files={"file": ("page.html", b"<p>x")})

    [saved] = (await app.get("/api/bookmarks/")).json()["results"]
    assert (sent.status_code, saved["title"], saved["description"], paths) == (201, TITLE, ABOUT, ["/"])


# Files


def test_a_mark_before_the_doctype_costs_nothing():
    plain, marked = [opened(io.BytesIO(mark + NETSCAPE)) for mark in (b"", b"\xef\xbb\xbf")]

    assert marked.name == "Netscape HTML"
    assert list(marked.rows()) == list(plain.rows())


def test_delicious_tags_of_nothing_are_none():
    [row] = json.loads(DELICIOUS_JSON)

    [draft] = opened(io.BytesIO(json.dumps([{**row, "tags": [""]}]).encode())).rows()

    assert isinstance(draft, Draft)
    assert draft.tags == ()


def library(rows: int, folder: Path, tags: str = "sql") -> Path:
    """A file of Pinboard's with so many public rows."""
    file = folder / "import.json"
    posts = [
        {"href": f"https://n{n}.example/", "description": f"{n}", "tags": tags, "shared": "yes"} for n in range(rows)
    ]
    file.write_text(json.dumps(posts))
    return file


async def test_people_here_are_told_nothing_of_an_import(server, ana, tmp_path):
    # Given somebody who follows ana, and to whom each row is given
    bo = await server.sign_up("bo")
    await bo.follow(ana)
    await server.settle()
    before = (await told_to(bo.viewer.actor_id)).notices

    # When the file comes in
    async for _ in importer.bring_in(Owner.of(ana.viewer), library(3, tmp_path, "sql for:bo")):
        pass
    await server.settle()

    # Then bo is told of nothing and given nothing
    assert (await told_to(bo.viewer.actor_id)).notices == before
    assert await fetch("SELECT id FROM link_for_you") == []
    assert len(await fetch("SELECT id FROM bookmark WHERE actor_id = ?", ana.viewer.actor_id)) == 3


async def test_a_privacy_lock_closed_meanwhile_binds_the_rest_of_an_import(server, ana, tmp_path):
    running = importer.bring_in(Owner.of(ana.viewer), library(1_100, tmp_path))
    await anext(running)

    # What comes next was made ready already
    await execute("UPDATE account SET privacy_lock = ?", True)
    async for _ in running:
        pass

    shown = await fetch("SELECT visibility, count(*) AS amount FROM bookmark GROUP BY visibility ORDER BY visibility")
    assert [(row["visibility"], row["amount"]) for row in shown] == [
        (Visibility.PRIVATE, 600),
        (Visibility.PUBLIC, 500),
    ]
    assert len(await fetch("SELECT id FROM bookmark WHERE listed")) == 500
