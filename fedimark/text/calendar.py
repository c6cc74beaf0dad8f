"""PURE. Days of a person's calendar as spans of time, in microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400_000_000


def beginning(text: str, time_zone: str) -> int | None:
    """When a day of a person's calendar begins, `2026-12-24`, in microseconds since 1970, UTC; None for no such day."""
    if len(text) != 10 or not text.isascii():
        return None
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone(time_zone))
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def span_of(text: str, time_zone: str) -> tuple[int, int] | None:
    """From when to when a day of a person's calendar lasts, which may be 23 or 25 hours; None for no such day."""
    since = beginning(text, time_zone)
    if since is None:
        return None
    try:
        after = (datetime.fromisoformat(text) + timedelta(days=1)).date().isoformat()
    except (ValueError, OverflowError):
        return None
    until = beginning(after, time_zone)
    return None if until is None else (since, until)


def this_day(now: int, time_zone: str, years: int = 40) -> tuple[tuple[int, int], ...]:
    """The same day of the calendar in each of the years before, the latest first; on 29 February every fourth."""
    today = moment_in(now, zone(time_zone))
    texts = (f"{today.year - back:04}-{today.month:02}-{today.day:02}" for back in range(1, years + 1))
    return tuple(span for text in texts if (span := span_of(text, time_zone)))


def moment_in(at: int, where: tzinfo) -> datetime:
    """A moment as the clocks of a zone show it; as those of UTC where they showed a year that no calendar here has."""
    # Adding keeps microseconds exact and works before 1970 on every platform, which fromtimestamp() does not.
    moment = _EPOCH + timedelta(microseconds=at)
    try:
        return moment.astimezone(where)
    except OverflowError:  # the first hours of the year 1, west of Greenwich
        return moment


def month_of(at: int) -> int:
    """The month of a moment in UTC, counted from January of the year 0."""
    return month_of_day(at // _DAY)


@lru_cache(maxsize=4_096)
def month_of_day(number: int) -> int:
    """The month of the day so many days after 1970; what no calendar holds is its nearest end."""
    day = day_of(number)
    return day.year * 12 + day.month - 1


def day_of(number: int) -> date:
    """The day so many days after 1970; what no calendar holds is its nearest end."""
    return date.fromordinal(min(max(number + _EPOCH_DAY, 1), date.max.toordinal()))


def first_day_of(month: int) -> int:
    """The first day of a month, counted from January of the year 0, in days since 1970; of no year, the nearest end."""
    years, months = divmod(min(max(month, 12), 9_999 * 12 + 11), 12)
    return date(years, months + 1, 1).toordinal() - _EPOCH_DAY


def beginning_of(month: int) -> int:
    """When a month begins in UTC, counted from January of the year 0."""
    return first_day_of(month) * _DAY


def zone(name: str) -> tzinfo:
    """A time zone by name; an unknown one is UTC."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
