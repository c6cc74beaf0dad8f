"""What is removed while it is being sent is taken back from whoever gets it."""

from __future__ import annotations

import asyncio

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import finish_removals, remove_bookmark
from fedimark.database import fetch, write
from fedimark.delivery.claim import claim
from fedimark.here import entered
from tests.rooms.strangers import letters, told
from tests.rooms.test_delivery import INBOX, follower

PAGE = "https://page.example/"


async def test_a_delete_follows_a_create_that_was_taken_out_to_be_sent_meanwhile(ana, server, clock):
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    await ana.save(PAGE)
    await told()
    await ana.remove(PAGE)
    clock.forward(seconds=31)
    taken, go = asyncio.Event(), asyncio.Event()

    async def take() -> None:
        async with entered(server.here), write():
            assert await claim()
            taken.set()
            await go.wait()

    taking = asyncio.create_task(take())
    await asyncio.wait_for(taken.wait(), 10)
    removing = asyncio.create_task(finish_removals())
    await asyncio.sleep(0.2)  # as far as it comes
    go.set()
    await asyncio.wait_for(asyncio.gather(taking, removing), 10)

    assert [(kind, inbox) for kind, inbox, _ in await letters()] == [("Create", INBOX), ("Delete", INBOX)]
    assert await fetch("SELECT id FROM bookmark") == []


async def test_a_delete_goes_nowhere_where_the_create_never_went(ana, clock):
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    saved = await ana.save(PAGE)
    await remove_bookmark(Owner.of(ana.viewer), saved.public_id)
    clock.forward(seconds=31)

    await finish_removals()

    assert await letters() == []
