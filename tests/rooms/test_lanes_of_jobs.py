"""Jobs that ask other servers run beside those that stay at home: neither waits for the other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark import worker
from fedimark.database import fetch, fetch_one
from fedimark.follows.incoming import BACKFILL
from fedimark.here import entered
from fedimark.jobs import bell, queue
from fedimark.moderation import domains
from tests.rooms.peers import Peer
from tests.rooms.strangers import Stranger
from tests.rooms.test_incoming import followed
from tests.rooms.test_worker import working
from tests.support.counting import statements

EZRA = "https://sloth.example/users/ezra"


class Slow:
    """A peer that keeps who asks for an outbox waiting."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/outbox"):
            self.was_asked.set()
            await self.may_answer.wait()
        await self.peer(scope, receive, send)


@pytest.fixture
async def sloth(server, fleet, ana) -> Slow:
    """https://sloth.example, whose ezra is followed here and not read yet."""
    ezra = await followed(ana, Stranger(fleet, EZRA))
    ezra.peer.document("/users/ezra/outbox", {"id": f"{EZRA}/outbox", "type": "OrderedCollection", "orderedItems": []})
    slow = Slow(ezra.peer)
    fleet.network.add("sloth.example", slow)
    return slow


async def states() -> dict[str, str]:
    """How far the jobs are, by kind."""
    return {row["kind"]: row["state"] for row in await fetch("SELECT kind, state FROM job ORDER BY id")}


async def ends(kind: str, server: Any) -> None:
    """Wait until a job is done."""
    async with asyncio.timeout(60):
        while (await states())[kind] != "done":
            await asyncio.sleep(0.01)
            server.here.wake.set()


def test_every_kind_of_job_has_one_lane():
    assert not worker.JOBS.keys() & worker.ERRANDS.keys()
    assert BACKFILL in worker.ERRANDS
    assert {"import", domains.JOB} <= worker.JOBS.keys()


async def test_a_slow_server_holds_up_no_job_that_stays_at_home(server, sloth):
    async with working(server):
        await asyncio.wait_for(sloth.was_asked.wait(), 60)
        await domains.block_domain("bad.example")
        await ends(domains.JOB, server)

        assert (await states())[BACKFILL] == "running"
        sloth.may_answer.set()
        await ends(BACKFILL, server)


async def test_an_errand_whose_worker_was_killed_is_run_again_beside_the_others(server, sloth):
    assert await worker.do_a_job()  # the follow let its server in
    first = await queue.claim(tuple(worker.ERRANDS))
    await domains.block_domain("bad.example")
    assert await queue.claim(tuple(worker.JOBS))
    assert await queue.claim((*worker.JOBS, *worker.ERRANDS)) is None
    sloth.may_answer.set()

    async with working(server):
        await ends(BACKFILL, server)
        await ends(domains.JOB, server)

    async with entered(server.here):
        row = await fetch_one("SELECT tries FROM job WHERE id = ?", first["id"])
    assert row["tries"] == 2


async def test_a_job_that_asks_other_servers_rings_for_the_lane_that_does_it(server):
    bell.heard()

    await queue.add_errand(BACKFILL, {"actor_id": 0})
    errands = bell.heard()
    await queue.add(domains.JOB, {"host": "a.example"})

    assert (errands, bell.heard()) == ({"errands"}, {"jobs"})


async def test_to_look_for_jobs_where_there_are_none_is_one_statement_that_only_reads(server):
    with statements() as looks:
        found = await queue.claim(tuple(worker.JOBS))

    assert found is None
    assert len(looks) == 1
    assert looks[0].strip().startswith("SELECT")
