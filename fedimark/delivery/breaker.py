"""PURE. Whether a host is worth asking: a breaker for each, and which lane its letters go in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, IntEnum, auto

from fedimark.delivery.retry import DAY, HOUR, MINUTE, WEEK

OPENS_AT = 5  # failures in a row
DORMANT_AT = 7  # days with failures and no answer

_FIRST_PAUSE = MINUTE
_LONGEST_PAUSE = 6 * HOUR
_DOUBLINGS = 9  # then the longest is reached
_RECENT = HOUR
_GRAIN = MINUTE  # how exactly the last answer is remembered: one that is answered a lot costs a write a minute
_PROBED_LATELY = 15 * MINUTE


class Gate(Enum):
    """Whether a host may be asked: as usual, not now, or once to see."""

    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Lane(IntEnum):
    """Letters for hosts that answered lately, and for all others, so that the first never wait for the second."""

    OTHERS = 0
    FAST = 1


@dataclass(frozen=True, slots=True)
class Health:
    """What a host's last answers and silences amount to; moments are microseconds since 1970, 0 is never.

    `open_until` is 0 for a closed breaker; once it has passed, the breaker is half-open.
    """

    fails: int = 0  # in a row
    open_until: int = 0
    failing_days: int = 0  # since the last answer
    failed_at: int = 0
    answered_at: int = 0

    @property
    def is_dormant(self) -> bool:
        """Whether nothing is sent there but a probe a week."""
        return self.failing_days >= DORMANT_AT


def gate(health: Health, now: int) -> Gate:
    """Whether a host may be asked now."""
    if not health.open_until:
        return Gate.CLOSED
    return Gate.OPEN if now < health.open_until else Gate.HALF_OPEN


def lane(health: Health, now: int) -> Lane:
    """The lane of a host's letters: fast for one that answered within the last hour, and did not fail since."""
    lately = not health.fails and health.answered_at > now - _RECENT
    return Lane.FAST if lately else Lane.OTHERS


def answered_since(now: int) -> int:
    """The moment after which a host must have answered for the fast lane."""
    return now - _RECENT


def answered(health: Health, now: int) -> Health:
    """After an answer that shows the host at work: all is well again."""
    lately = health.answered_at > now - _GRAIN
    return Health(answered_at=health.answered_at if lately else now)


def failed(health: Health, now: int) -> Health:
    """After silence or an answer of 5xx.

    The fifth in a row opens the breaker for a minute, each after it for twice as long, at most 6 hours; failures on
    the seventh day open it for a week. What fails while it is open had been under way and counts for nothing.
    """
    if gate(health, now) is Gate.OPEN:
        return health
    fails = health.fails + 1
    days = health.failing_days + (not health.failing_days or now // DAY != health.failed_at // DAY)
    after = Health(fails=fails, failing_days=days, failed_at=now, answered_at=health.answered_at)
    if after.is_dormant:
        return replace(after, open_until=now + WEEK)
    if fails < OPENS_AT:
        return after
    pause = min(_FIRST_PAUSE << min(fails - OPENS_AT, _DOUBLINGS), _LONGEST_PAUSE)
    return replace(after, open_until=now + pause)


def heard(health: Health, now: int) -> Health:
    """After a signed request from the host itself: the probe may go now, and dormant it is no more.

    Not again within a quarter of an hour of a failed probe: a host may speak all day and never take a letter.
    """
    is_shut = gate(health, now) is Gate.OPEN and health.failed_at <= now - _PROBED_LATELY
    if health.is_dormant or is_shut:
        return replace(health, failing_days=0, open_until=min(health.open_until, now))
    return health
