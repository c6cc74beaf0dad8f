"""Parts of pages that are drawn once for all pages that show the same, as lines of streams are.

What a part is made of is the key under which it is kept: whatever changes makes another key, so nothing kept can be
wrong. A page drawn anew after somebody saved a page differs in that line, and seldom in its head or its side.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from markupsafe import Markup

from fedimark.here import forget_oldest, here

MOST: Final = 1_000
"""Parts, of some three kilobytes."""
LONGEST: Final = 16_384  # letters of a part that is kept

_DRAWN = "web.drawn"


def drawn(draw: Callable[..., Markup], *values: Hashable) -> Markup:
    """What the macro `draw` makes of some values, in whose language it is.

    They are plain ones: words that are drawn in each language otherwise (`language.said`) equal their English. The
    macro knows nothing beside them, and stands in a file of macros, for those of a page are made anew with each.
    """
    parts: dict[tuple[object, ...], Markup] = here().caches.setdefault(_DRAWN, {})
    key = (draw, values)
    part = parts.pop(key, None)
    if part is None:
        part = draw(*values)
        if len(parts) >= MOST:
            forget_oldest(parts)  # the one that was not used for longest
    if len(part) <= LONGEST:
        parts[key] = part
    return part
