"""PURE. When a feed is read again. Moments are microseconds since 1970 UTC; `chance` is from 0 to 1."""

from __future__ import annotations

from typing import Final

SECOND: Final = 1_000_000
FLOOR: Final = 15 * 60 * SECOND
LONGEST: Final = 24 * 3_600 * SECOND
NEVER: Final = 2**62

# A feed that said nothing new for eight days is asked once a day, one of this morning every quarter of an hour.
_SHARE_OF_QUIET: Final = 8
_SPREAD: Final = 0.1


def after_reading(now: int, changed_at: int, wait_s: int, *, chance: float) -> int:
    """The next reading after one that worked: the longer a feed was quiet, the later; never before it wishes.

    At least a quarter of an hour, at most a day, and up to a tenth more, so that not everybody comes at one moment.
    """
    pause = max(FLOOR, (now - changed_at) // _SHARE_OF_QUIET, wait_s * SECOND)
    return now + int(min(pause, LONGEST) * (1 + _SPREAD * chance))


def after_failure(now: int, fails: int, wait_s: int, *, chance: float) -> int:
    """The next try after the `fails`-th failure in a row: twice as long each time, up to a day."""
    pause = max(FLOOR * 2 ** min(fails - 1, 10), wait_s * SECOND)
    return now + int(min(pause, LONGEST) * (1 + _SPREAD * chance))
