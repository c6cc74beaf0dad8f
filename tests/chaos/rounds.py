"""One round: everybody is busy, something happens and passes, everybody goes on, then every promise is looked at."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.chaos import checks, deaths, troubles
from tests.chaos.points import PEERS, TROUBLES, Fate
from tests.chaos.world import Actor, World, chance_of

_AFTERWARDS = 2  # things each is answered once all is well again
_AFTERWARDS_S = 180.0  # guards against hanging
_BREATH_S = 0.06


@dataclass(frozen=True, slots=True)
class Told:
    """What a round was like, in numbers."""

    seconds: float
    answered: int
    unanswered: int
    refused: int
    sent_again: int

    def __str__(self) -> str:
        numbers = f"{self.answered} answered, {self.unanswered} not, {self.refused} refused"
        return f"{numbers}, {self.sent_again} sent again, {self.seconds:.1f} s"


async def play(world: World, fate: Fate) -> Told:
    """Play one round; raises AssertionError when a promise is broken or nothing happened, and NotHere."""
    troubles.check(world, fate)
    chance = chance_of(world.seed, fate.number)
    started, before = time.monotonic(), _counted(world)
    over = asyncio.Event()
    happens = troubles.happens if fate.point in TROUBLES else deaths.happens
    try:
        async with asyncio.TaskGroup() as tasks:
            for actor in world.actors:
                tasks.create_task(_busy(actor, random.Random(chance.random()), over))
            if fate.point in PEERS:
                tasks.create_task(world.joins())
            await happens(world, fate, chance)
            over.set()
    finally:
        for part in world.parts.values():
            part.disarm()
        for site in world.sites:
            site.was_in_trouble = False
    async with AsyncExitStack() as stack:
        for site in world.sites:
            await stack.enter_async_context(site.held_open())
        await checks.quiet(world)
        await checks.everything(world)
    troubles.forget(world)
    after = _counted(world)
    return Told(time.monotonic() - started, *(now - then for now, then in zip(after, before, strict=True)))


async def _busy(actor: Actor, chance: random.Random, over: asyncio.Event) -> None:
    left, deadline = _AFTERWARDS, 0.0
    while left:
        if over.is_set():
            deadline = deadline or time.monotonic() + _AFTERWARDS_S
            assert time.monotonic() < deadline, f"it does not recover: {actor} is not answered"
        # Looked at before: what began in trouble may be refused.
        counts = over.is_set()
        left -= await actor.act(chance) and counts
        await asyncio.sleep(chance.uniform(0, _BREATH_S))


def _counted(world: World) -> tuple[int, ...]:
    tally = world.tally
    return (tally.answered, tally.unanswered, tally.refused, checks.sent_again(world))
