"""The most that can be kept, on every page: words from right to left, thousands of tags, dates of every year."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_many
from fedimark.database import fetch_one
from fedimark.here import entered
from fedimark.web.times import machine
from tests.stories.reading import Reading
from tests.stories.test_bad_input import unexpected
from tests.support.people import Person
from tests.support.server import Server

HEBREW = "\u202eשלום עולם\u202c \u2067مرحبا\u2069 \u202emoc.live"
STACKED = "Z" + "\u0301\u0323\u0330" * 60 + "algo 한글 각 👩‍👩‍👧‍👦"
WORDS = f"{HEBREW} {STACKED}"
LONG = (WORDS + " https://long.example/a?b=1 " + "word " * 14_000)[:65_536]
TAGS, A_PIECE = 10_000, 100  # what one bookmark may have at most
YEARS = (1, 2, 999, 1582, 1899, 1969, 1970, 2038, 2099, 2100)
MOMENTS = {year: f"{year:04}-01-01T00:00:00Z" for year in YEARS}
MOST_OF_A_KIND = 3  # pages that are looked at of those which differ by a name, a number or a question alone
_NAMES = re.compile(
    r"(?<=/t/)[^/]+|(?<=/u/)[^/]+|(?<=/(?:b|r)/)[^/]+|(?<=/(?:url|day)/)[^/]+|(?<=/)[0-9]+(?=/|$)|"
    r"(?<=/(?:notes|lists)/)[a-z2-7]{13}"
)


def kind_of(link: str) -> str:
    """A page's address without the names in it: what it shows, whoever and whatever it is about."""
    return _NAMES.sub("*", urlsplit(link).path)


async def pages(
    browser: httpx.AsyncClient, most: int, *first: str
) -> AsyncIterator[tuple[str, httpx.Response, Reading]]:
    """Every kind of page that links lead to, so many of each."""
    waiting, seen, kinds = list(first), set[str](), Counter[str]()
    while waiting:
        path = waiting.pop(0)
        if path in seen or kinds[kind_of(path)] >= most:
            continue
        seen.add(path)
        answer = await browser.get(path, follow_redirects=True)
        if answer.headers.get("content-type", "").startswith("text/html"):
            kinds[kind_of(path)] += 1
            page = Reading(answer.text)
            yield path, answer, page
            links = [a.get("href") for a in page.all("a")]
            waiting += [link for link in links if link.startswith("/")]
            waiting += [path.partition("?")[0] + link for link in links if link.startswith("?")]


async def filled(server: Server, ana: Person) -> None:
    """Give ana as much as can be kept of everything one can write."""
    drafts = [
        read_draft(
            url=f"https://tags.example/{number}",
            title=f"{number} {WORDS}",
            tag_text=" ".join(f"t{number + each:05}שx\u0301" for each in range(A_PIECE)),
            visibility="public",
            saved_at=1_600_000_000_000_000 + number,
        )
        for number in range(0, TAGS, A_PIECE)
    ]
    long = [
        read_draft(
            url=f"https://long.example/{number}",
            title=WORDS,
            description=LONG,
            tag_text="שלום .סוד sql",
            visibility="public",
            private_note=LONG,
            to_read=True,
        )
        for number in range(3)
    ]
    async with entered(server.here):
        await save_many(Owner.of(ana.viewer), [*drafts, *long])
    send = ana.browser.post
    rows = [
        {"href": f"https://year.example/{year}", "description": WORDS, "extended": WORDS, "time": at, "tags": "years",
         "shared": "yes", "toread": "no"}
        for year, at in MOMENTS.items()
    ]  # fmt: skip
    job = (
        await send("/settings/import", files={"file": ("שלום.json", httpx.Response(200, json=rows).content)})
    ).headers
    assert (await send(f"{job['location']}/start")).status_code == 303
    profile = {"name": WORDS[:100], "bio": WORDS, "field_name_1": HEBREW, "field_value_1": WORDS[:200]}
    for path, typed in (
        ("/settings", {**profile, "visibility": "public", "time_zone": "Pacific/Kiritimati"}),
        ("/notes/add", {"title": WORDS, "text": LONG, "public": "yes"}),
        ("/u/ana/bundles/new", {"name": WORDS, "any_tags": "שלום", "filter_unread": "off", "filter_shared": "off"}),
        ("/network/lists", {"name": WORDS[:50]}),
        ("/search/keep", {"q": "שלום", "name": WORDS}),
    ):
        assert (await send(path, data=typed)).status_code == 303, path


@pytest.fixture
async def server(fleet: Any) -> AsyncIterator[Server]:
    """A server with ana, who writes all there can be, and bo, who answers her and is given a link."""
    server = await fleet.server("a.example")
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await filled(server, ana)
    await bo.follow(ana)
    await ana.follow(bo)
    await server.settle()
    async with entered(server.here):
        row = await fetch_one("SELECT public_id FROM bookmark WHERE url = ?", "https://long.example/0")
        assert row is not None
        note = f"https://a.example/u/ana/b/{row['public_id']}"
        for path, typed in (
            ("/press", {"liked": note}),
            ("/press", {"shared": note}),
            ("/say", {"about": note, "words": LONG[:5_000], "kind": "reply"}),
            ("/add", {"url": "https://for.example/", "title": WORDS, "tags": "for:ana", "visibility": "private"}),
            ("/report", {"who": "ana", "comment": WORDS}),
        ):
            assert (await bo.browser.post(path, data=typed)).status_code == 303, path
        await server.settle()
        yield server


async def test_every_page_shows_the_most_there_can_be(server):
    ana, bo = server.people["ana"], server.people["bo"]
    first = ["/", "/recent", "/network", "/u/ana", "/u/ana?tags=all&mode=cloud", "/u/ana/statistics", "/settings",
             "/search?q=שלום&in=mine", "/search?q=zalgo*&in=here", "/add?url=https://long.example/0", "/moderation",
             "/for-you", "/again", "/nowhere", *(f"/u/ana/day/{at[:10]}" for at in MOMENTS.values())]  # fmt: skip

    wrong, sizes, kinds = [], {}, set[str]()
    for browser, most in ((ana.browser, MOST_OF_A_KIND), (bo.browser, 1), (server.browser(), 1)):
        async for path, answer, page in pages(browser, most, *first):
            kinds.add(kind_of(path))
            sizes[path] = len(answer.content)
            wrong += [f"{path}: {answer.status_code}"] if answer.status_code not in (200, 403, 404) else []
            wrong += [f"{path}: {each}" for each in (*page.astray, *unexpected(page)) if each != "<mark>"]
            # What runs from right to left stays within itself: titles and words tell their own direction.
            for one in (*page.all("a", "p-name"), *page.all("p", "said")):
                wrong += [f"{path}: {one.name} has no direction"] if not one.has("dir") else []

    assert wrong == []
    assert len(kinds) > 40, sorted(kinds)
    assert max(sizes.values()) < 1_500_000, max(sizes, key=lambda path: sizes[path])
    assert sizes["/u/ana"] < 300_000  # twenty lines, some with a hundred tags, some with all their words


async def test_every_year_is_reached_and_told(server):
    told, path = [], "/u/ana/t/years"
    while path:
        page = Reading((await server.browser().get(path)).text)
        told += [entry.one("time").get("datetime") for entry in page.all("li", "entry")]
        further = [a.get("href") for a in page.all("a") if a.get("rel") == "next"]
        path = f"/u/ana/t/years{further[0]}" if further else ""

    past = [year for year in YEARS if year < 2026]
    assert told[-len(past) :] == [MOMENTS[year] for year in reversed(past)]
    assert told[: -len(past)] == [machine(server.here.clock())] * (len(YEARS) - len(past))  # as Pinboard: not to come
    for year, at in ((year, MOMENTS[year]) for year in past):
        day = Reading((await server.browser().get(f"/u/ana/day/{at[:10]}")).text)
        assert [a.get("href") for a in day.all("a", "p-name")] == [f"https://year.example/{year}"], year


async def test_ten_thousand_tags_are_counted_listed_and_completed(server):
    ana = server.people["ana"]

    every = Reading((await ana.browser.get("/settings/tags")).text).one("ul", "many").all("li")
    begun = (await ana.browser.get("/add/tags?begins=t0420")).json()
    narrowed = Reading((await server.browser().get("/u/ana/t/t04200שx\u0301".encode().decode())).text)

    assert len(every) >= TAGS
    assert begun
    assert all(tag.startswith("t0420") for tag, _ in begun)
    assert [a.get("href") for a in narrowed.all("a", "p-name")] == ["https://tags.example/4200"]
