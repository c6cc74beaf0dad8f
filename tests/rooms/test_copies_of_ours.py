"""Copies that people elsewhere make of bookmarks here: taken in though nobody follows them, for whom they are of."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.bookmarks import copied
from fedimark.database import Row, execute, fetch
from tests.rooms.strangers import Stranger, applied
from tests.stories.reading import Reading

PAGE = "https://store.example/cache?page=2"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def copy_of(stranger: Stranger, source: str, number: int = 1, **said: Any) -> dict[str, Any]:
    """A Create of a copy, as a fedimark sends it."""
    note = {
        "id": f"{stranger.uri}/b/{number}",
        "type": "Note",
        "attributedTo": stranger.uri,
        "nameMap": {"en": "A copy"},
        "content": "",
        "attachment": [{"type": "Link", "href": PAGE}],
        "tag": [{"type": "Link", "rel": "via", "href": source}],
        "published": "2026-08-21T10:00:00Z",
        "to": [PUBLIC],
        "cc": ["https://a.example/u/ana"],
        **said,
    }
    return {"id": f"{note['id']}#create", "type": "Create", "actor": stranger.uri, "object": note}


@pytest.fixture
async def cleo(server, fleet, clock) -> Stranger:
    """Somebody nobody here follows."""
    clock.set("2026-08-20T10:00:00Z")
    return Stranger(fleet, "https://marks.example/u/cleo")


async def kept() -> list[Row]:
    """Every bookmark from elsewhere."""
    return await fetch("SELECT * FROM bookmark WHERE NOT is_local ORDER BY id")


async def copiers(person: Any, saved: Any) -> set[str]:
    """Who is named on the page of a bookmark."""
    page = Reading((await person.browser.get(saved.path)).text)
    return {who.text for item in page.all("li") if item.text.startswith("copied by") for who in item.all("a")}


@pytest.mark.parametrize("visibility", ["public", "unlisted"])
async def test_a_copy_is_taken_and_shown_to_whom_it_is_of_and_to_nobody_else(cleo, ana, server, clock, visibility):
    saved = await ana.save(PAGE, visibility=visibility)
    bo = await server.sign_up("bo")
    clock.set("2026-08-22T10:00:00Z")

    assert await cleo.do(copy_of(cleo, f"https://a.example{saved.path}")) == "saved"

    (row,) = await kept()
    assert not row["listed"]
    assert await copiers(ana, saved) == {"cleo@marks.example"}
    assert await copiers(bo, saved) == set()
    assert "cleo" not in (await bo.browser.get("/recent")).text


async def test_copies_of_what_is_not_for_everybody_or_of_another_page_or_of_nothing_are_not_taken(cleo, ana, clock):
    private = await ana.save(PAGE, visibility="followers")
    other = await ana.save("https://other.example/")
    removed = await ana.save("https://store.example/removed")
    await ana.remove("https://store.example/removed")
    clock.set("2026-08-22T10:00:00Z")

    for number, source in enumerate((private.path, other.path, removed.path, "/u/ana/b/aaaaaaaaaaaaa", "/u/ana", "/")):
        assert await cleo.do(copy_of(cleo, f"https://a.example{source}", number)) == "ignored"

    assert await kept() == []


async def test_who_is_blocked_counts_as_no_copier(cleo, ana, clock):
    saved = await ana.save(PAGE)
    clock.set("2026-08-22T10:00:00Z")
    await cleo.do(copy_of(cleo, f"https://a.example{saved.path}"))
    await ana.browser.post("/people/block", data={"who": cleo.uri})

    assert await copiers(ana, saved) == set()
    assert await cleo.do(copy_of(cleo, f"https://a.example{saved.path}", 2)) == "ignored"


async def test_a_thousand_copies_by_one_person_are_not_kept(cleo, ana, clock):
    saved = await ana.save(PAGE)
    clock.set("2026-08-22T10:00:00Z")
    for number in range(copied.MOST_BY_ONE + 20):
        await cleo.say(copy_of(cleo, f"https://a.example{saved.path}", number))
    await applied()

    # Those of one run are counted together.
    assert copied.MOST_BY_ONE <= len(await kept()) < copied.MOST_BY_ONE + 64
    assert await copiers(ana, saved) == {"cleo@marks.example"}


async def test_of_a_copy_that_is_taken_the_edit_and_the_end_are_taken_too(cleo, ana, clock):
    saved = await ana.save(PAGE)
    clock.set("2026-08-22T10:00:00Z")
    create = copy_of(cleo, f"https://a.example{saved.path}")
    await cleo.do(create)

    edited = {**create["object"], "nameMap": {"en": "Another title"}, "updated": "2026-08-21T11:00:00Z"}
    await cleo.do({**create, "id": f"{cleo.uri}#u", "type": "Update", "object": edited})
    assert [row["title"] for row in await kept()] == ["Another title"]

    await cleo.do({"id": f"{cleo.uri}#d", "type": "Delete", "actor": cleo.uri, "object": create["object"]["id"]})
    assert await kept() == []
    assert await copiers(ana, saved) == set()


async def test_what_calls_itself_a_copy_of_what_came_later_is_not_traced(cleo, ana, clock, server):
    saved = await ana.save(PAGE)
    clock.set("2026-08-22T10:00:00Z")
    await cleo.do(copy_of(cleo, f"https://a.example{saved.path}", published="2020-01-01T00:00:00Z"))
    await execute("UPDATE bookmark SET listed = TRUE WHERE NOT is_local")

    page = (await ana.browser.get("/url/?url=" + PAGE.replace("?", "%3F"), follow_redirects=True)).text

    assert "copied from" not in page
