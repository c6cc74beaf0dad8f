"""PURE. What to do with deliveries that are due: send, put off, or give up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fedimark.delivery import breaker
from fedimark.delivery.breaker import Gate, Health, Lane
from fedimark.delivery.retry import MINUTE, expires_at

CONNECTIONS = 4  # to one host at once, each for an inbox of its own

_LOOK_AGAIN = MINUTE  # at what somebody will wake, should they die before


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is due, with the oldest of its inbox (perhaps itself) and how its host fares."""

    id: int
    host: str
    inbox_hash: str
    lane: Lane
    created_at: int
    oldest: int
    oldest_next_at: int
    health: Health


@dataclass(slots=True)
class Choice:
    """What becomes of deliveries that are due, by id; what stands nowhere stays due."""

    send: dict[int, Lane] = field(default_factory=dict)  # each the oldest of its inbox
    probes: set[int] = field(default_factory=set)  # those of `send` that go alone
    put_off: dict[int, int] = field(default_factory=dict)  # until when
    move: dict[int, Lane] = field(default_factory=dict)
    expired: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything is to be done at all."""
        return bool(self.send or self.put_off or self.move or self.expired)


def choose(due: Iterable[Due], room: Mapping[Lane, int], leased: Iterable[tuple[str, str]], now: int) -> Choice:
    """Decide for each, in the order given.

    `room` is how many inboxes each lane still takes, `leased` the host and inbox of what is being sent. Only the oldest
    of an inbox goes, to an open host nothing, to a half-open one a single letter, to others 4 inboxes at once.
    Whatever is not sent is put off or moved, unless only a free slot or connection is missing, or what it waits for
    is given up just now.
    """
    choice, left = Choice(), dict(room)
    inboxes = set(leased)
    at_work = Counter(host for host, _ in inboxes)
    for each in due:
        gate = breaker.gate(each.health, now)
        if gate is not Gate.CLOSED and expires_at(each.created_at) <= now:
            choice.expired.append(each.id)
        elif gate is Gate.OPEN:
            choice.put_off[each.id] = min(each.health.open_until, expires_at(each.created_at))
        elif each.id != each.oldest and each.oldest in choice.expired:
            continue  # its turn comes at the next look
        elif each.id != each.oldest:
            choice.put_off[each.id] = max(each.oldest_next_at, now + _LOOK_AGAIN)
        elif (each.host, each.inbox_hash) in inboxes or (gate is Gate.HALF_OPEN and at_work[each.host]):
            choice.put_off[each.id] = now + _LOOK_AGAIN
        elif at_work[each.host] < CONNECTIONS:
            lane = breaker.lane(each.health, now)
            if left.get(lane, 0) > 0:
                left[lane] -= 1
                choice.send[each.id] = lane
                inboxes.add((each.host, each.inbox_hash))
                at_work[each.host] += 1
                if gate is Gate.HALF_OPEN:
                    choice.probes.add(each.id)
            elif lane is not each.lane:
                choice.move[each.id] = lane
    return choice
