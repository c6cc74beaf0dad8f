"""The engine for PostgreSQL: several workers on one database, of which any may die at any moment."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType

import asyncpg
import pytest

from fedimark import worker
from fedimark.database import Database, execute, fetch, fetch_one, write
from fedimark.errors import Unavailable
from fedimark.here import Here, entered
from fedimark.jobs import holders, postgres, queue
from fedimark.jobs.crew import Crew
from fedimark.jobs.lanes import Work

GUARD_S = 20
KEEPER = "SELECT pg_advisory_lock(72178, 0)"
SESSIONS = """
SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid IN
    (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 72179)
"""

HOLDERS = """
SELECT DISTINCT s.application_name FROM pg_stat_activity s
WHERE s.datname = current_database() AND (s.query ILIKE 'LISTEN%' OR s.pid IN
    (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid IN (72178, 72179)))
"""

on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@asynccontextmanager
async def another(server: Here) -> AsyncIterator[Here]:
    """A second process of the same server, as far as one process can be two."""
    database = await Database(server.settings).open()
    yield replace(server, database=database, caches={}, wake=asyncio.Event(), ending=asyncio.Event())
    await database.close()


@asynccontextmanager
async def at_work(server: Here) -> AsyncIterator[None]:
    """A worker beside the block."""
    stop = asyncio.Event()
    working = asyncio.create_task(worker.run(server, stop))
    yield
    stop.set()
    await asyncio.wait_for(working, GUARD_S)


@asynccontextmanager
async def kept_elsewhere(server: Here) -> AsyncIterator[None]:
    """Another process keeps the lanes, and is asleep: only bells make anybody look."""
    connection = await asyncpg.connect(server.settings.database)
    await connection.execute(KEEPER)
    yield
    await connection.close()


async def found(sql: str) -> dict[str, object]:
    """Wait until a statement finds something."""
    async with asyncio.timeout(GUARD_S):
        while not (row := await fetch_one(sql)):
            await asyncio.sleep(0.02)
    return row


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kind of job that only writes down who did it."""
    done: list[int] = []

    async def handler(job) -> None:
        done.append(holders.holder())
        await queue.finish(job["id"], {})

    monkeypatch.setattr(worker, "JOBS", MappingProxyType({"trial": handler}))
    return done


class Board:
    """Locks as the database has them, for crews of one process."""

    def __init__(self) -> None:
        self.held: set[str] = set()

    async def take(self, names) -> set[str]:
        """Take what is free."""
        free = set(names) - self.held
        self.held |= free
        return free

    async def let_go(self, names) -> None:
        """Let others have them."""
        self.held -= set(names)


@on_postgres
async def test_what_no_bell_was_rung_for_is_found_all_the_same(server, trial):
    async with another(server.here) as other, at_work(server.here):
        await found(SESSIONS)
        async with entered(other), write():
            await queue.add("trial", {})
            await execute("DELETE FROM pgqueuer")  # the bell is lost, the row is not
        await found("SELECT id FROM job WHERE state = 'done'")


@on_postgres
async def test_a_bell_that_another_process_rings_is_heard(server, trial):
    async with kept_elsewhere(server.here), at_work(server.here):
        await found(SESSIONS)
        await queue.add("trial", {})
        await found("SELECT id FROM job WHERE state = 'done'")

    assert len(trial) == 1


@on_postgres
async def test_what_listens_and_holds_locks_goes_past_a_pooler(server, trial):
    direct = f"{server.here.settings.database}?application_name=direct"
    server.here = replace(server.here, settings=replace(server.here.settings, database_direct_url=direct))

    async with entered(server.here), at_work(server.here):
        await queue.add("trial", {})
        server.here.wake.set()
        await found("SELECT id FROM job WHERE state = 'done'")
        names = [row["application_name"] for row in await fetch(HOLDERS)]

    assert names == ["direct"]
    assert len(trial) == 1


@on_postgres
async def test_jobs_are_shared_by_workers_and_each_is_done_once(server, trial):
    for _ in range(20):
        await queue.add("trial", {})

    async with another(server.here) as second, at_work(server.here), at_work(second):
        await found("SELECT 1 AS all_done WHERE NOT EXISTS (SELECT id FROM job WHERE state <> 'done')")

    assert len(trial) == 20


@on_postgres
async def test_a_worker_whose_session_is_cut_goes_on(server, trial):
    async with at_work(server.here):
        pid = (await found(SESSIONS))["pid"]
        await fetch(f"SELECT pg_terminate_backend({pid})")
        await found(f"{SESSIONS} AND pid <> {pid}")
        await queue.add("trial", {})
        await found("SELECT id FROM job WHERE state = 'done'")

    assert len(trial) == 1


@on_postgres
async def test_the_job_of_a_living_worker_is_left_to_it_and_that_of_a_dead_one_is_taken(server):
    for _ in range(2):
        await queue.add("nobodys", {})  # which the worker itself would not take
    async with another(server.here) as second, at_work(server.here):
        await found(SESSIONS)
        async with entered(server.here):
            held = await queue.claim(["nobodys"])
        async with entered(second):
            holders.become(1)  # which no lock stands for
            orphan = await queue.claim(["nobodys"])
            await queue.take_over()

    rows = {row["id"]: row for row in await fetch("SELECT id, state, lease_until FROM job")}
    assert held is not None
    assert orphan is not None
    assert rows[held["id"]]["lease_until"] == held["lease_until"]
    assert rows[orphan["id"]]["lease_until"] < orphan["lease_until"]


async def test_a_lane_is_worked_on_by_one_crew_at_a_time(server):
    at_it, most, done = 0, 0, []

    async def step() -> int:
        nonlocal at_it, most
        at_it += 1
        most = max(most, at_it)
        await asyncio.sleep(0)
        at_it -= 1
        done.append(1)
        return int(len(done) < 10)

    async def silence(_: str) -> None:
        """Nobody listens."""

    async def nobody() -> None:
        """Nobody died."""

    board, work = Board(), Work({"links": step}, frozenset(), {}, nobody)
    crews = [Crew(work, board, silence) for _ in range(3)]
    await asyncio.gather(*(crew.look("everything") for crew in crews))
    await asyncio.gather(*(crew.end(GUARD_S) for crew in crews))

    assert most == 1
    assert len(done) == 10
    assert board.held == set()


async def test_a_crew_that_did_much_of_a_part_lets_go_of_it_before_it_rings_for_whoever_is_free(server):
    held_when_rung = []

    async def much() -> int:
        return 1_000

    async def hear(lane: str) -> None:
        held_when_rung.append((lane, set(board.held)))

    async def nobody() -> None:
        """Nobody died."""

    board = Board()
    crew = Crew(Work({"inbox": much}, frozenset(), {"inbox": [much, much]}, nobody), board, hear)
    await asyncio.wait(await crew.look("inbox:1"))

    assert held_when_rung == [("inbox:1", set())]


async def test_a_crew_that_has_ended_begins_nothing_when_the_locks_come_late(server):
    asked, begun, given = asyncio.Event(), [], asyncio.Event()

    class Slow(Board):
        async def take(self, names):
            asked.set()
            await given.wait()
            return await super().take(names)

    async def step() -> int:
        begun.append(1)
        return 0

    async def hear(lane: str) -> None:
        """Nobody listens."""

    async def nobody() -> None:
        """Nobody died."""

    crew = Crew(Work({"links": step}, frozenset(), {}, nobody), Slow(), hear)
    looking = asyncio.create_task(crew.look("everything"))
    await asyncio.wait_for(asked.wait(), GUARD_S)
    await crew.end(GUARD_S)
    given.set()

    assert await looking == []
    assert begun == []


@on_postgres
async def test_without_pgqueuer_it_is_said_what_to_do(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "pgqueuer.qm", None)

    with pytest.raises(Unavailable, match="fedimark\\[postgres\\]"):
        postgres.check_installed()
