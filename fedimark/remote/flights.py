"""Asking once for everybody who asks now, and not again at once for what just failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fedimark.database import Row
from fedimark.errors import FedimarkError, Gone, NotFound, Postponed, Unreachable, Untrustworthy
from fedimark.here import MICROS, here, now, put_last

REFUSED_FOR = 300 * MICROS
UNREACHABLE_FOR = 60 * MICROS  # what the sender is told to wait for

_MOST_KEPT = 1_000

T = TypeVar("T")


async def together(name: str, work: Callable[[], Awaitable[T]]) -> T:
    """Do one piece of work for everybody who asks for it now; it goes on when one of them stops waiting."""
    flights: dict[str, asyncio.Future[Any]] = here().caches.setdefault("remote.flights", {})
    if name not in flights:
        task = asyncio.ensure_future(work())
        flights[name] = task
        task.add_done_callback(lambda done: _landed(flights, name, done))
    landed: T = await asyncio.shield(flights[name])
    return landed


async def remembering_failure(name: str, work: Callable[[], Awaitable[Row]]) -> Row:
    """Do some work, and remember for `raise_again` when it fails because of the other server."""
    try:
        return await work()
    except Postponed:
        raise  # nobody was asked
    except (Gone, NotFound, Unreachable, Untrustworthy) as error:
        put_last(_failed(), name, (now(), type(error), error.message), _MOST_KEPT)
        raise


def raise_again(name: str) -> None:
    """Raise what the work of that name raised in the last five minutes, or in the last one when nobody answered."""
    at, kind, message = _failed().get(name, (0, Unreachable, ""))
    if at > now() - (UNREACHABLE_FOR if issubclass(kind, Unreachable) else REFUSED_FOR):
        raise kind(message)


def _failed() -> dict[str, tuple[int, type[FedimarkError], str]]:
    failed: dict[str, tuple[int, type[FedimarkError], str]] = here().caches.setdefault("remote.failed", {})
    return failed


def _landed(flights: dict[str, asyncio.Future[Any]], name: str, done: asyncio.Future[Any]) -> None:
    flights.pop(name, None)
    if not done.cancelled():
        done.exception()  # looked at, so that nobody is told it never was
