"""Who writes to SQLite next, in this process: in the order they came, but those first for whose commit others wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

FIRST: ContextVar[bool] = ContextVar("first", default=False)
"""Set in a task that goes before others who wait to write, though never twice before the same."""

_Line: TypeAlias = "deque[asyncio.Future[None]]"


class Turns(asyncio.Lock):
    """A lock with two lines. Where somebody waits in both, they take turns, so that neither starves the other."""

    def __init__(self) -> None:
        super().__init__()
        self._held = False
        self._hurried: _Line = deque()
        self._patient: _Line = deque()
        self._owed = False  # somebody hurried went before somebody patient
        self._keeper: asyncio.Task[object] | None = None  # for whom the patient are held back

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._held

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While a block runs, nobody patient has their turn but this task; whoever has it keeps it. For one at a time.

        So what they wrote can be seen to, and those for whom others wait go on writing.
        """
        self._keeper = asyncio.current_task()
        try:
            yield
        finally:
            self._keeper = None
            if not self._held:
                self._held = True
                self.release()

    async def acquire(self) -> bool:  # type: ignore[override]
        """Take it, once it is this task's turn."""
        goes_first = FIRST.get() or (self._keeper is not None and self._keeper is asyncio.current_task())
        if not self._held and (goes_first or self._keeper is None):
            self._held = True  # whoever lets go hands it on, so that nobody waits here
            return True
        line = self._hurried if goes_first else self._patient
        turn = asyncio.get_running_loop().create_future()
        line.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it was handed on to who is no more
                self.release()
            elif turn in line:
                line.remove(turn)
            raise
        return True

    def release(self) -> None:
        """Hand it on."""
        while (line := self._next()) is not None:
            turn = line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._held = False

    def _next(self) -> _Line | None:
        patient = self._patient if self._keeper is None else None
        if self._hurried and not (self._owed and patient):
            self._owed = bool(patient)
            return self._hurried
        self._owed = False
        return patient or None
