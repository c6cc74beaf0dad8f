"""PURE. Moments as files spell them, read into microseconds since 1970 (UTC), and written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from fedimark.importing.rows import excerpt
from fedimark.language.said import _

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO: Final = timedelta(microseconds=1)
_FIRST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICRO
_LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICRO
_FROM_1601: Final = 11_644_473_600 * 1_000_000

# By size alone: seconds to the year 9999, then milliseconds, then microseconds to 2286, then those since 1601 that
# Chromium counts (1970 is 1.16e16 of them), then nanoseconds. What a smaller unit could name besides lies before 1979.
_SECONDS: Final = 260_000_000_000
_MILLIS: Final = _SECONDS * 1_000
_MICROS: Final = 10_000_000_000_000_000
_WEBKIT: Final = 26_000_000_000_000_000

_LONGEST: Final = 64
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}")
_FRACTION = re.compile(r"([+-]?[0-9]{1,12})\.([0-9]{1,9})")
_APACHE: Final = "%d/%b/%Y:%H:%M:%S %z"
_AMERICAN: Final = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y")


class NoMoment(ValueError):
    """A time nobody can read; the message is for people."""

    def __init__(self, text: object) -> None:
        self.message = _("Its time “%(time)s” can’t be read.", time=excerpt(str(text)))
        super().__init__(self.message)


def moment(text: str | int) -> int | None:
    """The moment that a field names; None when it is blank or 0, which is how many write that they know none.

    Seconds, milliseconds, microseconds, nanoseconds, Chromium's microseconds since 1601, ISO 8601 with an offset or
    none (UTC), and the forms of mail headers and of web servers' logs. Raises NoMoment for everything else, and for
    what lies outside the years 1 to 9999.
    """
    spelled = text.strip() if isinstance(text, str) else str(text)
    if not spelled:
        return None
    # Ten digits, as most files have them, name a second between 2001 and 2286.
    if len(spelled) == 10 and spelled.isascii() and spelled.isdecimal() and spelled[0] != "0":
        return int(spelled) * 1_000_000
    if len(spelled) > _LONGEST:
        raise NoMoment(spelled)
    if _NUMBER.fullmatch(spelled):
        return _bounded(_counted(int(spelled)), spelled) if int(spelled) else None
    if found := _FRACTION.fullmatch(spelled):
        sign = -1 if spelled.startswith("-") else 1
        return _bounded(int(found[1]) * 1_000_000 + sign * int(found[2][:6].ljust(6, "0")), spelled)
    return _dated(spelled)


def chromium_moment(text: str | int) -> int | None:
    """Microseconds since 1601, whatever their size; None for 0 and nothing. Raises NoMoment."""
    spelled = str(text).strip()
    if not spelled or spelled == "0":
        return None
    if not _NUMBER.fullmatch(spelled):
        raise NoMoment(spelled)
    return _bounded(int(spelled) - _FROM_1601, spelled)


def iso(micros: int) -> str:
    """A moment to the second as Pinboard writes it, `2010-12-11T19:48:02Z`."""
    return (_EPOCH + micros * _MICRO).isoformat(timespec="seconds").replace("+00:00", "Z")


def iso_millis(micros: int) -> str:
    """A moment to the millisecond as JavaScript writes it, `2010-12-11T19:48:02.000Z`."""
    return (_EPOCH + micros * _MICRO).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_micros(micros: int) -> str:
    """A moment whole, `2010-12-11T19:48:02.000000Z`."""
    return (_EPOCH + micros * _MICRO).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _counted(number: int) -> int:
    size = abs(number)
    if size < _SECONDS:
        return number * 1_000_000
    if size < _MILLIS:
        return number * 1_000
    if size < _MICROS:
        return number
    return number - _FROM_1601 if size < _WEBKIT else number // 1_000


def _bounded(micros: int, text: str) -> int:
    if not _FIRST <= micros <= _LAST:
        raise NoMoment(text)
    return micros


def _dated(text: str) -> int:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        read = _spelled(text)
    try:
        # Into UTC, which fails for the hours before the year 1 that an offset can name.
        return ((read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC) - _EPOCH) // _MICRO
    except (ValueError, OverflowError):
        raise NoMoment(text) from None


def _spelled(text: str) -> datetime:
    for form in (_APACHE, *_AMERICAN):
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        raise NoMoment(text) from None
