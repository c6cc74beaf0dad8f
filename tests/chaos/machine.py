"""What a server's machine tells it: the time, and where names lead. Files in a folder say how it is wrong."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

FAIL, TIME_OUT = "fail", "time out"
_SILENCE_S = 3.0
_THIS_MACHINE = "127.0.0.1"


class Machine:
    """The machine of one server, which every process of it shares."""

    def __init__(self, folder: Path) -> None:
        self._jump, self._names, self._asked = folder / "jump", folder / "names", folder / "asked"

    @property
    def jump_s(self) -> int:
        """How far the clock is ahead."""
        return int(_read(self._jump) or 0)

    @property
    def has_asked(self) -> bool:
        """Whether somebody asked for a name since the names were broken."""
        return self._asked.exists()

    def jump(self, seconds: int) -> None:
        """Let the clock jump."""
        _write(self._jump, str(self.jump_s + seconds))

    def break_names(self, how: str) -> None:
        """Let every look-up of a name fail at once, or never be answered."""
        self._asked.unlink(missing_ok=True)
        _write(self._names, how)

    def mend_names(self) -> None:
        """Let names lead to this machine again."""
        self._names.unlink(missing_ok=True)

    def inject(self) -> None:
        """Let this process see the machine so: its clock, and what aiohttp asks for names."""
        time.time, time.time_ns = self._later(time.time, 1), self._later(time.time_ns, 1_000_000_000)
        ThreadedResolver.resolve = _resolving(self)  # type: ignore[method-assign]

    async def look_up(self, host: str, port: int) -> list[ResolveResult]:
        """Where a name leads; raises OSError while names are broken."""
        if how := _read(self._names):
            self._asked.touch()
            if how == TIME_OUT:
                await asyncio.sleep(_SILENCE_S)
            raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=_THIS_MACHINE, port=port, family=socket.AF_INET, proto=0, flags=flags)
        ]

    def _later(self, clock: Callable[[], Any], second: int) -> Callable[[], Any]:
        return lambda: clock() + self.jump_s * second


def _resolving(machine: Machine) -> Callable[..., Any]:
    async def resolve(self: Any, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return await machine.look_up(host, port)

    return resolve


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        return ""


def _write(file: Path, text: str) -> None:
    beside = file.with_suffix(".new")
    beside.write_text(text)
    beside.replace(file)
