"""Which lanes a process looks into when it has written something itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from fedimark.jobs.bell import EVERYTHING, heard
from fedimark.jobs.lanes import BREATH_S, pause

ALL_EVERY_S: Final = 0.5
"""Looking into all lanes costs some thirty statements, for which whoever reads a page waits."""


class Looks:
    """What there is to look into: all lanes after a quiet moment; where something is written all the time, those that
    were rung for, and all of them twice a second.
    """

    __slots__ = ("_all_at", "_before", "_is_left", "_moment")

    def __init__(self, moment: Callable[[], float] = time.monotonic) -> None:
        self._moment = moment
        self._all_at = moment() - ALL_EVERY_S
        self._is_left = False
        self._before: set[str] = set()

    async def after(self, wake: asyncio.Event) -> AsyncIterator[list[str]]:
        """The bells to answer, each time that somebody woke this process or that lanes were left out long enough."""
        while True:
            await pause(wake, self.rest_s())
            wake.clear()
            yield self.bells(heard())
            await asyncio.sleep(BREATH_S)

    def bells(self, rung: set[str]) -> list[str]:
        """What to answer now, where these were rung."""
        if self._moment() - self._all_at >= ALL_EVERY_S:
            self._all_at, self._is_left, self._before = self._moment(), False, rung
            return [EVERYTHING]
        # Whoever rang last may have committed only now.
        both, self._before, self._is_left = rung | self._before, rung, True
        return sorted(both)

    def rest_s(self) -> float | None:
        """For how long nothing needs to be looked into where nobody wakes this process; None: for ever."""
        return max(self._all_at + ALL_EVERY_S - self._moment(), 0.0) if self._is_left else None
