"""How processes die, at a point or at any moment, and come back."""

from __future__ import annotations

import asyncio
import random
import time

from tests.chaos.cluster import Cluster
from tests.chaos.points import ANY_MOMENT, POSTGRES, Fate
from tests.chaos.site import Part
from tests.chaos.world import World

_DIES_WITHIN_S = 180.0  # guards against hanging
_DEAD_S = 0.3  # at most


async def happens(world: World, fate: Fate, chance: random.Random) -> None:
    """Let the victims die, and start them again; raises AssertionError when they do not."""
    victims = [world.parts[name] for name in fate.victims if name in world.parts]
    cluster = world.cluster if POSTGRES in fate.victims else None
    if fate.point == ANY_MOMENT:
        await asyncio.sleep(fate.after_s)
    else:
        if fate.point.startswith("take over"):
            # Only who comes after everybody has died passes there.
            await asyncio.sleep(0.5)
            victims += world.workers_beside(victims[0])
            for victim in victims:
                victim.kill()
        await _at_its_point(fate, victims[0])
    if cluster:
        await _with_the_database(world, cluster, victims, chance)
        return
    for victim in victims:
        victim.kill()
    await asyncio.sleep(chance.uniform(0, _DEAD_S))
    await asyncio.gather(*(part.start() for part in victims))


async def _at_its_point(fate: Fate, victim: Part) -> None:
    victim.arm(fate.point, fate.nth)
    if victim.is_dead:
        await victim.start()
    deadline = time.monotonic() + _DIES_WITHIN_S
    while not victim.is_dead:
        assert time.monotonic() < deadline, f"{victim.name} never passed “{fate.point}” {fate.nth} times"
        await asyncio.sleep(0.01)


async def _with_the_database(world: World, cluster: Cluster, victims: list[Part], chance: random.Random) -> None:
    """PostgreSQL dies under both servers, and some of their processes with it."""
    world.trouble(*world.sites)
    await asyncio.to_thread(cluster.kill)
    for victim in victims:
        victim.kill()
    await asyncio.sleep(chance.uniform(0, _DEAD_S))
    await cluster.start()
    await asyncio.gather(*(part.start() for part in victims))
    world.well(*world.sites)
