"""PURE. Which of a host's inboxes are served now, and what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from fedimark.delivery.breaker import Gate

CONNECTIONS = 4  # to one host at once, each for an inbox of its own


@dataclass(frozen=True, slots=True)
class Box:
    """An inbox for which something is due, with the oldest letter that waits for it and when that one may go."""

    inbox_hash: str
    oldest: int
    oldest_next_at: int


@dataclass(slots=True)
class Choice:
    """The oldest letters of the inboxes that are served, and until when other inboxes are put off."""

    heads: list[int] = field(default_factory=list)
    put_off: dict[str, int] = field(default_factory=dict)


def choose(boxes: Iterable[Box], gate: Gate, in_hand: Collection[str], now: int) -> Choice:
    """Decide for each inbox of one host, in the order given.

    Only the oldest of an inbox goes first, so what stands behind one that has to wait is put off as long. To an open
    host nothing goes, to a half-open one a single letter, and none beside one that is in hand.
    """
    choice = Choice()
    if gate is Gate.OPEN or (gate is Gate.HALF_OPEN and in_hand):
        return choice
    for box in boxes:
        if box.inbox_hash in in_hand:
            continue
        if box.oldest_next_at > now:
            choice.put_off[box.inbox_hash] = box.oldest_next_at
        elif gate is Gate.CLOSED or not choice.heads:
            choice.heads.append(box.oldest)
    return choice
