"""Somebody moves from one server to another with everything they have, and their followers go along."""

from __future__ import annotations

from typing import Any

from tests.stories.reading import Reading
from tests.stories.test_imports_page import upload
from tests.support.people import PASSWORD, Person


async def move_page(person: Person) -> Reading:
    """The page on which one moves."""
    return Reading((await person.browser.get("/settings/move")).text)


async def moved(old: Person, new: Person) -> None:
    """Name the old account at the new one, and move the old one there, by the pages alone."""
    named = (await move_page(new)).form("/settings/move/alias")
    assert (await named.send(new.browser, {"alias": old.handle})).status_code == 200
    await gone(old, new)


async def gone(old: Person, new: Person) -> None:
    """Move the old account to the new one, which names it already."""
    away = (await move_page(old)).form("/settings/move")
    assert (await away.send(old.browser, {"who": new.handle, "password": PASSWORD})).status_code == 200


async def brought_along(old: Person, new: Person) -> str:
    """Take everything out at the old account, and bring it in at the new one; returns the path of the import's page."""
    archive = await old.browser.get("/settings/export?format=fedimark-archive")
    looked = await upload(new, archive.content, "mine.zip")
    await Reading(looked.text).form(f"{looked.url.path}/start").send(new.browser)
    return looked.url.path


async def network_of(person: Person) -> list[tuple[str, list[str]]]:
    """Who saved what in somebody's network, the newest first."""
    return [(seen.url, seen.savers) for seen in await person.timeline()]


async def test_followers_on_other_servers_and_on_the_old_one_follow_the_new_account(fleet: Any) -> None:
    # Given somebody with a follower on a third server and one on their own
    old, new, cy, dora = await fleet.people("ana@a.example", "anna@b.example", "cy@c.example", "dora@a.example")
    await cy.follow(old)
    await dora.follow(old)
    await fleet.settle()
    await old.save("https://one.example/", title="One", tags="a", private_note="hush")
    await fleet.settle()

    # When they bring everything along and move
    page = await brought_along(old, new)
    await fleet.settle()
    heard = len(await network_of(cy))
    # The page of the import leads on: what was taken out says of which account it is.
    done = Reading((await new.browser.get(page)).text)
    named = await done.form("/settings/move/alias").send(new.browser)
    assert named.status_code == 200 and old.handle in named.text
    assert new.handle in done.text
    await gone(old, new)
    await fleet.settle()
    await new.save("https://two.example/", title="Two")
    await fleet.settle()

    # Then both read what is saved at the new account, which has what the old one had; nobody was told of that again
    assert heard == 1
    assert ("https://two.example/", ["anna@b.example"]) in await network_of(cy)
    assert ("https://two.example/", ["anna@b.example"]) in await network_of(dora)
    assert "One" in (await new.browser.get("/u/anna")).text

    # And the old one says where they went, to people and to servers, and takes no new bookmarks
    document = await old.browser.get("/u/ana", headers={"accept": "application/activity+json"})
    assert document.json()["movedTo"] == new.uri
    shown = Reading((await old.server.browser().get("/u/ana")).text)
    assert f"Moved to {new.uri}" in shown.text
    refused = await old.browser.post("/add", data={"url": "https://three.example/"})
    assert refused.status_code == 403


async def test_who_comes_back_is_here_again_and_may_not_move_before_a_week_is_over(fleet: Any) -> None:
    old, new = await fleet.people("ana@a.example", "anna@b.example")
    await moved(old, new)

    back = await (await move_page(old)).form("/settings/move/back").send(old.browser)
    again = await old.browser.post("/settings/move", data={"who": new.handle, "password": PASSWORD})

    assert back.status_code == 200
    assert again.status_code == 422
    assert "less than a week ago" in again.text
    await old.save("https://one.example/")
    fleet.clock.forward(days=8)
    assert (await old.browser.post("/settings/move", data={"who": new.handle, "password": PASSWORD})).status_code == 303
