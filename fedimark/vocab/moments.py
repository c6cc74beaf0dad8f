"""Moments as documents say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(at: int) -> str:
    """Microseconds since 1970 UTC as RFC 3339 with a Z.

    The fraction stays: two edits within a second must be told apart by whoever keeps the later one.
    """
    return (_EPOCH + timedelta(microseconds=at)).isoformat().replace("+00:00", "Z")
