"""Three servers: one has a tag, the people of two others follow it, each of these servers once."""

from __future__ import annotations

import json
from typing import Any

from fedimark.follows import pages
from fedimark.here import entered
from tests.support.fleet import Fleet
from tests.support.invariants import disagreements

X, Y, Z = (f"https://{letter}.example/page" for letter in "xyz")


def said(fleet: Fleet, host: str) -> list[tuple[str, str]]:
    """What was posted to a server so far about following: type and actor, in order."""
    bodies: list[Any] = [
        json.loads(request.content)
        for request in fleet.network.requests
        if request.method == "POST" and request.url.host == host
    ]
    return [(body["type"], body["actor"]) for body in bodies if body["type"] in ("Follow", "Undo")]


def announced(fleet: Fleet, host: str) -> int:
    """How many Announces were posted to a server."""
    bodies = (
        json.loads(request.content)
        for request in fleet.network.requests
        if request.method == "POST" and request.url.host == host
    )
    return sum(body["type"] == "Announce" for body in bodies)


async def urls(*people: Any) -> list[set[str]]:
    """What each sees."""
    return [{line.url for line in await each.timeline()} for each in people]


async def agree(fleet: Fleet) -> None:
    """Every server's rows agree."""
    for server in fleet.servers.values():
        async with entered(server.here):
            assert await disagreements() == []


async def test_two_readers_here_are_one_follow_there_and_the_last_to_leave_ends_it(fleet: Fleet) -> None:
    # Given a tag of one server, two readers of a second and one of a third
    ana, bo, bea, cy = await fleet.people("ana@a.example", "bo@b.example", "bea@b.example", "cy@c.example")
    await ana.save(X, title="X", tags="sql")
    fleet.clock.forward(seconds=5)

    # When all three follow it, by whatever names it
    await bo.follow("#sql@a.example")
    await fleet.settle()
    for who, name in ((bea, "@tag.sql@a.example"), (cy, "https://a.example/t/sql")):
        await who.follow(name)
    await fleet.settle()

    # Then each server asked once, and everybody sees what is announced, and what was before
    assert said(fleet, "a.example") == [("Follow", "https://b.example/actor"), ("Follow", "https://c.example/actor")]
    await ana.save(Y, title="Y", tags="sql")
    await fleet.settle()
    assert await urls(bo, bea, cy) == [{X, Y}] * 3
    assert (announced(fleet, "b.example"), announced(fleet, "c.example")) == (1, 1)
    await agree(fleet)

    # When one of the two leaves, nobody hears of it, and the other goes on reading
    await bo.unfollow("#sql@a.example")
    await fleet.settle()
    assert len(said(fleet, "a.example")) == 2
    assert await urls(bo, bea) == [set(), {X, Y}]

    # When the last one leaves, the server does
    await bea.unfollow("#sql@a.example")
    await fleet.settle()
    assert said(fleet, "a.example")[2:] == [("Undo", "https://b.example/actor")]
    fleet.clock.forward(seconds=5)
    await ana.save(Z, title="Z", tags="sql")
    await fleet.settle()
    assert await urls(bo, bea, cy) == [set(), set(), {X, Y, Z}]
    assert (announced(fleet, "b.example"), announced(fleet, "c.example")) == (1, 2)
    await agree(fleet)


async def test_pages_that_follow_each_other_are_two_follows_and_no_more(fleet: Fleet) -> None:
    # Given one tag on two servers, whose pages show each other
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    for who in (ana, bo):
        await who.save(f"https://{who.name}.example/", tags="sql")
    fleet.clock.forward(seconds=5)
    for who, other in ((ana, "b.example"), (bo, "a.example")):
        async with entered(who.server.here):
            await pages.subscribe("sql", f"#sql@{other}")
    await fleet.settle()

    # When both save
    for who in (ana, bo):
        await who.save(f"https://{who.name}.example/new", tags="sql")
    await fleet.settle()

    # Then each was asked once and each new bookmark went over once: no tag announces what another did
    assert said(fleet, "a.example") == [("Follow", "https://b.example/actor")]
    assert said(fleet, "b.example") == [("Follow", "https://a.example/actor")]
    assert (announced(fleet, "a.example"), announced(fleet, "b.example")) == (1, 1)
    await agree(fleet)
