"""A worker that died held leases; its successor does not wait for them, and never forgets that something was tried."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fedimark import worker
from fedimark.database import fetch_one
from fedimark.delivery.claim import claim, take_over
from fedimark.jobs import queue
from tests.rooms.strangers import told
from tests.support.people import Person
from tests.support.server import Server

GUARD_S = 30


@asynccontextmanager
async def at_work(server: Server) -> AsyncIterator[None]:
    """A worker beside the block, as `serve` runs it."""
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(server.here, stop))
    yield
    stop.set()
    await working


async def gone(sql: str) -> None:
    """Wait until a statement finds nothing more."""
    async with asyncio.timeout(GUARD_S):
        while await fetch_one(sql):
            await asyncio.sleep(0.02)


async def test_letters_that_a_dead_worker_had_taken_are_sent_at_once(fleet, server):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save("https://sqlite.org/")
    await told()
    assert len(await claim()) == 1  # and dies with it; this server's clock stands still, so its lease never ends
    assert await claim() == []

    async with at_work(server):
        await gone("SELECT id FROM delivery")
    await fleet.settle()

    assert [seen.url for seen in await bo.timeline()] == ["https://sqlite.org/"]


async def test_a_letter_that_a_dead_worker_had_taken_counts_as_perhaps_arrived(fleet, server):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save("https://sqlite.org/")
    await told()
    await claim()
    await take_over()

    await ana.edit("https://sqlite.org/", visibility="private")

    assert await fetch_one("SELECT id FROM activity WHERE kind = 'Delete'")


async def test_a_job_that_a_dead_worker_had_taken_is_done_at_once(server, ana: Person, tmp_path):
    public_id = await queue.add("import", {"file": "gone.json", "username": "ana"}, owner_id=ana.viewer.account_id)
    assert await queue.claim(["import"])
    assert await queue.claim(["import"]) is None

    async with at_work(server):
        await gone("SELECT id FROM job WHERE state = 'running'")

    job = await queue.of_owner(ana.viewer.account_id, public_id)
    assert job is not None
    assert (job["state"], job["tries"]) == ("failed", 2)
