"""Which lanes are looked into, when, by a process that writes all the time."""

from __future__ import annotations

import asyncio

import pytest

from fedimark.database import is_sqlite
from fedimark.here import here
from fedimark.jobs import embedded
from fedimark.jobs.bell import EVERYTHING, heard, ring
from fedimark.jobs.crew import Crew
from fedimark.jobs.lanes import PAUSE_S, Work
from fedimark.jobs.looks import ALL_EVERY_S, Looks
from tests.rooms.test_engine import GUARD_S, Board


class Moments:
    """A clock in seconds."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        """What it shows."""
        return self.at


@pytest.fixture
def moments() -> Moments:
    """A clock that stands still."""
    return Moments()


def test_after_a_quiet_moment_all_lanes_are_looked_into(moments):
    looks = Looks(moments)

    first = looks.bells(set())
    moments.at += ALL_EVERY_S
    second = looks.bells({"inbox"})

    assert first == second == [EVERYTHING]


def test_while_something_is_written_all_the_time_those_rung_for_are_looked_into_and_all_now_and_then(moments):
    looks, seen = Looks(moments), []
    for _ in range(16):
        seen.append(looks.bells({"inbox"}))
        moments.at += ALL_EVERY_S / 8

    assert seen == [[EVERYTHING], *[["inbox"]] * 7] * 2


def test_who_rang_before_it_committed_is_looked_for_once_more(moments):
    looks = Looks(moments)
    looks.bells(set())

    seen = [looks.bells({"inbox"}), looks.bells({"deliveries"}), looks.bells(set()), looks.bells(set())]

    assert seen == [["inbox"], ["deliveries", "inbox"], ["deliveries"], []]


def test_what_was_left_out_is_looked_into_though_nobody_writes_any_more(moments):
    looks = Looks(moments)
    before = looks.rest_s()
    looks.bells(set())
    after_all = looks.rest_s()
    looks.bells({"inbox"})
    after_one = looks.rest_s()
    moments.at += ALL_EVERY_S

    assert (before, after_all, after_one, looks.rest_s()) == (None, None, ALL_EVERY_S, 0.0)
    assert looks.bells(set()) == [EVERYTHING]
    assert looks.rest_s() is None


async def test_a_process_hears_what_it_rang_for_once(server):
    await ring("inbox")
    await ring("deliveries")
    await ring("inbox")

    assert (heard(), heard()) == ({"inbox", "deliveries"}, set())


@pytest.mark.parametrize("is_part", [True, False])
async def test_of_what_comes_bit_by_bit_all_that_came_meanwhile_is_taken_together(server, is_part):
    waiting, found = ["first"], []

    async def more() -> None:
        for number in range(10):
            waiting.append(f"{number}")
            await asyncio.sleep(0)

    async def step() -> int:
        found.append(len(waiting))
        waiting.clear()
        if len(found) == 1:
            here().caches["trial"] = asyncio.create_task(more())
        return found[-1]

    async def nobody(lane: str) -> None:
        raise AssertionError(lane)

    parts = {"part": (step,)} if is_part else {}
    gathered = {} if is_part else {"part": 10}
    work = Work({"part": step}, frozenset(), parts, lambda: nobody(""), gathered)
    if is_sqlite():
        stop = asyncio.Event()
        working = asyncio.create_task(embedded.run(work, stop))
        async with asyncio.timeout(GUARD_S):
            while len(found) < 3:
                await asyncio.sleep(PAUSE_S / 100)
        stop.set()
        await asyncio.wait_for(working, GUARD_S)
    else:
        await asyncio.wait_for(asyncio.gather(*await Crew(work, Board(), nobody).look("part")), GUARD_S)

    assert found[:3] == [1, 10, 0]
