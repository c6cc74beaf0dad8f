"""PURE. Moments in words: how long ago, and exactly when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY
MONTH = 30.4375 * DAY
YEAR = 365.25 * DAY

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    moment = _moment(at, _zone(time_zone))
    return f"{moment.day} {moment:%B} {moment.year}, {moment:%H:%M} {moment.tzname()}"


def day(at: int, time_zone: str) -> str:
    """Write the day of a moment out: `12 December 2018`."""
    moment = _moment(at, _zone(time_zone))
    return f"{moment.day} {moment:%B} {moment.year}"


def month(at: int, time_zone: str) -> str:
    """Write the month of a moment out, the heading of a long stream: `December 2018`."""
    moment = _moment(at, _zone(time_zone))
    return f"{moment:%B} {moment.year}"


def machine(at: int) -> str:
    """Write a moment for the `datetime` attribute of `<time>`: `2018-12-12T18:00:00Z`."""
    return f"{_moment(at, UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def _counted(count: int, word: str) -> str:
    return f"{count} {word} ago" if count == 1 else f"{count} {word}s ago"


def _moment(at: int, zone: tzinfo) -> datetime:
    # Adding keeps microseconds exact and works before 1970 on every platform, which fromtimestamp() does not.
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
