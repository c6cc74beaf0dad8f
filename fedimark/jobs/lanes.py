"""What a worker works on: lanes, each with a step that is taken again and again until it finds nothing to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from fedimark.here import here
from fedimark.logs import WORKER_FAILED, log

Step: TypeAlias = Callable[[], Awaitable[int]]
"""Returns how much it did; more than nothing means: look again at once."""

PAUSE_S = 1.0
"""After which somebody looks without having been woken: what is due at a moment waits so long at most."""
BREATH_S = 0.05
"""Looking in a lane costs as much as a save: the first of many is looked at at once, those after it together."""
FEW = 32
"""Of a part of a lane's work, so much is little: it is gone on with here. After more, whoever is free goes on."""
GATHER_S = 0.2
"""And after so little, what comes meanwhile is left to come together: one at a time costs five times as much."""


@dataclass(frozen=True, slots=True)
class Work:
    """Everything a worker does.

    One process at a time works on a lane, but for those in `shared`, whose steps share rows out by themselves, and
    those in `shards`, whose work is cut into parts that know nothing of each other; `steps` has the whole of those too.
    `take_over` frees what dead workers had taken. In lanes that are `gathered` what comes after little is left to come
    together, as in parts; beside each stands how much is little there.
    """

    steps: Mapping[str, Step]
    shared: frozenset[str]
    shards: Mapping[str, Sequence[Step]]
    take_over: Callable[[], Awaitable[None]]
    gathered: Mapping[str, int] = field(default_factory=dict)


async def taken(name: str, step: Step) -> int:
    """Take a step; one that fails is logged, and found nothing after a pause."""
    try:
        return await step()
    except Exception:
        log.exception(WORKER_FAILED, step=name)
        await pause(here().ending, PAUSE_S)
        return 0


async def taken_over(work: Work) -> None:
    """Free what dead workers had taken; a failure is logged."""
    await taken("taking over", lambda: _nothing(work.take_over))


async def pause(event: asyncio.Event, seconds: float | None) -> None:
    """Wait for an event, or for so long; None: for the event alone."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


async def _nothing(work: Callable[[], Awaitable[None]]) -> int:
    await work()
    return 0
