"""PURE. Moments in words: how long ago, and exactly when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from functools import lru_cache
from typing import Final

from fedimark.language.catalogue import ENGLISH, Catalogue
from fedimark.language.said import Said, _, ngettext
from fedimark.text.calendar import beginning, moment_in, span_of, this_day, zone

__all__ = ["ago", "beginning", "date_of", "day", "exact", "machine", "month", "span_of", "this_day"]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30.4375 * DAY
YEAR = 365.25 * DAY

_DISTANCES: Final[tuple[tuple[float, float, Callable[[int], Said]], ...]] = (
    (MINUTE, MINUTE, lambda _count: _("just now")),
    (HOUR, MINUTE, lambda count: ngettext("%(num)s minute ago", "%(num)s minutes ago", count)),
    (DAY, HOUR, lambda count: ngettext("%(num)s hour ago", "%(num)s hours ago", count)),
    (2 * DAY, 2 * DAY, lambda _count: _("yesterday")),
    (2 * WEEK, DAY, lambda count: ngettext("%(num)s day ago", "%(num)s days ago", count)),
    (3 * MONTH, WEEK, lambda count: ngettext("%(num)s week ago", "%(num)s weeks ago", count)),
    (2 * YEAR, MONTH, lambda count: ngettext("%(num)s month ago", "%(num)s months ago", count)),
)


def _years(count: int) -> Said:
    return ngettext("%(num)s year ago", "%(num)s years ago", count)


def ago(at: int, now: int, catalogue: Catalogue = ENGLISH) -> str:
    """Say how long before `now` a moment was, in Pinboard's words: `just now`, `yesterday`, `7 days ago`.

    Both are microseconds since 1970, UTC; a moment after `now` is `just now`. Days are counted up to a fortnight, weeks
    up to three months, months up to two years.
    """
    seconds = (now - at) // 1_000_000
    for below, unit, words in _DISTANCES:
        if seconds < below:
            return _said(words, int(seconds // unit), catalogue)
    return _said(_years, int(seconds // YEAR), catalogue)


def exact(at: int, time_zone: str, catalogue: Catalogue = ENGLISH) -> str:
    """Write a moment out for a person in a time zone: `12 December 2018, 18:00 UTC`; an unknown zone reads as UTC."""
    moment = moment_in(at, zone(time_zone))
    return f"{catalogue.dates.exact(moment)} {moment.tzname()}"


def day(at: int, time_zone: str, catalogue: Catalogue = ENGLISH) -> str:
    """Write the day of a moment out: `12 December 2018`."""
    return catalogue.dates.day(moment_in(at, zone(time_zone)))


@lru_cache(maxsize=4_096)  # of the same moments, for their lines stand on many pages
def month(at: int, time_zone: str, catalogue: Catalogue = ENGLISH) -> str:
    """Write the month of a moment out, the heading of a long stream: `December 2018`."""
    return catalogue.dates.month(moment_in(at, zone(time_zone)))


def day_of_year(at: int, time_zone: str, catalogue: Catalogue = ENGLISH) -> str:
    """Write the day of a moment out without its year: `12 December`."""
    return catalogue.dates.day_of_year(moment_in(at, zone(time_zone)))


def date_of(at: int, time_zone: str) -> str:
    """The day of a moment in a person's calendar, as addresses name it: `2026-12-24`."""
    return moment_in(at, zone(time_zone)).date().isoformat()


def machine(at: int) -> str:
    """Write a moment for the `datetime` attribute of `<time>`: `2018-12-12T18:00:00Z`."""
    return f"{moment_in(at, UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


@lru_cache(maxsize=1_024)
def _said(words: Callable[[int], Said], count: int, catalogue: Catalogue) -> str:
    return words(count).written(catalogue)
