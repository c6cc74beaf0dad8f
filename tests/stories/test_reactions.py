"""Likes and shares between servers: what is done here appears there, and goes again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fedimark.bookmarks.shares import bookmark_of, counts
from fedimark.here import entered
from fedimark.timelines.queries import find, page
from fedimark.timelines.stream import NetworkStream
from tests.support.people import Person
from tests.support.server import Server

URL = "https://sqlite.org/"


async def press(person: Person, what: str, note: str, *, on: bool = True) -> None:
    """Press a button under a bookmark, as the page's form does."""
    answer = await person.browser.post("/press", data={f"{what}d": note if on else f"-{note}"})
    assert answer.status_code == 303, answer.text


async def numbers(server: Server, note: str) -> Mapping[str, int]:
    """How many like and share a bookmark, as its own server counts."""
    async with entered(server.here):
        row = await bookmark_of(note)
        assert row is not None
        return await counts(row["id"])


async def shared_with(person: Person) -> list[tuple[str, list[str], list[str]]]:
    """Each entry of somebody's network: its address, who saved it, and who shared it with them."""
    async with entered(person.server.here):
        shown = await page(await find(NetworkStream(), person.viewer), None, 20)
        return [
            (
                entry.url,
                [who.handle for who in (entry.saver, *entry.others)],
                [who.handle for who in entry.sharers],
            )
            for entry in shown.entries
        ]


async def saved_by_bo(fleet: Any, *others: str) -> tuple[Person, Person, str, list[Person]]:
    """Ana of one server, who follows bo of another, bo, the id of bo's bookmark, and others."""
    ana, bo, *more = await fleet.people("ana@a.example", "bo@b.example", *others)
    await ana.follow(bo)
    await fleet.settle()
    saved = await bo.save(URL, title="SQLite", tags="sql")
    await fleet.settle()
    return ana, bo, f"https://b.example{saved.path}", more


async def test_a_like_appears_at_the_authors_server_and_disappears_again(fleet):
    ana, bo, note, _ = await saved_by_bo(fleet)

    await press(ana, "like", note)
    await press(ana, "like", note)
    await fleet.settle()

    assert await numbers(bo.server, note) == {"likes": 1, "shares": 0}
    path = note.removeprefix("https://b.example")
    assert "1 like" in (await bo.browser.get(path)).text
    answer = await bo.server.client.get(path, headers={"Accept": "application/activity+json"})
    assert answer.json()["likes"]["totalItems"] == 1

    await press(ana, "like", note, on=False)
    await fleet.settle()

    assert await numbers(bo.server, note) == {"likes": 0, "shares": 0}
    assert "1 like" not in (await bo.browser.get(path)).text


async def test_a_share_reaches_a_third_servers_network_as_one_merged_entry(fleet):
    # Given cy of a third server, who follows ana and knows nothing of bo
    ana, bo, note, [cy] = await saved_by_bo(fleet, "cy@c.example")
    await cy.follow(ana)
    await fleet.settle()
    assert await shared_with(cy) == []

    # When ana shares what bo saved
    await press(ana, "share", note)
    await fleet.settle()

    # Then cy has it by bo, shared by ana; and bo's server counts the share
    assert await shared_with(cy) == [(URL, ["bo@b.example"], ["ana@a.example"])]
    assert "shared by" in (await cy.browser.get("/network")).text
    assert await numbers(bo.server, note) == {"likes": 0, "shares": 1}

    # And ana's own save makes no second entry of it
    await ana.save(URL, title="SQLite")
    await fleet.settle()
    [(url, savers, sharers)] = await shared_with(cy)
    assert (url, sorted(savers), sharers) == (URL, ["ana@a.example", "bo@b.example"], ["ana@a.example"])

    # When she takes it back, the save alone is left
    await press(ana, "share", note, on=False)
    await fleet.settle()
    assert await shared_with(cy) == [(URL, ["ana@a.example"], [])]
    assert await numbers(bo.server, note) == {"likes": 0, "shares": 0}


async def test_a_share_by_somebody_here_is_seen_by_who_follows_them_here(fleet):
    ana, bo, note, [dan] = await saved_by_bo(fleet, "dan@a.example")
    await dan.follow(ana)

    await press(ana, "share", note)
    assert await shared_with(dan) == [(URL, ["bo@b.example"], ["ana"])]
    await press(ana, "share", note, on=False)

    assert await shared_with(dan) == []
    await fleet.settle()
    assert await numbers(bo.server, note) == {"likes": 0, "shares": 0}


async def test_what_was_shared_goes_everywhere_when_its_author_removes_it(fleet):
    ana, bo, note, [cy] = await saved_by_bo(fleet, "cy@c.example")
    await cy.follow(ana)
    await fleet.settle()
    await press(ana, "like", note)
    await press(ana, "share", note)
    await fleet.settle()

    await bo.remove(URL)
    await fleet.wait_for_undo()

    assert await shared_with(cy) == await shared_with(ana) == []
    for server in (ana.server, cy.server):
        async with entered(server.here):
            assert await bookmark_of(note) is None


async def test_who_shared_a_neighbours_bookmark_tells_the_servers_of_their_followers(fleet):
    # Given two people of one server, and cy elsewhere who follows the one who shares
    ana, dan, cy = await fleet.people("ana@a.example", "dan@a.example", "cy@c.example")
    await cy.follow(ana)
    await fleet.settle()
    saved = await dan.save(URL, title="SQLite")

    await press(ana, "share", saved.path)
    await fleet.settle()
    assert await shared_with(cy) == [(URL, ["dan@a.example"], ["ana@a.example"])]

    # When dan edits it, and removes it: cy hears of both, though nobody there follows dan
    await dan.edit(URL, title="The SQLite home page")
    await fleet.settle()
    assert "The SQLite home page" in (await cy.browser.get("/network")).text
    await dan.remove(URL)
    await fleet.wait_for_undo()

    assert await shared_with(cy) == []


async def test_who_leaves_takes_likes_and_shares_from_every_server(fleet):
    ana, bo, note, [cy] = await saved_by_bo(fleet, "cy@c.example")
    await cy.follow(ana)
    await fleet.settle()
    await press(ana, "like", note)
    await press(ana, "share", note)
    await fleet.settle()
    assert await numbers(bo.server, note) == {"likes": 1, "shares": 1}

    await ana.browser.post("/settings/leave", data={"username": "ana", "password": "correct horse battery staple"})
    await fleet.settle()

    assert await numbers(bo.server, note) == {"likes": 0, "shares": 0}
    assert await shared_with(cy) == []
