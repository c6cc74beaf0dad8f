"""Words that are long, many, old or written the other way: every page still answers, and says them as they are."""

from __future__ import annotations

import json

import pytest

from fedimark.database import fetch
from fedimark.here import entered
from fedimark.web import times
from tests.stories.reading import Reading
from tests.stories.test_bad_input import every_page

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

HEBREW = "שלום עולם \u202e!"
ZALGO = "z" + "\u0301\u0334" * 100
ROWS = [
    {"href": "https://old.example/", "description": "Long ago", "tags": "old", "time": "0001-01-01T00:00:00Z"},
    {"href": "https://new.example/", "description": "Some day", "tags": "new", "time": "2100-12-31T23:59:59Z"},
    {"href": "https://he.example/", "description": HEBREW, "extended": HEBREW, "tags": "שלום مرحبا"},
    {"href": "https://zalgo.example/", "description": ZALGO, "extended": ZALGO, "tags": "z\u0301\u0334\u0301"},
    {"href": "https://long.example/", "description": "Long", "extended": "d " * 32_768, "tags": "long"},
    {"href": "https://wide.example/", "description": "W" * 255, "extended": "w" * 65_536, "tags": "w" * 255},
]
MANY = [
    {"href": f"https://tags.example/{page}", "tags": " ".join(f"tag{page}-{tag}" for tag in range(100))}
    for page in range(100)
]


async def imported(person, rows):
    """Bring rows in as everybody does, and wait until they are there."""
    file = ("pinboard.json", json.dumps(rows).encode(), "application/json")
    job = (await person.browser.post("/settings/import", files={"file": file})).headers["location"]
    assert (await person.browser.post(f"{job}/start")).status_code == 303
    await person.server.settle()


async def test_every_page_takes_old_long_and_turned_words(server, ana):
    async with entered(server.here):
        await imported(ana, ROWS)

    said, titles = set(), set()
    for browser in (ana.browser, server.browser()):
        async for path, page in every_page(browser):
            assert page.astray == [], path
            assert "we failed" not in page.title.lower(), path
            said |= {p.text for p in page.all("p", "p-summary")}
            titles |= {a.text for a in page.all("a", "p-name")}

    assert {row["extended"].strip() for row in ROWS if "extended" in row} <= {one.strip() for one in said}
    assert {row["description"] for row in ROWS} <= titles
    days = {
        row["url"]: times.date_of(row["saved_at"], "UTC") for row in await fetch("SELECT url, saved_at FROM bookmark")
    }
    for url in ("https://old.example/", "https://new.example/"):
        day = (await ana.browser.get(f"/u/ana/day/{days[url]}")).text
        assert url in {a.get("href") for a in Reading(day).all("a", "p-name")}, days[url]


async def test_ten_thousand_tags_stand_in_small_pages(server, ana):
    async with entered(server.here):
        await imported(ana, MANY)

    for path in ("/u/ana", "/u/ana/t/tag7-7", "/t/tag7-7", "/u/ana/statistics", "/recent"):
        answer = await ana.browser.get(path)

        assert answer.status_code == 200
        assert len(answer.content) < 600_000, path
    assert len(Reading((await ana.browser.get("/u/ana")).text).one("aside").all("li")) <= 30
