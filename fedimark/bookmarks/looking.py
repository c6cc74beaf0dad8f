"""PURE. When a page is read, and how often its host is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SECOND: Final = 1_000_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR
LOOK_AFTER: Final = 60 * SECOND  # so long after a save its page is read: others ask for it at once
LOOK_AGAIN: Final = DAY  # no sooner is it read once more
ALIAS_AGAIN: Final = 30 * DAY  # when a page that is another one is asked whether it is still
LONGEST_PAUSE: Final = 7 * DAY  # that a server can ask for

PAUSE: Final = SECOND  # between two pages of one host
MOST_A_DAY: Final = 1_000  # pages of one host


@dataclass(frozen=True, slots=True)
class Try:
    """One try to read a page: when the first of its round was, and when the next is due; None after the last."""

    since: int
    next_at: int | None


@dataclass(frozen=True, slots=True)
class Pace:
    """What a host was asked: when last, how often in the day that began at `since`, and until when it is booked."""

    asked_at: int = -DAY
    since: int = 0
    asked: int = 0
    booked: int = 0


def try_at(moment: int, looked_at: int | None, look_at: int) -> Try:
    """A try that begins now, of a page last looked at and due at these moments.

    After one that failed the next comes an hour later, then after two, four, eight and sixteen hours; then no more. The
    row says which it is by itself: within a round it is due less than a day after the round began.
    """
    goes_on = looked_at is not None and look_at - looked_at < DAY
    since = looked_at if goes_on and looked_at is not None else moment
    wait = max(HOUR, moment - since)
    return Try(since, moment + wait if moment + wait - since < DAY else None)


def may_ask(pace: Pace, moment: int) -> bool:
    """Whether a host may be asked for a page now."""
    return moment >= pace.asked_at + PAUSE and (moment >= pace.since + DAY or pace.asked < MOST_A_DAY)


def asked(pace: Pace, moment: int) -> Pace:
    """After a host was asked."""
    if moment >= pace.since + DAY:
        return replace(pace, asked_at=moment, since=moment, asked=1)
    return replace(pace, asked_at=moment, asked=pace.asked + 1)


def booked(pace: Pace, moment: int) -> Pace:
    """After another page of a host was put off until `booked`: each to a moment of its own."""
    is_spent = pace.asked >= MOST_A_DAY and moment < pace.since + DAY
    earliest = pace.since + DAY if is_spent else moment
    return replace(pace, booked=max(earliest, pace.asked_at, pace.booked) + PAUSE)
