"""Entries, made once for all pages that show the same.

What an entry is made of is the key under which it is kept, whose eyes it is for among it: whatever changes makes
another key, so nothing kept can be wrong. A page drawn anew after somebody saved a page makes one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final

from fedimark.here import forget_oldest, here
from fedimark.timelines.entries import Entry

MOST: Final = 3_000
"""Entries, of some four kilobytes with their saves."""
LONGEST: Final = 8_192  # letters of all that one is made of which is kept

_MADE = "timelines.made"


def made(make: Callable[..., Entry], *of: Hashable) -> Entry:
    """The entry that `make` makes of some values, which are all that it looks at."""
    entries: dict[tuple[object, ...], Entry] = here().caches.setdefault(_MADE, {})
    key = (make, of)
    entry = entries.pop(key, None)
    if entry is None:
        entry = make(*of)
        if _letters(of) > LONGEST:
            return entry
        if len(entries) >= MOST:
            forget_oldest(entries)  # the one that was not used for longest
    entries[key] = entry
    return entry


def _letters(values: Iterable[object]) -> int:
    """How many letters stand in some values, and in those that these are made of."""
    amount = 0
    for value in values:
        if isinstance(value, str):
            amount += len(value)
        elif isinstance(value, tuple):
            amount += _letters(value)
    return amount
