"""Who publishes a lot at once is heard bit by bit, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest

from fedimark.accounts.leave import leave
from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_many
from fedimark.database import fetch, fetch_one
from fedimark.delivery import send
from fedimark.delivery.claim import take_over
from fedimark.here import entered
from fedimark.moderation.suspension import restore, suspend
from fedimark.vocab.terms import PUBLIC
from tests.rooms.peers import Peer, Says, stand
from tests.rooms.strangers import told
from tests.rooms.test_delivery import INBOX, OTHER, claimed, follower
from tests.support.people import PASSWORD, Person

AT_ONCE = 3


@pytest.fixture
async def narrow(server):
    """The server, which lets three new bookmarks within ten minutes go at once."""
    settings = replace(server.here.settings, paced_after_bookmarks=AT_ONCE)
    server.here = replace(server.here, settings=settings)
    async with entered(server.here) as here:
        yield here


@pytest.fixture
async def bob(narrow, ana, fleet) -> Peer:
    """https://b.example, whose one person follows ana."""
    peer = stand(fleet, "b.example")
    peer.rule = lambda _: Says(202)
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    return peer


async def save(person: Person, *numbers: int, **texts: str) -> None:
    """Let somebody save numbered pages."""
    for number in numbers:
        await person.save(f"https://page.example/{number}", title=f"page {number}", **texts)
    await told()


async def drain() -> int:
    """Let the worker tell what is to be told, and send what is due; returns how much was sent."""
    await told()
    return await send.drain()


def heard(peer: Peer, kind: str = "Create") -> list[str]:
    """Which pages a server heard of, in order."""
    return [body["object"]["nameMap"]["en"] for body in peer.bodies() if body["type"] == kind]


def pages(*numbers: int) -> list[str]:
    """What such pages are called."""
    return [f"page {number}" for number in numbers]


async def test_the_first_go_at_once_and_the_rest_one_a_minute_in_order(ana, bob, clock):
    await save(ana, *range(6))

    await drain()
    assert heard(bob) == pages(0, 1, 2)
    clock.forward(seconds=50)
    assert await drain() == 0
    for number in (3, 4, 5):
        clock.forward(seconds=61)
        assert await drain() == 1
        assert heard(bob)[-1] == f"page {number}"

    assert len({(tuple(body["to"]), tuple(body["cc"])) for body in bob.bodies()}) == 1
    assert bob.bodies()[-1]["to"] == [PUBLIC]
    assert await fetch("SELECT id FROM delivery") == []


@pytest.mark.parametrize("visibility", ["public", "unlisted", "followers"])
async def test_whatever_leaves_is_counted_and_stays_what_it_is(ana, bob, clock, visibility):
    await save(ana, 0, 1, visibility="public")
    await save(ana, 2, 3, visibility=visibility)
    await save(ana, 9, visibility="private")

    await drain()
    assert heard(bob) == pages(0, 1, 2)
    clock.forward(seconds=61)
    await drain()

    before, after = bob.bodies()[-2:]
    assert heard(bob) == pages(0, 1, 2, 3)
    assert (after["to"], after["cc"]) == (before["to"], before["cc"])
    bookmarks = await fetch("SELECT visibility FROM bookmark WHERE title IN ('page 2', 'page 3')")
    assert len({row["visibility"] for row in bookmarks}) == 1


async def test_nobody_elses_letters_to_that_inbox_wait(ana, bob, server, clock):
    bo = await server.sign_up("bo")
    await follower({"id": bo.viewer.actor_id}, "bobs", "https://b.example/u/bobs/inbox", INBOX)
    await save(ana, *range(6))
    await save(bo, 7, 8)

    await drain()

    assert heard(bob) == pages(0, 1, 2, 7, 8)
    clock.forward(seconds=61)
    await save(bo, 9)
    await drain()
    assert sorted(heard(bob)[-2:]) == pages(3, 9)


async def test_who_publishes_now_and_then_never_waits(ana, bob, clock):
    for number in range(8):
        await save(ana, number)
        await drain()
        assert heard(bob)[-1] == f"page {number}"
        clock.forward(seconds=201)


async def test_what_comes_while_others_wait_waits_behind_them(ana, bob, clock):
    await save(ana, *range(20))
    clock.forward(seconds=601)
    await drain()
    await save(ana, 20)

    while await fetch("SELECT id FROM delivery"):
        clock.forward(seconds=61)
        await drain()

    assert heard(bob) == pages(*range(21))


async def test_twenty_is_what_goes_at_once_where_nothing_else_is_said(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()

    for number in range(23):
        await ana.save(f"https://page.example/{number}")
    await fleet.settle()
    assert len(await bo.timeline()) == 20
    fleet.clock.forward(seconds=61)
    await fleet.settle()
    assert len(await bo.timeline()) == 21
    for _ in range(2):
        fleet.clock.forward(seconds=61)
        await fleet.settle()

    assert [line.url for line in await bo.timeline()] == [f"https://page.example/{n}" for n in reversed(range(23))]


async def test_a_delete_before_its_create_left_cancels_it(ana, bob, server, clock):
    await save(ana, *range(6))
    await drain()
    await ana.remove("https://page.example/4")
    clock.forward(seconds=31)
    await server.settle()

    for _ in range(4):
        clock.forward(seconds=61)
        await drain()

    assert heard(bob) == pages(0, 1, 2, 3, 5)
    assert {body["type"] for body in bob.bodies()} == {"Create"}
    assert await fetch("SELECT id FROM delivery") == []


async def test_an_edit_comes_after_its_create_and_the_last_one_only(ana, bob, clock):
    await save(ana, *range(5))
    await drain()
    for title in ("once", "twice"):
        await ana.edit("https://page.example/4", title=title)
    await drain()
    assert heard(bob) == pages(0, 1, 2)

    for _ in range(3):
        clock.forward(seconds=61)
        await drain()

    said = [(body["type"], body["object"]["nameMap"]["en"]) for body in bob.bodies()[3:]]
    assert said == [("Create", "page 3"), ("Create", "page 4"), ("Update", "twice")]


async def test_an_edit_of_what_went_out_does_not_wait(ana, bob):
    await save(ana, *range(6))
    await drain()
    await ana.edit("https://page.example/0", title="anew")

    await drain()

    assert heard(bob, "Update") == ["anew"]


async def test_an_edit_and_a_delete_after_a_paced_create_left_are_sent(ana, bob, server, clock):
    await save(ana, *range(4))
    clock.forward(seconds=61)
    await drain()
    await ana.edit("https://page.example/3", title="anew")
    await drain()
    await ana.remove("https://page.example/3")
    clock.forward(seconds=31)
    await server.settle()

    assert [body["type"] for body in bob.bodies()[3:]] == ["Create", "Update", "Delete"]


async def test_what_is_hidden_and_shown_again_is_a_new_one_that_waits(ana, bob, clock):
    await save(ana, *range(4))
    await ana.edit("https://page.example/3", visibility="private")
    await ana.edit("https://page.example/3", visibility="public")
    await drain()
    assert heard(bob) == pages(0, 1, 2)

    for _ in range(3):
        clock.forward(seconds=61)
        await drain()

    assert heard(bob) == pages(0, 1, 2, 3)
    assert len(bob.bodies()) == 4


async def test_after_hours_without_a_worker_they_still_go_one_a_minute(ana, bob, clock, narrow):
    await save(ana, *range(7))
    clock.forward(seconds=7_200)

    async with entered(replace(narrow, caches={})):  # another process
        assert await drain() == 4
        assert await drain() == 0
        await ana.edit("https://page.example/6", title="anew")
        for _ in range(3):
            clock.forward(seconds=61)
            await drain()

    assert heard(bob) == pages(*range(7))
    assert heard(bob, "Update") == ["anew"]


async def test_several_processes_at_once_let_go_no_more(ana, bob, clock):
    await asyncio.gather(*(save(ana, number) for number in range(10)))

    rows = await fetch("SELECT paced_until FROM delivery ORDER BY id")
    moments = [row["paced_until"] for row in rows if row["paced_until"] is not None]
    assert len(moments) == 10 - AT_ONCE
    assert moments == sorted(moments)
    assert all(later - sooner >= 60_000_000 for sooner, later in pairwise(moments))
    assert await drain() == AT_ONCE


async def test_several_workers_at_once_send_each_once(ana, bob, clock):
    await save(ana, *range(5))
    clock.forward(seconds=61)

    batches = await asyncio.gather(*(claimed() for _ in range(4)))

    numbers = [row["id"] for batch in batches for inbox in batch for row in inbox]
    assert len(numbers) == len(set(numbers)) >= AT_ONCE
    await take_over()
    await drain()
    assert sorted(heard(bob)) == pages(0, 1, 2, 3)


async def test_one_that_joins_a_queue_in_trouble_waits_as_long(ana, bob, clock):
    bob.rule = lambda _: Says(429, b"", {"retry-after": "3600"})
    await save(ana, *range(4))
    bo_first = await drain()
    clock.forward(seconds=600)

    assert (bo_first, await drain()) == (1, 0)

    bob.rule = lambda _: Says(202)
    clock.forward(seconds=3_001)
    assert await drain() == 4
    assert sorted(heard(bob)[1:]) == pages(*range(4))


async def test_one_older_than_what_waits_in_trouble_waits_as_long(ana, bob, server, clock):
    bo = await server.sign_up("bo")
    await follower({"id": bo.viewer.actor_id}, "bobs", "https://b.example/u/bobs/inbox", INBOX)
    await save(ana, *range(4))
    await drain()
    await save(bo, 9)
    bob.rule = lambda _: Says(429, b"", {"retry-after": "3600"})
    await drain()
    asked = len(bob.asked)

    clock.forward(seconds=600)
    assert await drain() == 0

    assert len(bob.asked) == asked
    bob.rule = lambda _: Says(202)
    clock.forward(seconds=3_001)
    assert await drain() == 2
    assert heard(bob)[-2:] == pages(3, 9)


async def test_one_inbox_in_trouble_holds_up_no_other(ana, bob, fleet, clock):
    cy = stand(fleet, "c.example")
    cy.rule = lambda _: Says(202)
    await follower({"id": ana.viewer.actor_id}, "cy", "https://c.example/u/cy/inbox", OTHER)
    fleet.network.down.add("b.example")
    await save(ana, *range(5))

    for _ in range(3):
        await drain()
        clock.forward(seconds=61)

    assert heard(cy) == pages(*range(5))


async def test_imports_are_told_to_nobody_and_not_counted(ana, bob):
    drafts = [read_draft(url=f"https://old.example/{number}", visibility="public") for number in range(30)]
    await save_many(Owner.of(ana.viewer), drafts)

    await save(ana, *range(3))
    await drain()

    assert heard(bob) == pages(0, 1, 2)
    assert len(bob.bodies()) == 3


async def test_somebody_suspended_says_nothing_and_goes_on_one_a_minute(ana, bob, server, clock):
    await save(ana, *range(7))
    await drain()
    await suspend("ana")
    clock.forward(seconds=125)
    assert await drain() == 0

    await restore("ana")
    await server.settle()
    assert heard(bob) == pages(0, 1, 2, 3)
    for number in (4, 5, 6):
        clock.forward(seconds=61)
        assert await drain() == 1
        assert heard(bob)[-1] == f"page {number}"


async def test_nothing_is_paced_for_somebody_who_left(ana, bob, server, clock):
    await save(ana, *range(6))
    await drain()
    await leave(ana.viewer, "ana", PASSWORD)
    clock.forward(seconds=600)
    await server.settle()

    assert heard(bob) == pages(0, 1, 2)
    assert bob.bodies()[-1]["type"] == "Delete"
    assert await fetch("SELECT id FROM delivery WHERE dead_at IS NULL") == []


async def test_a_busy_inbox_hears_in_order_of_each_person_with_a_letter_under_way(ana, bob, server, clock):
    bo = await server.sign_up("bo")
    await follower({"id": bo.viewer.actor_id}, "bobs", "https://b.example/u/bobs/inbox", INBOX)
    await save(ana, *range(5))
    await drain()
    clock.forward(seconds=50)
    await save(bo, 9)
    [[under_way]] = await claimed()
    clock.forward(seconds=12)

    assert await claimed() == []  # one letter at a time, whatever joined meanwhile
    row = await fetch_one("SELECT COUNT(*) AS amount FROM delivery WHERE paced_until IS NOT NULL")
    assert row == {"amount": 1}
    clock.forward(seconds=61)
    await drain()
    assert sorted(heard(bob)[3:]) == pages(3, 4, 9)
    assert under_way["kind"] == "Create"
