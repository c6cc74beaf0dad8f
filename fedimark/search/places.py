"""PURE. Where a bookmark stands in the index: places are in the order of moments, so that the newest are read first."""

from __future__ import annotations

from typing import Final

LAST: Final = 2**62  # beyond every place
_SINCE: Final = 2_208_988_800_000  # milliseconds from 1900 to 1970; what is older than that stands together
_OF_ONE: Final = 1_024  # places of a millisecond; more than that spill over into the next


def place_of(moment: int) -> int:
    """The first place of a moment (microseconds since 1970, UTC)."""
    return max(0, moment // 1_000 + _SINCE) * _OF_ONE


def end_of(place: int) -> int:
    """The first place after those of a place's own moment."""
    return (place // _OF_ONE + 1) * _OF_ONE
