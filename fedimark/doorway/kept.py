"""Answers that are kept as long as nothing in the database has changed, and ten seconds at most.

Whatever is written anywhere, by any process, ends all of them at once: what was hidden is never shown again. The ten
seconds are for what changes by itself: moments in words, mutes that end, sessions that run out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from fedimark.database import stamp
from fedimark.here import MICROS, here, now
from fedimark.metrics import CACHE

T = TypeVar("T")
FOR: Final = 10 * MICROS
MOST: Final = 500  # answers of one kind


@dataclass(slots=True)
class _Shelf:
    """What was made since the database is as it is, each with when."""

    stamp: Hashable = None
    made: dict[Hashable, tuple[int, Any]] = field(default_factory=dict)


async def kept(kind: str, key: Hashable, make: Callable[[], Awaitable[T]], most: int = MOST) -> T:
    """What `make` makes, or made before; `key` holds all that it depends on beside the database and the clock."""
    server = here()
    shelf: _Shelf = server.caches.setdefault(f"doorway.kept.{kind}", _Shelf())
    before = await stamp()
    if shelf.stamp != before:
        shelf.stamp, shelf.made = before, {}
    found = shelf.made.get(key)
    if found is not None and 0 <= now() - found[0] < FOR:
        server.metrics.count(CACHE, kind, "hit")
        return found[1]  # type: ignore[no-any-return]
    server.metrics.count(CACHE, kind, "miss")
    begun = now()
    value = await make()
    # Not where something was written meanwhile: a newer shelf began, or the next look begins one.
    if shelf.stamp == before:
        if len(shelf.made) >= most:
            del shelf.made[next(iter(shelf.made))]
        shelf.made[key] = begun, value
    return value
