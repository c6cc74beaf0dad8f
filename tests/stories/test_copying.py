"""Bookmarks copied from one another, on one server and on several: what they say, who hears of it, who sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fedimark.database import execute, fetch, fetch_one
from fedimark.here import entered
from tests.stories.reading import Reading
from tests.support.people import Person

PAGE = "https://sqlite.org/wal.html"
AS2 = {"Accept": "application/activity+json"}


async def copy(person: Person, note: str, **changes: str) -> Any:
    """Press copy: the form filled in from a bookmark, sent."""
    form = Reading((await person.browser.get("/add", params={"from": note})).text).form("/add")
    return await form.send(person.browser, changes)


def id_of(person: Person, saved: Any) -> str:
    """The id of somebody's bookmark."""
    return f"https://{person.server.host}{saved.path}"


async def bookmarks(person: Person) -> list[Any]:
    """The rows of what somebody saved."""
    async with entered(person.server.here):
        return await fetch("SELECT * FROM bookmark WHERE actor_id = ? ORDER BY id", person.viewer.actor_id)


async def test_a_copy_takes_title_words_and_tags_and_says_where_it_is_from(fleet):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@b.example")
    saved = await ana.save(PAGE, title="WAL", description="Read it twice.", tags="sql .mine for:cy")
    await bo.follow(ana)
    await fleet.settle()

    network = Reading((await bo.browser.get("/network")).text)
    href = next(a.get("href") for a in network.all("a", "act") if a.text.startswith("copy"))
    form = Reading((await bo.browser.get(href)).text).form("/add")
    await form.send(bo.browser)
    await fleet.settle()

    (row,) = await bookmarks(bo)
    assert (row["title"], row["description"], row["tags"]) == ("WAL", "Read it twice.", "sql")
    assert row["via"] == id_of(ana, saved)
    note = (await cy.server.client.get(f"/u/bo/b/{row['public_id']}", headers=AS2)).json()
    assert [each for each in note["tag"] if each["type"] == "Link"] == [
        {
            "type": "Link",
            "rel": "via",
            "href": id_of(ana, saved),
            "mediaType": 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            "name": "via @ana@a.example",
        }
    ]
    assert note["cc"] == ["https://b.example/t/sql", "https://b.example/u/bo/followers", ana.uri]
    assert "Mention" not in json.dumps(note)


async def test_the_source_counts_its_copies_from_here_and_from_elsewhere_though_nobody_follows_them(fleet):
    ana, bo, cy, dee = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example", "dee@a.example")
    saved = await ana.save(PAGE, title="WAL", tags="sql")
    for reader in (bo, cy):
        await reader.follow(ana)
    await fleet.settle()

    for person in (bo, cy, dee):
        await copy(person, id_of(ana, saved))
    await fleet.settle()

    page = Reading((await ana.browser.get(saved.path)).text)
    line = next(item for item in page.all("li") if item.text.startswith("copied by"))
    assert {who.text for who in line.all("a")} == {"bo@b.example", "cy@c.example", "dee"}


async def test_an_edit_keeps_where_a_copy_is_from_and_its_end_reaches_the_source(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    saved = await ana.save(PAGE, title="WAL")
    await bo.follow(ana)
    await fleet.settle()
    await copy(bo, id_of(ana, saved))
    await fleet.settle()

    await bo.edit(PAGE, title="Write-ahead logging")
    await fleet.settle()

    async with entered(ana.server.here):
        (there,) = await fetch("SELECT * FROM bookmark WHERE NOT is_local")
    assert (there["title"], there["via"]) == ("Write-ahead logging", id_of(ana, saved))
    assert (await bookmarks(bo))[0]["via"] == id_of(ana, saved)

    await bo.remove(PAGE)
    await fleet.wait_for_undo()

    async with entered(ana.server.here):
        assert await fetch("SELECT id FROM bookmark WHERE NOT is_local") == []
    assert "copied by" not in (await ana.browser.get(saved.path)).text


async def test_a_source_that_ends_leaves_its_copies_and_is_named_no_more(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    saved = await ana.save(PAGE, title="WAL")
    await bo.follow(ana)
    await fleet.settle()
    await copy(bo, id_of(ana, saved))
    own = (await bookmarks(bo))[0]
    page = f"/u/bo/b/{own['public_id']}"
    assert "copied from" in (await bo.browser.get(page)).text

    await ana.remove(PAGE)
    await fleet.wait_for_undo()

    assert "copied from" not in (await bo.browser.get(page)).text
    assert (await bookmarks(bo))[0]["via"] == id_of(ana, saved)


@pytest.mark.parametrize("visibility", ["followers", "private"])
async def test_of_what_is_not_for_everybody_only_the_address_is_taken(fleet, visibility):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    saved = await ana.save(PAGE, title="WAL", description="Between us.", tags="secretive", visibility=visibility)
    await bo.follow(ana)
    await fleet.settle()

    form = Reading((await bo.browser.get("/add", params={"from": saved.path})).text).form("/add")

    values = form.values()
    assert "from" not in values
    assert (values["title"], values["description"], values["tags"]) == ("", "", "")
    expected = (PAGE, "private") if visibility == "followers" else ("", "public")
    assert (values["url"], values["visibility"]) == expected


async def test_somebody_blocked_by_the_author_takes_the_address_alone(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    saved = await ana.save(PAGE, title="WAL")
    await ana.browser.post("/people/block", data={"who": "bo"})

    form = Reading((await bo.browser.get("/add", params={"from": saved.path})).text).form("/add")
    forged = {"url": PAGE, "title": "WAL", "visibility": "public", "from": id_of(ana, saved)}
    await bo.browser.post("/add", data=forged)

    assert (form.values()["url"], form.values()["title"]) == (PAGE, "")
    assert (await bookmarks(bo))[0]["via"] == ""


async def test_nobody_smuggles_in_a_source_they_cannot_see_or_of_another_page(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    private = await ana.save(PAGE, visibility="private")
    other = await ana.save("https://other.example/")
    removed = await ana.save("https://removed.example/")
    await ana.remove("https://removed.example/")
    smuggled = {
        PAGE: id_of(ana, private),
        "https://page.example/": id_of(ana, other),
        "https://removed.example/": id_of(ana, removed),
        "https://nowhere.example/": "https://nowhere.example/notes/1",
        "https://long.example/": "https://long.example/" + "x" * 100_000,
        "https://odd.example/": "javascript:alert(1)",
    }

    for url, source in smuggled.items():
        answer = await bo.browser.post("/add", data={"url": url, "visibility": "public", "from": source})
        assert answer.status_code == 303

    assert [row["via"] for row in await bookmarks(bo)] == [""] * len(smuggled)
    assert "copied by" not in (await ana.browser.get(other.path)).text


async def test_the_source_is_carried_through_a_mistake_in_the_form(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    saved = await ana.save(PAGE, title="WAL", tags="sql")

    form = Reading((await bo.browser.get("/add", params={"from": saved.path})).text).form("/add")
    again = Reading((await form.send(bo.browser, {"tags": "..."})).text).form("/add")
    await again.send(bo.browser, {"tags": "sql"})

    assert (await bookmarks(bo))[0]["via"] == id_of(ana, saved)


async def test_a_private_copy_tells_nobody(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    saved = await ana.save(PAGE, title="WAL")
    await bo.follow(ana)
    await fleet.settle()

    await copy(bo, id_of(ana, saved), visibility="private")
    await fleet.settle()

    assert "copied by" not in (await ana.browser.get(saved.path)).text
    async with entered(bo.server.here):
        assert await fetch_one("SELECT id FROM delivery") is None
    assert (await bookmarks(bo))[0]["via"] == id_of(ana, saved)


async def test_whose_bookmark_is_copied_is_told_once_and_not_of_private_copies(fleet):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@a.example", "cy@c.example")
    saved = await ana.save(PAGE, title="WAL")
    await cy.follow(ana)
    await fleet.settle()

    await copy(bo, id_of(ana, saved), visibility="private")
    assert "copied" not in await told(ana)
    await bo.edit(PAGE, visibility="public")
    await bo.edit(PAGE, title="Another title")
    await copy(cy, id_of(ana, saved))
    await fleet.settle()

    words = await told(ana)
    assert words.count("copied") == 1  # two of one day in one line
    assert "bo" in words
    assert "cy@c.example" in words


async def told(person: Person) -> str:
    """What somebody is told of others, as one text."""
    page = Reading((await person.browser.get("/notifications")).text)
    return " · ".join(" ".join(item.text.split()) for item in page.one("main").all("li"))


async def test_copying_ends_the_quarantine_of_a_server(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    saved = await ana.save(PAGE, title="WAL")
    await bo.follow(ana)
    await fleet.settle()
    async with entered(bo.server.here):
        await execute("UPDATE peer SET let_in_at = NULL")

    await copy(bo, id_of(ana, saved))

    async with entered(bo.server.here):
        peer = await fetch_one("SELECT let_in_at FROM peer WHERE host = 'a.example'")
    assert peer is not None
    assert peer["let_in_at"] is not None
