"""What one server is made of, as one frozen value; the only ambient state, held in one ContextVar.

It is entered together with that server's database context by the ASGI wrapper, the worker and the command line, so that
several servers live in one process without sharing rows, settings, clock or keys.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from fedimark.metrics import Metrics
from fedimark.settings import Settings

if TYPE_CHECKING:
    import httpx

K = TypeVar("K")
V = TypeVar("V")

MICROS = 1_000_000  # in a second

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"  # base32 (RFC 4648 §6)
_PAIRS = tuple(first + second for first in _LETTERS for second in _LETTERS)


def wall_clock() -> int:
    """Now, in microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def random_id() -> str:
    """A public id: 64 random bits as 13 characters of base32, so it counts nothing and is never guessed."""
    # Each request has one, and the standard library's way takes four times as long.
    bits = secrets.randbits(64) << 1
    high = _PAIRS[bits >> 55] + _PAIRS[bits >> 45 & 1023] + _PAIRS[bits >> 35 & 1023]
    return high + _PAIRS[bits >> 25 & 1023] + _PAIRS[bits >> 15 & 1023] + _PAIRS[bits >> 5 & 1023] + _LETTERS[bits & 31]


def random_chance() -> float:
    """A number from 0 to 1 that nobody can foresee."""
    return secrets.randbits(32) / 2**32


class Rows(Protocol):
    """What this floor must know of a database: how to make its rows the current ones."""

    def enter(self) -> Any:
        """Make these rows the current ones for this task."""

    def leave(self, token: Any) -> None:
        """Undo `enter`."""


@dataclass(frozen=True, slots=True)
class Here:
    """One running server: what it was told, its clock, its way out, its database, and what it keeps in memory.

    `wake` is set when there is work for the worker, `ending` once this process is to end: what was begun is finished
    then, and nothing new begun. `caches` belongs to the rooms that use it, each under its own name; nothing in it is a
    truth of its own. `metrics` is what this process counted.
    """

    settings: Settings
    database: Rows
    http: httpx.AsyncClient
    clock: Callable[[], int] = wall_clock
    new_id: Callable[[], str] = random_id
    chance: Callable[[], float] = random_chance
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    caches: dict[str, Any] = field(default_factory=dict)
    metrics: Metrics = field(default_factory=Metrics)


_here: ContextVar[Here] = ContextVar("here")


def here() -> Here:
    """The server this code is running for; raises LookupError outside of any."""
    return _here.get()


def put_last(kept: dict[K, V], key: K, value: V, most: int) -> None:
    """Keep a value in memory as the newest of at most so many: whatever was put there longest ago is forgotten."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > most:
        forget_oldest(kept)


def forget_oldest(kept: dict[Any, Any]) -> None:
    """Forget what was put into memory longest ago. Where another thread does so too just then, one of both does."""
    with suppress(KeyError, RuntimeError, StopIteration):
        del kept[next(iter(kept))]


def now() -> int:
    """The server's time, in microseconds since 1970, UTC."""
    return _here.get().clock()


class Entered:
    """A block that is run as a server: with its settings, its clock, its rows. Each request is one."""

    __slots__ = ("_rows", "_server", "_token")

    def __init__(self, server: Here) -> None:
        self._server = server

    async def __aenter__(self) -> Here:
        self._token: Token[Here] = _here.set(self._server)
        self._rows = self._server.database.enter()
        return self._server

    async def __aexit__(self, *raised: object) -> None:
        self._server.database.leave(self._rows)
        _here.reset(self._token)


@contextmanager
def standing_in(server: Here) -> Iterator[None]:
    """Run a block that waits for nothing as this server."""
    token, rows = _here.set(server), server.database.enter()
    try:
        yield
    finally:
        server.database.leave(rows)
        _here.reset(token)


def entered(server: Here) -> Entered:
    """Run a block as this server: its settings, its clock, its rows."""
    return Entered(server)
