"""One process's share of the work, where several share it: which lanes it is working on, and under which locks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Protocol

from fedimark.here import here
from fedimark.jobs.bell import EVERYTHING
from fedimark.jobs.lanes import FEW, GATHER_S, Step, Work, pause, taken


class Locks(Protocol):
    """One lock for each lane, over all machines."""

    async def take(self, names: Iterable[str]) -> set[str]:
        """Take what is free of them, and say what was."""

    async def let_go(self, names: Iterable[str]) -> None:
        """Let others have them."""


class Crew:
    """The lanes that one process is working on this moment; each at most once here, and most at most once anywhere."""

    def __init__(self, work: Work, locks: Locks, ring: Callable[[str], Awaitable[None]]) -> None:
        parts = {
            name: {f"{name}:{number}": step for number, step in enumerate(work.shards[name])}
            if name in work.shards
            else {name: step}
            for name, step in work.steps.items()
        }
        self.steps: Mapping[str, Step] = {lane: step for lanes in parts.values() for lane, step in lanes.items()}
        self.bells: Mapping[str, tuple[str, ...]] = MappingProxyType(
            {name: tuple(lanes) for name, lanes in parts.items()}
            | {lane: (lane,) for lane in self.steps}
            | {EVERYTHING: tuple(self.steps)}
        )
        self._shared, self._parts = work.shared, {lane for name in work.shards for lane in parts[name]}
        self._few = {**work.gathered, **dict.fromkeys(self._parts, FEW)}
        self._locks, self._ring = locks, ring
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._found = False
        self._freed: list[str] = []
        self._freeing: asyncio.Task[None] | None = None
        self._door = asyncio.Lock()
        self._ended = False

    async def look(self, bell: str) -> list[asyncio.Task[None]]:
        """Look into the lanes of a bell, but for those that another process is working on; returns what was begun.

        A lane that is being worked on here is looked into once more.
        """
        if here().ending.is_set():
            return []
        lanes = self.bells[bell]
        async with self._door:
            self._again.update(lane for lane in lanes if lane in self._running)
            idle = [lane for lane in lanes if lane not in self._running]
            alone = [lane for lane in idle if lane not in self._shared]
            free = (await self._locks.take(alone)) if alone else set()
            if self._ended:  # while it waited for the locks, which end with the session
                return []
            begun = {
                lane: asyncio.create_task(self._work_on(lane)) for lane in idle if lane in free or lane in self._shared
            }
            self._running |= begun
            return list(begun.values())

    def has_found(self) -> bool:
        """Whether there was anything to do since this was asked last."""
        found, self._found = self._found, False
        return found

    async def end(self, patience_s: float) -> None:
        """Let what is under way come to its end, and cancel what has not after so long; nothing begins any more."""
        self._ended = True
        running = list(self._running.values())
        if running:
            await asyncio.wait(running, timeout=patience_s)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._freeing is not None:
            await asyncio.gather(self._freeing, return_exceptions=True)

    async def _work_on(self, lane: str) -> None:
        handed_on = False
        try:
            handed_on = await self._is_handed_on(lane)
        finally:
            del self._running[lane]
            if lane not in self._shared:
                self._let_go(lane)
        if handed_on:
            await self._locks.let_go(self._taken_back(lane))
            await taken("ringing", lambda: self._say(lane))

    async def _is_handed_on(self, lane: str) -> bool:
        """Take steps until there is nothing to do, or so much that whoever is free shall go on."""
        while True:
            self._again.discard(lane)
            did = await taken(lane, self.steps[lane])
            self._found = self._found or did > 0
            if did > FEW and lane in self._parts:
                return True
            if 0 < did <= self._few.get(lane, 0):
                await pause(here().ending, GATHER_S)
            if here().ending.is_set() or (not did and lane not in self._again):
                return False

    async def _say(self, lane: str) -> int:
        await self._ring(lane)
        return 0

    def _let_go(self, lane: str) -> None:
        self._freed.append(lane)
        if self._freeing is None:
            self._freeing = asyncio.create_task(self._free())

    def _taken_back(self, lane: str) -> list[str]:
        """The lane, unless somebody let go of it by now."""
        if lane not in self._freed:
            return []
        self._freed.remove(lane)
        return [lane]

    async def _free(self) -> None:
        """Let go together of what ends together: most lanes are idle most of the time."""
        await asyncio.sleep(0)
        try:
            while self._freed:
                lanes, self._freed = self._freed, []
                await self._locks.let_go(lanes)
        finally:
            self._freeing = None  # not before: whoever ends waits for it, and then closes the connection
