"""Jobs are done once, or taken up again."""

from __future__ import annotations

import asyncio
import json

import pytest

from fedimark.database import fetch_one, write
from fedimark.jobs import queue


async def job(public_id: str) -> dict:
    """A job as it stands."""
    row = await fetch_one("SELECT * FROM job WHERE public_id = ?", public_id)
    assert row is not None
    return row


async def test_a_job_is_claimed_by_kind_oldest_first(server):
    first = await queue.add("import", {"file": "ä.json"}, total=3)
    await queue.add("import", {})
    await queue.add("letter", {})

    claimed = await queue.claim(["import"])

    assert claimed is not None
    assert (claimed["public_id"], claimed["state"], claimed["total"]) == (first, "running", 3)
    assert json.loads(claimed["payload"]) == {"file": "ä.json"}
    assert await queue.claim(["nothing"]) is None


async def test_a_job_of_a_transaction_that_failed_is_none(server):
    with pytest.raises(ZeroDivisionError):
        async with write():
            await queue.add("import", {})
            raise ZeroDivisionError

    assert await queue.claim(["import"]) is None


async def test_a_held_job_waits_for_its_owners_word(server):
    public_id = await queue.add("import", {}, owner_id=7, state="held")

    assert await queue.claim(["import"]) is None
    assert await queue.start(public_id)
    assert not await queue.start(public_id)
    assert not await queue.start("unknown")
    assert await queue.claim(["import"]) is not None


async def test_progress_and_end_are_seen_by_the_owner_alone(server):
    public_id = await queue.add("import", {}, owner_id=7)
    claimed = await queue.claim(["import"])
    await queue.progress(claimed["id"], 5, 10)
    seen = await queue.of_owner(7, public_id)
    await queue.finish(claimed["id"], {"new": 10})
    await queue.fail(claimed["id"], {"late": True})
    ended = await queue.of_owner(7, public_id)

    assert (seen["done"], seen["total"], seen["state"]) == (5, 10, "running")
    assert (ended["state"], json.loads(ended["report"])) == ("done", {"new": 10})
    assert ended["ended_at"] is not None
    assert await queue.of_owner(8, public_id) is None
    assert await queue.claim(["import"]) is None


async def test_a_killed_workers_job_is_taken_up_when_its_lease_ends(server, clock):
    await queue.add("import", {})
    first = await queue.claim(["import"])
    clock.forward(seconds=50)
    await queue.progress(first["id"], 1)
    clock.forward(seconds=50)

    assert await queue.claim(["import"]) is None  # progress prolonged it
    clock.forward(seconds=11)
    again = await queue.claim(["import"])
    assert (again["id"], again["tries"], again["done"]) == (first["id"], 2, 1)
    await queue.renew(again["id"])


async def test_a_job_that_kills_its_worker_fails_after_five_tries(server, clock):
    public_id = await queue.add("import", {})

    for _ in range(5):
        assert await queue.claim(["import"]) is not None
        clock.forward(seconds=61)

    assert await queue.claim(["import"]) is None
    assert (await job(public_id))["state"] == "failed"


async def test_two_workers_never_claim_the_same_job(server):
    for _ in range(8):
        await queue.add("import", {})

    claimed = await asyncio.gather(*(queue.claim(["import"]) for _ in range(8)))

    numbers = [row["id"] for row in claimed if row]
    assert len(numbers) == len(set(numbers))
