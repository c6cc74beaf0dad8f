"""The bell: rung where rows are written, heard once they are committed; silent on SQLite."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.queries import Queries

from fedimark import worker
from fedimark.database import execute, fetch, is_sqlite, write
from fedimark.here import here
from fedimark.jobs import postgres, queue
from fedimark.jobs.bell import ring

on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)
GUARD_S = 20


async def waiting() -> list[str]:
    """The lanes somebody rang for, and nobody heard yet."""
    return [row["entrypoint"] for row in await fetch("SELECT entrypoint FROM pgqueuer ORDER BY id")]


async def test_ringing_costs_nothing_where_one_process_does_all_the_work(server):
    await ring("inbox")

    assert not is_sqlite() or not await fetch("SELECT name FROM sqlite_master WHERE name LIKE 'pgqueuer%'")


@on_postgres
async def test_what_is_rolled_back_rings_no_bell_and_what_is_committed_rings_it_once(server):
    with suppress(RuntimeError):
        async with write():
            await queue.add("trial", {})
            raise RuntimeError("taken back")
    before = await waiting()

    async with write():
        await queue.add("trial", {})
        await queue.add("trial", {})
    await queue.add("trial", {})

    assert before == []
    assert await waiting() == ["jobs"]


@on_postgres
async def test_who_rings_never_waits_for_another_who_rings(server):
    first_rang, second_rang = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with write():
            await ring("inbox")
            first_rang.set()
            await second_rang.wait()

    async def second() -> None:
        await first_rang.wait()
        async with write():
            await ring("inbox")
        second_rang.set()

    async with asyncio.timeout(GUARD_S):
        await asyncio.gather(first(), second())

    assert await waiting() == ["inbox"]


@on_postgres
async def test_a_process_without_a_worker_rings_again_after_its_commit(server):
    await ring("inbox")
    await execute("DELETE FROM pgqueuer")  # answered before the rows were to be seen
    stop = asyncio.Event()
    ringing = asyncio.create_task(worker.pass_on(server.here, stop))

    here().wake.set()
    async with asyncio.timeout(GUARD_S):
        while not await waiting():
            await asyncio.sleep(0.01)
        stop.set()
        here().wake.set()
        await ringing

    assert (await waiting())[0] == "inbox"


@on_postgres
async def test_our_tables_are_those_that_the_installed_pgqueuer_would_make(server):
    connection = await asyncpg.connect(server.here.settings.database)
    try:
        plan = await Queries(AsyncpgDriver(connection), **postgres._named()).plan_upgrade()
    finally:
        await connection.close()

    assert list(plan.statements) == []
    assert list(plan.notes) == []
