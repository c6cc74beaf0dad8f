"""Answers that are kept as long as nothing in the database has changed, and ten seconds at most.

Whatever is written anywhere, by any process, ends all of them at once: what was hidden is never shown again. The ten
seconds are for what changes by itself: moments in words, mutes that end, sessions that run out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from fedimark.database import stamp, stamp_now
from fedimark.here import MICROS, forget_oldest, here, now
from fedimark.metrics import CACHE

T = TypeVar("T")
FOR: Final = 10 * MICROS
MOST: Final = 500  # answers of one kind


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What was made, when that was begun, and how the database was before."""

    value: T
    begun: int
    stamp: Hashable


@dataclass(slots=True)
class _Shelf:
    """What was made since the database is as it is."""

    stamp: Hashable = None
    made: dict[Hashable, Made[Any]] = field(default_factory=dict)


async def kept(kind: str, key: Hashable, make: Callable[[], Awaitable[T]], most: int = MOST) -> T:
    """What `make` makes, or made before; `key` holds all that it depends on beside the database and the clock."""
    return (await held(kind, key, make, most)).value


async def held(kind: str, key: Hashable, make: Callable[[], Awaitable[T]], most: int = MOST) -> Made[T]:
    """The same, with what tells how long it holds."""
    server = here()
    shelf: _Shelf = server.caches.setdefault(f"doorway.kept.{kind}", _Shelf())
    before = await stamp()
    if shelf.stamp != before:
        shelf.stamp, shelf.made = before, {}
    found = shelf.made.get(key)
    if found is not None and _is_young(found):
        server.metrics.count(CACHE, kind, "hit")
        return found
    server.metrics.count(CACHE, kind, "miss")
    begun = now()
    made = Made(await make(), begun, before)
    # Not where something was written meanwhile: a newer shelf began, or the next look begins one.
    if shelf.stamp == before:
        if len(shelf.made) >= most:
            forget_oldest(shelf.made)
        shelf.made[key] = made
    return made


async def still_holds(made: Made[Any]) -> bool:
    """Whether what was made may still be said."""
    return _is_young(made) and made.stamp == await stamp()


def holds_now(made: Made[Any]) -> bool:
    """The same for who waits for nothing: also False where that takes a trip to know."""
    return _is_young(made) and made.stamp == stamp_now()


def _is_young(made: Made[Any]) -> bool:
    return 0 <= now() - made.begun < FOR
