"""PURE. A request as its signature sees it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Literal

Reason = Literal[
    "unsigned",
    "malformed",
    "missing-header",
    "wrong-host",
    "wrong-digest",
    "stale",
    "future",
    "expired",
    "wrong-algorithm",
    "wrong-signature",
]

KEY_ID = re.compile(r"https?://[\x21\x23-\x5b\x5d-\x7e]{1,2040}")  # what any header can carry between quotes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LENGTH = len("Thu, 20 Aug 2026 09:15:00 GMT")
_IMF_FIXDATE = re.compile(
    rf"(?:{'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)


class BadSignature(ValueError):
    """A signature that proves nothing; `reason` is a fixed word for logs and answers, never the sender's text."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request, whole.

    `target` is the raw path with its query, as it stood in the request line. `headers` maps lower-case names to all
    their values in order; bytes above ASCII are read as Latin-1, so that the signed bytes can be restored.
    """

    method: str
    target: str
    headers: Mapping[str, tuple[str, ...]]
    body: bytes


def digest(body: bytes) -> str:
    """The value of a Digest header over exactly these bytes. (RFC 3230)"""
    return "SHA-256=" + b64encode(sha256(body).digest()).decode("ascii")


def http_date(at: int) -> str:
    """A moment, in microseconds since 1970 UTC, as a Date header says it. (RFC 9110 §5.6.7)

    Names of days and months are English whatever the locale.
    """
    moment = _EPOCH + timedelta(microseconds=at)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def read_http_date(value: str) -> int | None:
    """Microseconds since 1970 UTC, or None for anything but an IMF-fixdate. (RFC 9110 §5.6.7)"""
    return _moment(value) if len(value) == _LENGTH else None


@lru_cache(maxsize=1024)  # of all that comes in a second the date is the same
def _moment(value: str) -> int | None:
    match = _IMF_FIXDATE.fullmatch(value)
    if match is None:
        return None
    day, month, year, hour, minute, second = match.groups()
    try:
        moment = datetime(
            int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
        )
    except ValueError:
        return None
    return (moment - _EPOCH) // _MICROSECOND
