"""Doing together what many ask for at once, as a group commit does: whoever comes while others are served waits for
them, and is then served with all who came meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from fedimark.here import here

_PAUSES = 5

T = TypeVar("T")
R = TypeVar("R")


class Gathering(Generic[T, R]):
    """Calls with one value each, answered together by `work`, which returns as many answers as it is given values.

    Never more than `most` at once, and `at_once` such groups side by side; the first of a group waits `pause_s` for
    others, and while some come again as long, a few times. What `work` raises is raised to each of its group; of an
    answer that is an exception only its own caller hears. `work` runs in a task of its own: call this outside of every
    transaction.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int,
        at_once: int = 1,
        pause_s: float = 0,
    ) -> None:
        self._work, self._most, self._at_once, self._pause_s = work, most, at_once, pause_s
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._groups: set[asyncio.Task[None]] = set()

    async def __call__(self, value: T) -> R:
        """The answer to one value."""
        return await self.put(value)

    def put(self, value: T) -> asyncio.Future[R]:
        """The answer to one value, once there is one: for who has something else to do until then."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((value, answer))
        if len(self._groups) < self._at_once:
            self._groups.add(asyncio.create_task(self._serve()))
        return answer

    async def _serve(self) -> None:
        try:
            while self._waiting:
                for _ in range(_PAUSES if self._pause_s else 0):
                    before = len(self._waiting)
                    if before >= self._most:
                        break
                    await asyncio.sleep(self._pause_s)
                    if len(self._waiting) == before:
                        break
                some = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                await self._answer([each for each in some if not each[1].done()])
        finally:
            # At once, not when the loop tells of the end: whoever comes in between would wait for ever.
            self._groups.discard(asyncio.current_task())

    async def _answer(self, some: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if not some:
            return
        try:
            answers = await self._work([value for value, _ in some])
        except BaseException as error:
            for _, waiting in some:
                if not waiting.done():
                    waiting.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            if not isinstance(error, Exception):
                raise
            return
        for (_, waiting), answer in zip(some, answers, strict=True):
            if waiting.done():
                continue
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)


def gathered(
    name: str, work: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]], most: int
) -> Gathering[T, R]:
    """This server's calls of one name, answered together by `work`, at most `most` of them at once."""
    caches = here().caches
    if name not in caches:
        caches[name] = Gathering(work, most=most)
    found: Gathering[T, R] = caches[name]
    return found
