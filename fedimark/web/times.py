"""PURE. Moments in words: how long ago, and exactly when."""

from __future__ import annotations

from datetime import UTC

from fedimark.text.calendar import beginning, moment_in, span_of, this_day, zone

__all__ = ["ago", "beginning", "date_of", "day", "exact", "machine", "month", "span_of", "this_day"]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30.4375 * DAY
YEAR = 365.25 * DAY


def ago(at: int, now: int) -> str:
    """Say how long before `now` a moment was, in Pinboard's words: `just now`, `yesterday`, `7 days ago`.

    Both are microseconds since 1970, UTC; a moment after `now` is `just now`. Days are counted up to a fortnight, weeks
    up to three months, months up to two years.
    """
    seconds = (now - at) // 1_000_000
    if seconds < MINUTE:
        return "just now"
    if DAY <= seconds < 2 * DAY:
        return "yesterday"
    for below, unit, word in (
        (HOUR, MINUTE, "minute"),
        (DAY, HOUR, "hour"),
        (2 * WEEK, DAY, "day"),
        (3 * MONTH, WEEK, "week"),
        (2 * YEAR, MONTH, "month"),
    ):
        if seconds < below:
            return _counted(int(seconds // unit), word)
    return _counted(int(seconds // YEAR), "year")


def exact(at: int, time_zone: str) -> str:
    """Write a moment out for a person in a time zone: `12 December 2018, 18:00 UTC`; an unknown zone reads as UTC."""
    moment = moment_in(at, zone(time_zone))
    return f"{moment.day} {moment:%B} {moment.year}, {moment:%H:%M} {moment.tzname()}"


def day(at: int, time_zone: str) -> str:
    """Write the day of a moment out: `12 December 2018`."""
    moment = moment_in(at, zone(time_zone))
    return f"{moment.day} {moment:%B} {moment.year}"


def month(at: int, time_zone: str) -> str:
    """Write the month of a moment out, the heading of a long stream: `December 2018`."""
    moment = moment_in(at, zone(time_zone))
    return f"{moment:%B} {moment.year}"


def date_of(at: int, time_zone: str) -> str:
    """The day of a moment in a person's calendar, as addresses name it: `2026-12-24`."""
    return moment_in(at, zone(time_zone)).date().isoformat()


def machine(at: int) -> str:
    """Write a moment for the `datetime` attribute of `<time>`: `2018-12-12T18:00:00Z`."""
    return f"{moment_in(at, UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _counted(count: int, word: str) -> str:
    return f"{count} {word} ago" if count == 1 else f"{count} {word}s ago"
