"""Requests as apps and extensions for linkding make them, one after the other, in the shape that each really sends.

Written by hand after what linkding-extension, linkding-injector, linkdy, Pinkt, LinkThing and floccus send.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from fedimark.database import execute, fetch_one
from tests.support.people import Person
from tests.support.programs import program_of
from tests.support.storage import SqliteStorage

PAGE = "https://page.example/a?b=1&c=ä"


@pytest.fixture
async def database(sqlite_template) -> Any:
    """Nothing here is other SQL than what tests/rooms/test_linkding.py asks of both."""
    storage = SqliteStorage(sqlite_template)
    yield storage
    await storage.drop()


@pytest.fixture
async def app(ana: Person) -> httpx.AsyncClient:
    """A program of ana's that may read and write, and says nothing but its key."""
    program = await program_of(ana)
    program.headers.pop("accept")
    return program


async def test_linkding_extension_saves_finds_and_deletes(app, ana, server):
    base = "/linkding/api"  # its address may have a path
    assert (await app.get(f"{base}/bookmarks/?limit=1")).json()["results"] == []
    assert (await app.get(f"{base}/user/profile/")).json()["enable_sharing"] in (True, False)
    assert (await app.get(f"{base}/tags/?limit=5000")).json()["results"] == []
    checked = await app.get(f"{base}/bookmarks/check/?url={quote(PAGE, safe='')}")
    assert (checked.status_code, checked.json()["bookmark"], checked.json()["auto_tags"]) == (200, None, [])
    form = {
        "url": PAGE,
        "title": "A page",
        "description": "",
        "notes": "",
        "tag_names": ["web", "later"],
        "unread": True,
        "shared": False,
    }

    saved = await app.post(f"{base}/bookmarks/?disable_scraping&disable_html_snapshot", json=form)

    assert saved.status_code == 201
    found = (await app.get(f"{base}/bookmarks/check/?url={quote(PAGE, safe='')}")).json()["bookmark"]
    assert found == saved.json()
    again = await app.post(f"{base}/bookmarks/?disable_scraping", json={**form, "title": "B", "tag_names": ["web"]})
    assert (again.status_code, again.json()["id"], again.json()["tag_names"]) == (201, found["id"], ["web"])
    await server.settle()
    typed = (await app.get(f"{base}/bookmarks/?q={quote('web')}&limit=5")).json()["results"]
    assert [one["title"] for one in typed] == ["B"]
    tags = (await app.get(f"{base}/tags/?limit=5000")).json()["results"]
    assert [tag["name"] for tag in tags] == ["web"]
    wrong = await app.post(f"{base}/bookmarks/?disable_scraping", json={**form, "url": "no address"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["url"])
    gone = await app.delete(f"{base}/bookmarks/{found['id']}/")
    assert (gone.status_code, gone.content) == (204, b"")


async def test_linkding_injector_shows_what_is_found_and_why_it_cannot(app, ana, server):
    await ana.save(PAGE, title="SQLite & co", description="Words", tags="sql c++")
    await server.settle()

    results = (await app.get(f"/api/bookmarks/?q={quote('sqlite')}&limit=10")).json()["results"]
    refused = await app.get("/api/bookmarks/?limit=1", headers={"Authorization": "Token nothing"})

    assert [(one["title"], one["description"], one["tag_names"]) for one in results] == [
        ("SQLite & co", "Words", ["c++", "sql"])
    ]
    assert refused.status_code == 401
    assert isinstance(refused.json()["detail"], str)


async def test_linkdy_sends_forms_of_parts_and_leaves_a_slash_out(app, ana):
    def parts(**fields: str) -> dict[str, tuple[None, str]]:
        return {name: (None, value) for name, value in fields.items()}

    assert (await app.get("/api/", headers={"Authorization": ""})).status_code == 401  # any status will do
    assert (await app.get("/api/bookmarks/?limit=1")).status_code == 200
    checked = await app.get("/api/bookmarks/check", params={"url": PAGE})
    assert (checked.status_code, checked.json()["bookmark"]) == (200, None)
    form = parts(
        url=PAGE, title="A", description="", is_archived="false", unread="true", shared="false", tag_names="a,b"
    )

    made = await app.post("/api/bookmarks/", files=form)

    assert (made.status_code, made.json()["tag_names"], made.json()["unread"]) == (201, ["a", "b"], True)
    place = f"/api/bookmarks/{made.json()['id']}/"
    assert (await app.get("/api/bookmarks/check", params={"url": PAGE})).json()["bookmark"] == made.json()
    put = await app.put(place, files={**form, **parts(title="B", unread="false")})
    assert (put.status_code, put.json()["title"], put.json()["unread"]) == (200, "B", False)
    patched = await app.patch(place, files=parts(unread="true", notag_namestes="c"))  # a slip of theirs
    assert (patched.json()["unread"], patched.json()["tag_names"], patched.json()["title"]) == (True, ["a", "b"], "B")
    empty = {"content-type": "application/json"}
    assert (await app.post(f"{place}archive/", headers=empty)).status_code == 204
    archived = await app.get("/api/bookmarks/archived/", params={"q": "", "limit": 20, "offset": 0})
    assert [one["id"] for one in archived.json()["results"]] == [made.json()["id"]]
    assert (await app.post(f"{place}unarchive/", headers=empty)).status_code == 204
    tag = await app.post("/api/tags/", files=parts(name="a"))
    assert (tag.status_code, tag.json()["name"]) == (201, "a")
    assert (await app.get(f"/api/tags/{tag.json()['id']}/")).json() == tag.json()
    assert (await app.get("/api/bookmarks/shared/", params={"limit": 20, "offset": 0})).json()["results"] == []
    assert (await app.delete(place)).status_code == 204


async def test_pinkt_signs_in_saves_edits_and_takes_everything(app, ana):
    app.headers["accept"] = "application/json"
    assert (await app.get("/api/bookmarks/?limit=1")).json()["count"] == 0
    form = {
        "url": PAGE,
        "title": "A",
        "description": "Words",
        "notes": "whisper",
        "is_archived": False,
        "unread": False,
        "shared": True,
        "tag_names": ["a"],
    }

    made = (await app.post("/api/bookmarks/", json=form)).json()
    put_away = (await app.post("/api/bookmarks/", json={**form, "url": "https://b.example/"})).json()

    edited = {**form, "id": made["id"], "title": "B", "notes": "", "unread": True}
    put = await app.put(f"/api/bookmarks/{made['id']}/", json=edited)
    assert (put.json()["title"], put.json()["notes"], put.json()["unread"], put.json()["shared"]) == (
        "B",
        "",
        True,
        True,
    )
    assert (await app.post(f"/api/bookmarks/{put_away['id']}/archive/", content=b"")).status_code == 204
    everything = (await app.get("/api/bookmarks/?offset=0&limit=10000")).json()
    assert (everything["count"], [one["id"] for one in everything["results"]]) == (1, [made["id"]])
    assert (await app.get("/api/bookmarks/archived/?offset=0&limit=10000")).json()["count"] == 1
    tags = (await app.get("/api/tags/?offset=0&limit=10000")).json()
    assert (tags["count"], set(tags["results"][0])) == (1, {"id", "name", "date_added"})
    assert (await app.get(f"/api/bookmarks/{made['id']}/")).json() == everything["results"][0]
    assert (await app.delete(f"/api/bookmarks/{made['id']}/")).status_code == 204


async def test_linkthing_turns_pages_and_marks_as_read(app, ana, server):
    for number in range(12):
        fields = {"url": f"https://{number}.example/", "title": f"{number}", "unread": True, "shared": True}
        await app.post("/api/bookmarks/", json=fields)

    first = (await app.get("/api/bookmarks/?limit=10&offset=0")).json()
    second = (await app.get("/api/bookmarks/?limit=10&offset=10")).json()

    assert (len(first["results"]), first["previous"], bool(first["next"])) == (10, None, True)
    assert (len(second["results"]), bool(second["previous"]), second["next"]) == (2, True, None)
    one = first["results"][0]
    read = await app.patch(f"/api/bookmarks/{one['id']}/", json={"unread": not one["unread"]})
    assert (read.json()["unread"], read.json()["shared"], read.json()["title"]) == (False, True, one["title"])
    words = {"title": "Other", "description": "Words", "unread": True}
    assert (await app.patch(f"/api/bookmarks/{one['id']}/", json=words)).json()["title"] == "Other"


@dataclass
class Floccus:
    """A browser's bookmarks (titles by address) and what floccus knows of the other side since it last looked.

    It reads tags as `tag_names`, and sends them as `tags`, a field that linkding's API does not have.
    """

    app: httpx.AsyncClient
    browser: dict[str, str]
    numbers: dict[str, int] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)

    async def sync(self) -> None:
        """One sync in both directions; what was changed on both sides stays as the browser has it."""
        (await self.app.get("/api/bookmarks/?limit=1")).raise_for_status()
        there, place = {}, "/api/bookmarks/?limit=100"
        while place:
            part = (await self.app.get(place)).raise_for_status().json()
            for one in part["results"]:
                there[one["url"]] = one["title"] or one["website_title"] or one["url"]
                self.numbers[one["url"]] = one["id"]
                self.tags[one["url"]] = one["tag_names"]
            place = part["next"]
        for url in {*self.browser, *there, *self.known}:
            await self.settle(url, self.browser.get(url), there.get(url), self.known.get(url))
        self.known = dict(self.browser)

    async def settle(self, url: str, here: str | None, there: str | None, before: str | None) -> None:
        """Bring one address to the same on both sides."""
        if here == there:
            return
        if here == before:  # changed there
            self.browser.pop(url) if there is None else self.browser.update({url: there})
        elif here is None:
            gone = await self.app.delete(f"/api/bookmarks/{self.numbers[url]}/")
            assert gone.is_success or gone.status_code == 404
        elif there is None:
            sent = {"url": url, "title": here, "description": "", "tags": self.tags.get(url, [])}
            self.numbers[url] = int((await self.app.post("/api/bookmarks/", json=sent)).raise_for_status().json()["id"])
        else:
            sent = {"url": url, "title": here, "tags": self.tags.get(url, [])}
            (await self.app.patch(f"/api/bookmarks/{self.numbers[url]}/", json=sent)).raise_for_status()


async def test_what_floccus_sends_as_tags_neither_adds_nor_takes_one(app, ana):
    made = (await app.post("/api/bookmarks/", json={"url": PAGE, "title": "A", "tag_names": ["sql"]})).json()
    theirs = "https://theirs.example/"
    floccus = Floccus(app, {theirs: "Theirs"}, tags={theirs: ["from", "elsewhere"]})

    # It learns the tags that are here, and sends those it knows of with what is new
    await floccus.sync()
    assert floccus.tags[PAGE] == ["sql"]
    new = (await app.get(f"/api/bookmarks/{floccus.numbers[theirs]}/")).json()
    assert (new["title"], new["description"], new["tag_names"]) == ("Theirs", "", [])

    # Other tags are given here while it sends those it knew: these stand
    here = f"/api/bookmarks/{made['id']}/"
    await app.patch(here, json={"tag_names": ["sql", "web"]})
    sent = {"url": PAGE, "title": "Renamed there", "tags": ["sql"]}
    changed = (await app.patch(here, json=sent)).json()
    assert (changed["title"], changed["tag_names"]) == ("Renamed there", ["sql", "web"])
    floccus.browser[PAGE] = "Renamed again"
    await floccus.sync()
    assert (await app.get(here)).json()["tag_names"] == floccus.tags[PAGE] == ["sql", "web"]


async def test_floccus_keeps_a_browser_and_this_server_the_same_both_ways(app, ana, server):
    ours = {"url": "https://ours.example/", "title": "Ours", "tag_names": ["sql"], "notes": "whisper"}
    await app.post("/api/bookmarks/", json=ours)
    await execute("UPDATE bookmark SET starred = TRUE")
    floccus = Floccus(app, {f"https://theirs.example/{number}": f"Theirs {number}" for number in range(103)})
    both = Floccus(await program_of(ana), {})  # a second browser of hers

    await floccus.sync()
    await both.sync()
    assert len(floccus.browser) == 104
    assert both.browser == floccus.browser

    floccus.browser["https://theirs.example/1"] = "Renamed in a browser"
    del floccus.browser["https://theirs.example/2"]
    await app.patch(f"/api/bookmarks/{floccus.numbers['https://ours.example/']}/", json={"title": "Renamed here"})
    await app.delete(f"/api/bookmarks/{floccus.numbers['https://theirs.example/3']}/")
    both.browser["https://new.example/"] = "New"
    for each in (floccus, both, floccus):
        await each.sync()

    assert both.browser == floccus.browser
    assert "https://theirs.example/2" not in both.browser
    assert "https://theirs.example/3" not in both.browser
    assert both.browser["https://theirs.example/1"] == "Renamed in a browser"
    assert both.browser["https://ours.example/"] == "Renamed here"
    assert both.browser["https://new.example/"] == "New"
    floccus.browser["https://ours.example/"] = "Renamed there"
    await floccus.sync()
    # What it knows nothing of stays as it was.
    one = await fetch_one("SELECT * FROM bookmark WHERE url = ?", "https://ours.example/")
    assert (one["title"], one["tags"], one["private_note"], bool(one["starred"])) == (
        "Renamed there",
        "sql",
        "whisper",
        True,
    )
    before = dict(floccus.browser)
    await floccus.sync()
    assert floccus.browser == before
