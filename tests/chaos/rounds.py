"""One round: everybody is busy, somebody dies and comes back, everybody goes on, then every promise is looked at."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass

from tests.chaos import checks
from tests.chaos.points import ANY_MOMENT, Fate
from tests.chaos.site import Part
from tests.chaos.world import Actor, World, chance_of

_DIES_WITHIN_S = 45.0
_AFTERWARDS = 2  # things each does once everybody is back
_BREATH_S = 0.06


@dataclass(frozen=True, slots=True)
class Told:
    """What a round was like, in numbers."""

    seconds: float
    answered: int
    unanswered: int
    sent_again: int

    def __str__(self) -> str:
        numbers = f"{self.answered} answered, {self.unanswered} not, {self.sent_again} sent again"
        return f"{numbers}, {self.seconds:.1f} s"


async def play(world: World, fate: Fate) -> Told:
    """Play one round; raises AssertionError when a promise is broken, or nobody died."""
    chance = chance_of(world.seed, fate.number)
    started, before = time.monotonic(), (world.tally.answered, world.tally.unanswered, checks.sent_again(world))
    victims = [world.parts[name] for name in fate.victims]
    over = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as tasks:
            for actor in world.actors:
                tasks.create_task(_busy(actor, random.Random(chance.random()), over))
            await _die(fate, victims)
            await asyncio.sleep(chance.uniform(0, 0.3))
            await asyncio.gather(*(part.start() for part in victims))
            over.set()
    finally:
        for part in victims:
            part.disarm()
    await checks.quiet(world)
    await checks.everything(world)
    after = (world.tally.answered, world.tally.unanswered, checks.sent_again(world))
    return Told(time.monotonic() - started, *(now - then for now, then in zip(after, before, strict=True)))


async def _busy(actor: Actor, chance: random.Random, over: asyncio.Event) -> None:
    left = _AFTERWARDS
    while left:
        if over.is_set():
            left -= 1
        await actor.act(chance)
        await asyncio.sleep(chance.uniform(0, _BREATH_S))


async def _die(fate: Fate, victims: list[Part]) -> None:
    """Let it happen; returns when they are dead and buried."""
    if fate.point == ANY_MOMENT:
        await asyncio.sleep(fate.after_s)
    else:
        (victim,) = victims
        if fate.point.startswith("take over"):
            # Only who comes after somebody dead passes there.
            await asyncio.sleep(0.5)
            victim.kill()
        victim.arm(fate.point, fate.nth)
        if victim.is_dead:
            await victim.start()
        deadline = time.monotonic() + _DIES_WITHIN_S
        while not victim.is_dead:
            assert time.monotonic() < deadline, f"{victim.name} never passed “{fate.point}” {fate.nth} times"
            await asyncio.sleep(0.01)
    for victim in victims:
        victim.kill()
