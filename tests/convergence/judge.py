"""Many plans for one world: Hypothesis draws in a thread of its own, the world lives in the loop of the test."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.convergence.histories import Plan
from tests.convergence.plans import plans
from tests.convergence.world import World


class Differs(AssertionError):
    """Two orders led to two minds."""


async def try_plans(world: World, examples: int, number: int) -> None:
    """Judge so many plans, the same ones for each `number`; raises AssertionError with the least that differs."""
    loop = asyncio.get_running_loop()

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(plans())
    def judge(plan: Plan) -> None:
        wrong = asyncio.run_coroutine_threadsafe(world.judge(plan), loop).result()
        if wrong:
            raise Differs("\n".join(["after one order, and after the other:", *wrong]))

    await asyncio.to_thread(judge)
