"""PURE. When to try a delivery again."""

from __future__ import annotations

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

# The first try is at once; after these pauses comes the next, the last about seven days later.
PAUSES = (
    *(15 * SECOND, MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR, 3 * HOUR, 8 * HOUR, 16 * HOUR),
    *(DAY, DAY, DAY, DAY, DAY, DAY),
)
SPREAD = 0.25

_SIGNATURE_REFUSED_TRIES = 3
_TRY_AGAIN = frozenset({408, 425, 429})


def next_attempt(tries: int, now: int, retry_after: int | None = None, *, jitter: float) -> int | None:
    """The moment of the next try after `tries` failed ones (at least 1), or None when it was the last.

    Moments and `retry_after`, the other server's wish, are microseconds; a wish wins, but for less than the
    first pause and more than 24 hours. `jitter` is
    from -1 to 1 and moves a pause by up to a quarter, so that not everybody comes at one moment.
    """
    if tries > len(PAUSES):
        return None
    if retry_after is not None:
        return now + min(max(retry_after, PAUSES[0]), DAY)
    return now + int(PAUSES[tries - 1] * (1 + SPREAD * jitter))


def expires_at(created_at: int) -> int:
    """When a delivery that waits for a host in trouble has waited long enough, tried or not."""
    return created_at + WEEK


def is_trouble(status: int) -> bool:
    """Whether an answer says that the whole host is in trouble: 5xx, but 501, which is a plain no."""
    return status >= 500 and status != 501


def is_final(status: int, tries: int) -> bool:
    """Whether an answer other than 2xx, the `tries`-th failure, means: never.

    501 and every 4xx, but 408, 425 and 429; a refused signature (401) is tried three times in all, because a key may
    just have been changed.
    """
    if status == 401:
        return tries >= _SIGNATURE_REFUSED_TRIES
    return status == 501 or (400 <= status < 500 and status not in _TRY_AGAIN)
