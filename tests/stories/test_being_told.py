"""What somebody is told of another, on one server and on two, with nothing but pages and forms."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from fedimark.database import fetch
from fedimark.here import entered
from tests.stories.reading import Reading
from tests.support.people import Person

PAGE = "https://sqlite.org/wal.html"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(params=["b.example", "a.example"])
async def pair(request, fleet):
    """Ana with a bookmark, and bo who follows her: on another server, or on the same."""
    ana, bo = await fleet.people("ana@a.example", f"bo@{request.param}")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save(PAGE, title="WAL", tags="sql")
    await fleet.settle()
    return ana, bo


async def told(person: Person) -> list[str]:
    """The lines of somebody's page, without when."""
    page = Reading((await person.browser.get("/notifications")).text)
    lines = [line.one("p") for line in page.all("li") if line.within and "told" in line.within.classes]
    return [" ".join("".join(line.text.rsplit(line.one("time").text, 1)).split()) for line in lines]


async def unread(person: Person) -> str:
    """The number at the head of a page, empty where there is none."""
    found = Reading((await person.browser.get("/recent")).text).all("a", "news")
    return found[0].text.split()[0] if found else ""


async def note_of(bo: Person) -> str:
    """What bo's server calls ana's bookmark."""
    async with entered(bo.server.here):
        (row,) = await fetch("SELECT uri, public_id FROM bookmark WHERE title = 'WAL'")
    return row["uri"] or f"/u/ana/b/{row['public_id']}"


async def press(person: Person, path: str, **values: Any) -> None:
    """Send a form."""
    answer = await person.browser.post(path, data=values)
    assert answer.status_code == 303, answer.text


async def test_all_that_is_done_with_a_bookmark_is_told_and_gone_when_it_is_taken_back(fleet, pair):
    ana, bo = pair
    note = await note_of(bo)
    name = "bo" if bo.server is ana.server else "bo@b.example"
    assert await told(ana) == [f"Unread: {name} follows you"]

    await press(bo, "/press", liked=note)
    await press(bo, "/press", shared=note)
    await press(bo, "/add", url=PAGE, title="Mine", visibility="public", **{"from": note})
    await fleet.settle()

    lines = [f"Unread: {name} {did}" for did in ("copied WAL", "shared WAL", "likes WAL", "follows you")]
    assert sorted(await told(ana)) == sorted(lines)
    assert await unread(ana) == "4"
    assert await told(bo) == []

    page = Reading((await ana.browser.get("/notifications")).text)
    await page.form("/notifications/read").send(ana.browser)
    assert await unread(ana) == ""
    assert not any(line.startswith("Unread") for line in await told(ana))

    await press(bo, "/press", liked=f"-{note}")
    await press(bo, "/press", shared=f"-{note}")
    await bo.remove(PAGE)
    await bo.unfollow(ana)
    await fleet.wait_for_undo()
    assert await told(ana) == []


async def test_whoever_is_muted_or_a_kind_that_is_not_wanted_is_told_no_more(fleet, pair):
    ana, bo = pair
    note = await note_of(bo)
    choices = Reading((await ana.browser.get("/settings/notifications")).text).form("/settings/notifications")
    assert set(choices.values().values()) == {"yes"}
    await press(ana, "/settings/notifications", follow="yes", share="yes")

    await press(bo, "/press", liked=note)
    await press(bo, "/press", shared=note)
    await fleet.settle()
    assert len(await told(ana)) == 2

    await press(ana, "/people/mute", who=bo.handle)
    assert await told(ana) == []
    await press(ana, "/people/unmute", who=bo.handle)
    assert len(await told(ana)) == 2


async def test_the_feed_says_the_same_to_a_reader_that_is_nobody(fleet, pair):
    ana, bo = pair
    await press(bo, "/press", liked=await note_of(bo))
    await fleet.settle()
    settings = Reading((await ana.browser.get("/settings/notifications")).text)
    page = Reading((await settings.form("/settings/notifications/feed").send(ana.browser)).text)
    address = page.one("span", "handle").text

    answer = await ana.server.client.get(address)

    feed = ElementTree.fromstring(answer.content)
    name = "bo" if bo.server is ana.server else "bo@b.example"
    assert [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")] == [
        f"{name} likes “WAL”",
        f"{name} follows you",
    ]
    assert all(link.get("href", "").startswith("https://") for link in feed.iter(f"{ATOM}link"))
    assert answer.headers["cache-control"] == "private, no-store"


async def test_pages_are_well_formed_and_each_field_has_a_name(pair):
    ana, bo = pair
    for person, path in (
        (ana, "/notifications"),
        (ana, "/settings/notifications"),
        (ana, "/moderation/reports"),
        (bo, "/report?who=@ana@a.example"),
        (bo, "/u/ana@a.example" if bo.server is not ana.server else "/u/ana"),
    ):
        page = Reading((await person.browser.get(path)).text)
        assert page.astray == [], path
        assert page.nameless() == [], path
