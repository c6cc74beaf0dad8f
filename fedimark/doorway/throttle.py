"""Doors that may not be tried without end: sign-in, sign-up, the set-up code."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from fedimark.errors import TooMany
from fedimark.here import here


async def take(door: str, rate: str, *whos: str) -> None:
    """Count one try at a door for each of `whos` (an account's name, a neighbourhood).

    `rate` reads like `10/15minutes`. Counted before the try is made, so many at once cannot slip through. Raises
    TooMany, with the seconds to wait, when one of them has none left.
    """
    limit = parse(rate)
    for who in whos:
        if not await _limiter().hit(limit, *_key(door, who)):
            raise TooMany(await _wait(limit, door, who))


async def give_back(door: str, rate: str, *whos: str) -> None:
    """A try was good: it does not count."""
    limit = parse(rate)
    for who in whos:
        await _tries().decr(limit.key_for(*_key(door, who)))


def _limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(_tries())


def _tries() -> MemoryStorage:
    tries: MemoryStorage | None = here().caches.get("doorway.throttle")
    if tries is None:
        tries = here().caches["doorway.throttle"] = MemoryStorage()
    return tries


def _key(door: str, who: str) -> tuple[str, str]:
    # Names are what strangers typed: a key is never longer than one can be.
    return door, who[:64]


async def _wait(limit: RateLimitItem, door: str, who: str) -> int:
    stats = await _limiter().get_window_stats(limit, *_key(door, who))
    return max(1, math.ceil(stats.reset_time - time.time()))
