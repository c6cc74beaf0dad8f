"""Pages and accounts that are one person's, each of which names the other, on two servers."""

from __future__ import annotations

import pytest

from fedimark.accounts.links import check_links
from fedimark.here import entered
from tests.rooms.peers import Says, stand
from tests.stories.reading import Reading
from tests.support.fleet import Fleet
from tests.support.people import Person

HTML = {"content-type": "text/html; charset=utf-8"}
FORM = {"visibility": "public", "time_zone": "UTC", "theme": "auto"}


async def names(person: Person, *pages: str) -> None:
    """Let somebody's profile name these."""
    fields = {}
    for number, page in enumerate(pages, 1):
        fields |= {f"field_name_{number}": f"Page {number}", f"field_value_{number}": page}
    assert (await person.browser.post("/settings", data={**FORM, **fields})).status_code == 303


async def read_pages(fleet: Fleet) -> None:
    """Let every server read what is due."""
    for server in fleet.servers.values():
        async with entered(server.here):
            while await check_links():
                pass


async def marks(person: Person, path: str) -> list[str]:
    """What stands beside the fields of a profile."""
    return [chip.text for chip in Reading((await person.browser.get(path)).text).all("span", "chip")]


@pytest.fixture
async def pair(fleet):
    """Two servers that read pages."""
    for host in ("a.example", "b.example"):
        await fleet.server(host, read_pages="true")
    return await fleet.people("ana@a.example", "bo@b.example")


async def test_two_accounts_that_name_each_other_are_marked_on_both_servers_and_for_who_follows_them(fleet, pair):
    ana, bo = pair
    other_ana = await fleet.servers["b.example"].sign_up("ana")
    await names(ana, "https://b.example/u/ana", "https://home.example/me")
    await names(other_ana, "https://a.example/u/ana")
    stand(fleet, "home.example").answers["/me"] = Says(200, b'<a rel="me" href="https://a.example/u/ana">me</a>', HTML)
    await bo.follow("@ana@a.example")
    await fleet.settle()

    await read_pages(fleet)

    assert len(await marks(ana, "/u/ana")) == 2
    assert len(await marks(other_ana, "/u/ana")) == 1
    shown = await marks(bo, "/u/ana@a.example")
    assert [mark.split(" since")[0] for mark in shown if "theirs" in mark] == ["✓ theirs", "✓ theirs"]


async def test_a_page_that_names_somebody_else_marks_nobody_and_a_page_nobody_follows_is_not_asked(fleet, pair):
    ana, bo = pair
    home = stand(fleet, "home.example")
    home.answers["/me"] = Says(200, b'<a rel="me" href="https://a.example/u/somebody">me</a>', HTML)
    await names(ana, "https://home.example/me")
    await bo.follow("@ana@a.example")
    await fleet.settle()
    await read_pages(fleet)
    assert not [mark for mark in await marks(bo, "/u/ana@a.example") if "theirs" in mark]

    # When bo leaves, his server asks no more
    await bo.unfollow("@ana@a.example")
    await fleet.settle()
    asked = len(home.asked)
    for server in fleet.servers.values():
        server.clock.forward(days=2)
    async with entered(bo.server.here):
        while await check_links():
            pass

    assert len(home.asked) == asked
