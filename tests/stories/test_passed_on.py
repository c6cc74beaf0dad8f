"""A tag passes on what people of other servers save: to people, never to streams, and never twice round."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from fedimark.here import entered
from fedimark.moderation import passing
from tests.stories.test_tag_streams import Strict, agree
from tests.support.fleet import Fleet
from tests.support.people import Person

X = "https://x.example/1"
OF_B = "https://b.example/t/sql"


async def follower_of(fleet: Fleet, *tags: str) -> Strict:
    """Somebody of a server of another kind who follows these tags and takes everything at its word."""
    gus = None
    for uri in tags:
        host = urlsplit(uri).netloc
        async with entered(fleet.servers[host].here):
            gus = gus or Strict(fleet, "https://g.example/users/gus")
            await gus.learn(uri)
            await gus.say(gus.follow(uri), host=host)
    await fleet.settle()
    assert gus is not None
    gus.kept.clear()
    fleet.network.requests.clear()
    return gus


async def says(person: Person, **said: str) -> None:
    """What somebody lets others know and do, on their page of settings."""
    form = {"visibility": "public", "time_zone": "UTC", "theme": "auto", **said}
    assert (await person.browser.post("/settings", data=form)).status_code == 303


async def a_while(fleet: Fleet) -> None:
    """A little while, in which tags may speak."""
    for _ in range(3):
        fleet.clock.forward(seconds=2)
        await fleet.settle()


@pytest.fixture
async def three(fleet: Fleet) -> list[Person]:
    """Ana of a.example, whom bo of b.example follows; cy of c.example follows bo's server's #sql, which passes on."""
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@c.example")
    await bo.save("https://old.example/", tags="sql rust")
    await fleet.settle()
    await says(ana, searchable="yes")
    await bo.follow(ana)
    await cy.follow("@tag.sql@b.example")
    async with entered(bo.server.here):
        await passing.choose("others")
    await fleet.settle()
    await a_while(fleet)
    return [ana, bo, cy]


async def test_a_person_who_follows_a_tag_hears_of_what_its_server_reads_and_a_server_does_not(fleet, three):
    # Given somebody of another kind of server who follows #sql of b.example
    ana, bo, cy = three
    gus = await follower_of(fleet, OF_B)

    # When ana saves, and bo does
    hers = f"https://a.example{(await ana.save(X, title='One', tags='sql')).path}"
    await a_while(fleet)
    assert gus.holds(OF_B) == {OF_B: {hers}}
    his = f"https://b.example{(await bo.save('https://x.example/2', title='Two', tags='sql')).path}"
    await a_while(fleet)

    # Then gus hears of both, and cy's server of bo's alone, for ana's own server would tell it of hers
    assert (gus.holds(OF_B), gus.complaints) == ({OF_B: {hers, his}}, [])
    assert [line.title for line in await cy.timeline() if line.url.startswith("https://x.example/")] == ["Two"]

    # And it holds as long as it does where it is from
    await ana.edit(X, tags="rust")
    await a_while(fleet)
    assert gus.holds(OF_B) == {OF_B: {his}}
    await ana.edit(X, tags="rust sql")
    await a_while(fleet)
    assert gus.holds(OF_B) == {OF_B: {hers, his}}
    await ana.remove(X)
    await fleet.wait_for_undo()
    await a_while(fleet)
    assert (gus.holds(OF_B), gus.complaints) == ({OF_B: {his}}, [])
    await agree(fleet)


@pytest.mark.parametrize("said", [{"searchable": "yes", "bio": "Links. #NoBots"}, {"bio": "Links."}])
async def test_who_keeps_robots_away_or_would_not_be_found_is_passed_on_by_nobody(fleet, three, said):
    ana, _, _ = three
    gus = await follower_of(fleet, OF_B)
    await says(ana, **said)
    await fleet.settle()

    await ana.save(X, title="One", tags="sql")
    await a_while(fleet)

    assert (gus.kept, gus.complaints) == ({}, [])


async def test_an_admin_who_changes_their_mind_takes_all_of_it_back(fleet, three):
    ana, bo, _ = three
    gus = await follower_of(fleet, OF_B)
    for number in range(3):
        await ana.save(f"https://x.example/{number}", title="One", tags="sql")
    his = f"https://b.example{(await bo.save('https://x.example/9', title='Nine', tags='sql')).path}"
    await a_while(fleet)
    await a_while(fleet)
    assert len(gus.kept) == 4

    async with entered(bo.server.here):
        await passing.choose("ours")
    await a_while(fleet)

    assert (gus.holds(OF_B), gus.complaints) == ({OF_B: {his}}, [])
    await ana.save("https://x.example/10", title="Ten", tags="sql")
    await a_while(fleet)
    assert gus.holds(OF_B) == {OF_B: {his}}
    await agree(fleet)
