"""Merging converges: in whatever order, how often and in which shape things come, everybody sees the same in the end.

Histories and orders are drawn (`tests/convergence`); `python -m tests.convergence` tries as many as there is time for.
"""

from __future__ import annotations

import pytest

from tests.convergence.judge import try_plans
from tests.convergence.world import World
from tests.support.fleet import Fleet

EXAMPLES = {"sqlite": 50, "postgres": 12}


@pytest.fixture
async def world(fleet: Fleet) -> World:
    """A server with two readers, and three others around it."""
    return await World(fleet).begin()


async def test_any_order_of_any_history_leads_to_the_same(world: World):
    await try_plans(world, EXAMPLES[world.fleet.storage.kind], number=1)
