"""The loop: everything due gets done, nothing ends it, and one process does it."""

from __future__ import annotations

import asyncio
import fcntl
import re
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from fedimark import worker
from fedimark.database import execute, fetch, fetch_one, write
from fedimark.delivery.enqueue import say
from fedimark.here import here
from fedimark.jobs import queue
from tests.rooms.peers import Peer, Says, local_person
from tests.support.counting import statements

INBOX = "https://b.example/inbox"
# On PostgreSQL all processes work, and none stands by.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def bo(server, fleet) -> Peer:
    """https://b.example, which takes everything."""
    peer = Peer()
    peer.rule = lambda _: Says(202)
    fleet.network.add("b.example", peer)
    return peer


async def speak(public_id: str) -> None:
    """Let somebody say something to b.example."""
    row = await fetch_one("SELECT id FROM actor WHERE local_name = 'ana'")
    actor_id = row["id"] if row else (await local_person())["id"]
    async with write():
        await say(actor_id, "Create", f"https://a.example/u/ana/b/{public_id}", {"n": public_id}, [INBOX], public_id)


@asynccontextmanager
async def working(server, **settings):
    """The worker, running beside the test as it runs beside a server, perhaps with other settings."""
    stop, made_of = asyncio.Event(), server.here
    made_of = replace(made_of, settings=replace(made_of.settings, **settings))
    running = asyncio.create_task(worker.run(made_of, stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


async def until(true: Callable[[], object]) -> None:
    """Wait for something that is bound to come."""
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_wake_sends_what_was_just_said(server, bo):
    async with working(server):
        await speak("one")
        here().wake.set()
        await until(lambda: bo.asked)

    assert bo.bodies() == [{"n": "one"}]


async def test_what_another_process_wrote_is_found_without_a_wake(server, bo):
    async with working(server):
        await asyncio.sleep(0.1)
        await speak("one")
        await until(lambda: bo.asked)

    assert not here().wake.is_set()


async def test_an_error_in_one_step_ends_neither_the_step_nor_the_others(server, bo, monkeypatch):
    calls = []

    async def broken() -> int:
        calls.append(1)
        raise RuntimeError("broken")

    monkeypatch.setattr(worker, "STEPS", MappingProxyType({**worker.STEPS, "removals": broken}))
    async with working(server) as running:
        await until(lambda: len(calls) >= 2)
        await speak("one")
        here().wake.set()
        await until(lambda: bo.asked)
        assert not running.done()


@on_sqlite
async def test_on_sqlite_one_process_works_and_another_takes_over_when_it_ends(server, bo):
    lock = (Path(server.here.settings.data_dir) / "worker.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    await speak("one")

    async with working(server):
        await asyncio.sleep(0.2)
        assert bo.asked == []
        lock.close()
        await until(lambda: bo.asked)

    assert len(bo.asked) == 1


@on_sqlite
async def test_a_worker_that_stands_by_stops_too(server):
    with (Path(server.here.settings.data_dir) / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        async with working(server) as running:
            await asyncio.sleep(0.05)
            assert not running.done()


async def test_a_peer_that_hangs_does_not_keep_the_worker_from_stopping(server, fleet):
    begun = asyncio.Event()

    async def hang(scope, receive, send):
        begun.set()
        await asyncio.sleep(60)

    fleet.network.add("b.example", hang)
    await speak("one")
    async with working(server, shutdown_s=0.1):
        await asyncio.wait_for(begun.wait(), 20)

    assert len(await fetch("SELECT id FROM delivery WHERE dead_at IS NULL")) == 1


async def test_settle_does_everything_due_and_leaves_what_must_wait(server, bo, clock):
    await speak("one")
    bo.rule = lambda _: Says(503)
    await worker.settle(server.here)
    bo.rule = lambda _: Says(202)
    await worker.settle(server.here)

    assert len(bo.asked) == 1
    clock.forward(seconds=20)
    await worker.settle(server.here)
    assert len(bo.asked) == 2


async def test_a_job_goes_to_its_handler_and_one_that_raises_is_tried_again(server, clock, monkeypatch):
    seen = []

    async def handler(job) -> None:
        seen.append(job["tries"])
        if job["tries"] == 1:
            raise RuntimeError("once")
        await queue.finish(job["id"], {"ok": True})

    monkeypatch.setattr(worker, "JOBS", MappingProxyType({"trial": handler}))
    public_id = await queue.add("trial", {})

    await worker.settle(server.here)
    await worker.settle(server.here)
    assert seen == [1]
    clock.forward(seconds=61)
    await worker.settle(server.here)
    assert seen == [1, 2]
    assert (await fetch_one("SELECT state FROM job WHERE public_id = ?", public_id)) == {"state": "done"}


async def test_what_is_old_is_thrown_away_and_the_rest_stays(server, clock):
    day = 86_400_000_000
    now = clock.micros
    received = """
    INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, tries, next_at, applied_at, outcome)
    VALUES (?, 1, 'Create', '{}', 0, 0, ?, ?, '')
    """
    far = now + 400 * day
    for number, applied in enumerate([now - 31 * day, now - 29 * day, None]):
        await execute(received, f"r{number}", far, applied)
    session = (
        "INSERT INTO session (token_hash, account_id, created_at, seen_at, browser, address) VALUES (?,1,0,?,'','')"
    )
    await execute(session, "old", now - 91 * day)
    await execute(session, "new", now - 89 * day)
    invite = "INSERT INTO invite (code_hash, made_by, created_at, expires_at) VALUES (?, 1, 0, ?)"
    await execute(invite, "old", now - day)
    await execute(invite, "new", now + day)
    await queue.add("trial", {})
    done = await queue.claim(["trial"])
    await queue.finish(done["id"], {})
    await execute("UPDATE job SET ended_at = ?", now - 31 * day)
    await queue.add("trial", {}, state="held")
    await speak("waiting")
    await execute("UPDATE activity SET created_at = ?", now - 40 * day)
    await execute("UPDATE delivery SET next_at = ?", far)

    assert await worker.prune() == 4
    assert await worker.prune() == 0

    assert [row["uri_hash"] for row in await fetch("SELECT uri_hash FROM received_activity ORDER BY id")] == [
        "r1",
        "r2",
    ]
    assert await fetch("SELECT token_hash FROM session") == [{"token_hash": "new"}]
    assert await fetch("SELECT code_hash FROM invite") == [{"code_hash": "new"}]
    assert await fetch("SELECT state FROM job") == [{"state": "held"}]
    assert len(await fetch("SELECT id FROM activity")) == 1
    await execute("DELETE FROM delivery")
    clock.forward(seconds=700)
    assert await worker.prune() == 1
    assert await fetch("SELECT id FROM activity") == []


# As many rows as people, feeds, relays or minutes in a day, or what empties itself.
_SMALL = frozenset({"feed", "follow_count", "invite", "relay", "session", "telling", "unindexed", "unmerged"})
_FIRST = re.compile(r"\(\s*SELECT [a-z_, ]+ FROM \w+ ORDER BY id LIMIT \d+\)")  # as many as it says


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # its plans do not depend on how full a table is
async def test_whoever_looks_for_work_reads_no_table_from_end_to_end(server, bo):
    await speak("one")
    await worker.settle(server.here)
    server.here.caches.clear()

    with statements() as asked:
        await worker.settle(server.here)

    assert len(asked) > len(worker.STEPS)
    large = await _tables() - _SMALL
    assert {sql: found for sql in set(asked) if (found := await _read_whole(sql) & large)} == {}


async def _read_whole(sql: str) -> set[str]:
    """The tables of which a statement reads every row."""
    if sql.split(maxsplit=1)[0] not in {"SELECT", "UPDATE", "DELETE", "WITH"}:
        return set()
    plan = await fetch(f"EXPLAIN QUERY PLAN {sql}", *[None] * sql.count("?"))
    read = {row["detail"].removeprefix("SCAN ") for row in plan if row["detail"].startswith("SCAN ")}
    called = {name: table for table, name in re.findall(r"\b(?:FROM|JOIN|UPDATE) (\w+) (\w)\b", sql)}
    return {called.get(name, name) for name in read} if not _FIRST.search(sql) else set()


async def _tables() -> set[str]:
    return {row["name"] for row in await fetch("SELECT name FROM sqlite_master WHERE type = 'table'")}
