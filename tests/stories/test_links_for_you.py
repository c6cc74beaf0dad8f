"""Links that people give to one another by a tag, or by a note to one person: who gets them, who never does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.bookmarks import for_you, giving
from fedimark.database import execute, fetch
from fedimark.here import entered
from tests.stories.reading import Reading
from tests.support.people import Person

PAGE = "https://sqlite.org/wal.html"
PUT = """
INSERT INTO link_for_you (public_id, owner_id, giver_id, uri, uri_hash, page_url, url, title, description, said_at,
    updated_at, received_at) VALUES (?, ?, ?, '', ?, '', ?, ?, '', ?, 0, 0)
"""


async def waiting(person: Person) -> list[str]:
    """The titles of the links that wait for somebody, newest first."""
    page = Reading((await person.browser.get("/for-you")).text)
    return [link.text for link in page.all("a", "p-name")]


async def told(person: Person, path: str) -> str:
    """What the page of somebody's own bookmark says became of it."""
    return " · ".join(line.text for line in Reading((await person.browser.get(path)).text).one("article").all("li"))


async def rows(person: Person, table: str) -> list[Any]:
    """The rows of a table of somebody's server."""
    async with entered(person.server.here):
        return await fetch(f"SELECT * FROM {table} ORDER BY id")


@pytest.fixture(params=["b.example", "a.example"])
async def pair(request, fleet):
    """Ana, and bo who follows her: on another server, or on the same."""
    ana, bo = await fleet.people("ana@a.example", f"bo@{request.param}")
    await bo.follow(ana)
    await fleet.settle()
    return ana, bo


@pytest.mark.parametrize("visibility", ["public", "unlisted", "followers", "private"])
async def test_a_tag_gives_a_link_to_one_person_whatever_its_visibility_and_nobody_else_sees_the_tag(
    fleet, pair, visibility
):
    ana, bo = pair
    cy = await fleet.person("cy@c.example")
    await cy.follow(ana)
    await fleet.settle()

    saved = await ana.save(
        PAGE, title="WAL", description="Read it twice.", tags=f"sql for:{bo.handle}", visibility=visibility
    )
    await fleet.settle()

    assert await waiting(bo) == ["WAL"]
    assert await waiting(cy) == []
    assert f"sent to {bo.handle}" in await told(ana, saved.path)
    for reader in (bo, cy):
        for path in (saved.path, "/u/ana", "/network", f"/u/ana/t/for:{bo.handle}", f"/t/for:{bo.handle}"):
            browser = ana.server.client if path != "/network" else reader.browser
            assert "for:" not in (await browser.get(path)).text
    async with entered(ana.server.here):
        said = [row["body"] for row in await fetch("SELECT body FROM activity")]
        said += [row["body"] for row in await fetch("SELECT body FROM activity_body")]
        kept = await fetch("SELECT visibility FROM bookmark WHERE is_local AND url = ?", PAGE)
    assert "for:" not in "".join(said)
    assert len(kept) == 1


async def test_who_takes_the_tag_away_or_removes_the_bookmark_takes_the_link_back(fleet, pair):
    ana, bo = pair
    for number in (1, 2):
        await ana.save(f"{PAGE}?{number}", title=f"WAL {number}", tags=f"for:{bo.handle}")
    await fleet.settle()
    assert await waiting(bo) == ["WAL 2", "WAL 1"]

    await ana.edit(f"{PAGE}?1", tags="sql")
    await ana.remove(f"{PAGE}?2")
    await fleet.wait_for_undo()

    assert await waiting(bo) == []


async def test_what_is_kept_becomes_a_private_bookmark_to_read_and_what_is_dismissed_is_gone(fleet, pair):
    ana, bo = pair
    for number in (1, 2):
        await ana.save(f"{PAGE}?{number}", title=f"WAL {number}", tags=f"for:{bo.handle}")
    await fleet.settle()
    page = Reading((await bo.browser.get("/for-you")).text)

    await page.form("/for-you/dismiss").send(bo.browser)
    await Reading((await bo.browser.get("/for-you")).text).form("/for-you/keep").send(bo.browser)

    assert await waiting(bo) == []
    (kept,) = [row for row in await rows(bo, "bookmark") if row["actor_id"] == bo.viewer.actor_id]
    assert (kept["url"], kept["title"], kept["visibility"], bool(kept["to_read"])) == (f"{PAGE}?1", "WAL 1", 0, True)


async def test_keeping_changes_nothing_of_a_bookmark_one_has(fleet, pair):
    ana, bo = pair
    await bo.save(PAGE, title="Mine", visibility="public")
    await ana.save(PAGE, title="WAL", tags=f"for:{bo.handle}")
    await fleet.settle()

    await Reading((await bo.browser.get("/for-you")).text).form("/for-you/keep").send(bo.browser)

    assert await waiting(bo) == []
    own = [row for row in await rows(bo, "bookmark") if row["actor_id"] == bo.viewer.actor_id]
    assert [(row["title"], row["visibility"]) for row in own] == [("Mine", 3)]


@pytest.mark.parametrize("host", ["b.example", "a.example"])
async def test_of_people_one_does_not_follow_links_leave_no_trace_unless_one_takes_them(fleet, host):
    ana, bo = await fleet.people("ana@a.example", f"bo@{host}")
    saved = await ana.save(PAGE, title="WAL", tags=f"for:{bo.handle}")
    await fleet.settle()

    assert await waiting(bo) == []
    assert await rows(bo, "link_for_you") == []
    assert f"sent to {bo.handle}" in await told(ana, saved.path)  # who gives never learns

    settings = Reading((await bo.browser.get("/settings")).text).form("/settings")
    await settings.send(bo.browser, {"takes_links": "yes"})
    await ana.save(f"{PAGE}?2", title="WAL 2", tags=f"for:{bo.handle}")
    await fleet.settle()

    assert await waiting(bo) == ["WAL 2"]


@pytest.mark.parametrize("way", ["block", "mute"])
async def test_of_somebody_blocked_or_muted_no_link_comes_and_they_never_learn(fleet, pair, way):
    ana, bo = pair
    await bo.browser.post(f"/people/{way}", data={"who": ana.handle})
    await fleet.settle()

    saved = await ana.save(PAGE, title="WAL", tags=f"for:{bo.handle}")
    await fleet.settle()

    assert await waiting(bo) == []
    assert await rows(bo, "link_for_you") == []
    assert f"sent to {bo.handle}" in await told(ana, saved.path)


@pytest.mark.parametrize("kind", ["word", "server"])
async def test_of_muted_words_and_servers_no_link_is_shown_and_none_comes(fleet, kind):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save(PAGE, title="Spoilers before", tags=f"for:{bo.handle}")
    await fleet.settle()
    value = {"word": "spoilers", "server": "a.example"}[kind]
    async with entered(bo.server.here):
        mute = "INSERT INTO mute (owner_id, kind, value, created_at) VALUES (?, ?, ?, 0)"
        await execute(mute, bo.viewer.actor_id, kind, value)

    assert await waiting(bo) == []
    await ana.save(f"{PAGE}?2", title="Spoilers after", tags=f"for:{bo.handle}")
    await fleet.settle()

    assert len(await rows(bo, "link_for_you")) == 1


async def test_a_name_nobody_bears_is_told_and_so_is_ones_own(fleet):
    ana = await fleet.person("ana@a.example")
    await fleet.server("b.example")

    saved = await ana.save(PAGE, tags="for:nobody for:@nobody@b.example for:@x@gone.example for:ana for:@ for:%%@%%")
    for _ in range(6):
        await fleet.settle()
        fleet.clock.forward(seconds=120)

    words = await told(ana, saved.path)
    assert "nobody called @nobody was found" in words
    assert "nobody called @nobody@b.example was found" in words
    assert "the server of @x@gone.example did not answer" in words
    assert "not sent to @ana: that is you" in words
    assert "nobody called @%%@%% was found" in words
    assert await waiting(ana) == []


async def test_ten_a_day_go_to_people_who_do_not_follow_back(fleet):
    ana = await fleet.person("ana@a.example")
    takers = await fleet.people(*(f"bo{number}@b.example" for number in range(12)))

    saved = await ana.save(PAGE, tags=" ".join(f"for:{taker.handle}" for taker in takers))
    await fleet.settle()
    words = await told(ana, saved.path)

    assert words.count("sent to @bo") - words.count("not sent to @bo") == giving.MOST_TO_STRANGERS_A_DAY
    assert words.count("not sent to @bo") == 2


async def test_a_storm_of_tags_makes_a_bounded_number_of_rows_jobs_and_questions(fleet):
    ana = await fleet.person("ana@a.example")
    tags = " ".join(f"for:@bo{number}@b.example" for number in range(10_000))

    for number in range(3):
        answer = await ana.browser.post("/add", data={"url": f"{PAGE}?{number}", "tags": tags, "visibility": "private"})
        assert answer.status_code == 303

    given = await rows(ana, "given_link")
    assert len(given) == 300
    assert [row["state"] for row in given].count("waiting") == giving.MOST_A_DAY
    assert len([row for row in await rows(ana, "job") if row["kind"] == giving.JOB]) == giving.MOST_A_DAY


async def test_one_person_gives_another_a_bounded_number_a_day(fleet, pair):
    ana, bo = pair
    for number in range(for_you.MOST_OF_ONE_A_DAY + 5):
        await ana.save(f"{PAGE}?{number}", title=f"WAL {number}", tags=f"for:{bo.handle}")
    fleet.clock.forward(seconds=60)
    await fleet.settle()

    assert len(await rows(bo, "link_for_you")) == for_you.MOST_OF_ONE_A_DAY


async def test_a_full_page_of_links_takes_no_more(fleet, pair):
    ana, bo = pair
    async with entered(bo.server.here):
        for number in range(for_you.MOST_WAITING):
            values = (f"a{number:012}", bo.viewer.actor_id, 999_999, f"h{number}", PAGE, "WAL")
            await execute(PUT, *values, 1_000)

    await ana.save(PAGE, title="One more", tags=f"for:{bo.handle}")
    await fleet.settle()

    assert len(await rows(bo, "link_for_you")) == for_you.MOST_WAITING


async def test_an_import_gives_nothing_and_an_edit_of_what_came_with_it_neither(fleet, pair):
    ana, bo = pair
    file = json.dumps(
        [
            {
                "href": PAGE,
                "description": "WAL",
                "tags": f"for:{bo.handle}",
                "time": "2020-01-01T00:00:00Z",
                "shared": "yes",
            }
        ]
    )
    page = await ana.browser.post("/settings/import", files={"file": ("pinboard.json", file)}, follow_redirects=True)
    start = next(f for f in Reading(page.text).all("form") if f.get("action").endswith("/start"))
    await ana.browser.post(start.get("action"))
    await fleet.settle()
    await ana.edit(PAGE, title="WAL again")
    await fleet.settle()

    assert await waiting(bo) == []
    assert await rows(ana, "given_link") == []


async def test_the_page_goes_on_from_a_key(fleet, pair):
    _, bo = pair
    async with entered(bo.server.here):
        giver = (await fetch("SELECT id FROM actor WHERE username = 'ana'"))[0]["id"]
        for number in range(for_you.SHOWN + 3):
            values = (f"a{number:012}", bo.viewer.actor_id, giver, f"h{number}", PAGE, f"WAL {number}")
            await execute(PUT, *values, 1_000 + number // 2)

    first = Reading((await bo.browser.get("/for-you")).text)
    older = first.one("nav", "pager").one("a").get("href")
    second = Reading((await bo.browser.get(f"/for-you{older}")).text)

    titles = [link.text for page in (first, second) for link in page.all("a", "p-name")]
    assert titles == [f"WAL {number}" for number in reversed(range(for_you.SHOWN + 3))]
