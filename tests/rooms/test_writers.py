"""Who writes to SQLite when: those first for whose commit somebody waits, and what the log holds by the way."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import pytest

from fedimark.database import Script, ask, brought_in, execute, fetch, hurry, is_hurried, performed, write
from fedimark.database.turns import FIRST, Turns
from fedimark.errors import Unavailable

GUARD_S = 20
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def writer(turns: Turns, done: list[str], name: str) -> None:
    """Somebody who writes once; those called hurried go first."""
    FIRST.set(name.startswith("hurried"))
    async with turns:
        done.append(name)
        await asyncio.sleep(0)


async def order_of(names: list[str]) -> list[str]:
    """The order in which some write who came one after the other while somebody else was writing."""
    turns, done = Turns(), list[str]()
    async with turns:
        tasks = [asyncio.create_task(writer(turns, done, name)) for name in names]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return done


async def test_who_is_waited_for_writes_before_all_others():
    assert await order_of(["one", "two", "hurried"]) == ["hurried", "one", "two"]


async def test_they_never_write_twice_before_somebody_who_waits():
    done = await order_of(["one", "hurried 1", "hurried 2", "two", "hurried 3"])

    assert done == ["hurried 1", "one", "hurried 2", "two", "hurried 3"]


async def test_whoever_no_longer_waits_is_passed_over():
    turns, done = Turns(), list[str]()
    async with turns:
        tasks = [asyncio.create_task(writer(turns, done, name)) for name in ("gone", "hurried and gone", "one")]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[1].cancel()
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert done == ["one"]
    assert not turns.locked()


async def test_whoever_ends_just_when_it_is_their_turn_hands_it_on():
    turns, done = Turns(), list[str]()
    await turns.acquire()
    ending, waiting = (asyncio.create_task(writer(turns, done, name)) for name in ("ending", "waiting"))
    await asyncio.sleep(0)

    turns.release()
    ending.cancel()
    await asyncio.gather(ending, waiting, return_exceptions=True)

    assert done == ["waiting"]
    assert not turns.locked()


async def test_while_the_patient_are_held_back_only_those_write_for_whom_others_wait():
    turns, done = Turns(), list[str]()

    with turns.held_back():
        tasks = [asyncio.create_task(writer(turns, done, name)) for name in ("one", "hurried", "two")]
        for _ in range(5):
            await asyncio.sleep(0)
        meanwhile, done[:] = list(done), []
        async with turns:
            done.append("who holds them back")
    await asyncio.gather(*tasks)

    assert meanwhile == ["hurried"]
    assert done == ["who holds them back", "one", "two"]
    assert not turns.locked()


async def test_who_writes_for_long_knows_whether_others_were_waited_for(server):
    async def waited_for() -> None:
        hurry()
        await performed(lambda: noting("one"))

    await performed(lambda: noting("two"))
    assert not is_hurried()

    await asyncio.create_task(waited_for())

    assert is_hurried()


def noting(*names: str) -> Script[int]:
    for name in names:
        yield from ask("INSERT INTO fact (name, value) VALUES (?, '')", name)
    return len(names)


async def test_a_script_is_a_transaction_of_its_own(server):
    assert await performed(lambda: noting("one", "two")) == 2

    assert len(await fetch("SELECT name FROM fact WHERE name IN ('one', 'two')")) == 2


async def test_of_a_script_that_fails_nothing_stays_and_others_write_on(server):
    def failing() -> Script[None]:
        yield from noting("one")
        raise LookupError

    with pytest.raises(LookupError):
        await performed(failing)

    assert not await fetch("SELECT name FROM fact WHERE name = 'one'")
    assert await performed(lambda: noting("two")) == 1


async def test_a_script_inside_a_transaction_is_part_of_it(server):
    with contextlib.suppress(LookupError):
        async with write():
            await performed(lambda: noting("one"))
            raise LookupError

    assert not await fetch("SELECT name FROM fact WHERE name = 'one'")


@on_sqlite
async def test_a_script_that_cannot_be_written_says_so(server):
    with contextlib.closing(sqlite3.connect(server.here.settings.sqlite_path, isolation_level=None)) as other:
        await execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(Unavailable):
            await performed(lambda: noting("one"))

        other.execute("ROLLBACK")
    assert await performed(lambda: noting("two")) == 1


@on_sqlite
async def test_what_the_log_holds_is_brought_into_the_file_while_others_write(server):
    path = server.here.settings.sqlite_path
    before = path.stat().st_size

    async with brought_in():
        for number in range(40):
            await performed(lambda name=f"long {number}": noting_long(name))

        async with asyncio.timeout(GUARD_S):
            while path.stat().st_size < before + 40 * 100_000:
                await asyncio.sleep(0.05)
    assert len(await fetch("SELECT name FROM fact WHERE name LIKE 'long%'")) == 40


def noting_long(name: str) -> Script[None]:
    yield from ask("INSERT INTO fact (name, value) VALUES (?, ?)", name, "x" * 100_000)
