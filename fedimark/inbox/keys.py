"""Keys of others while a peer waits for the answer: known, else fetched, and fetched anew when they do not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fedimark.database import Row
from fedimark.errors import FedimarkError, Gone, NotProven, Unreachable
from fedimark.here import MICROS, here, now
from fedimark.remote.keys import owner_of_key, prover_of_key, refetched_owner, refetched_prover

KEY_PATIENCE_S = 2  # the peer waits
REFETCH_PAUSE = 300 * MICROS

_MOST_REFETCHED = 1_000


class Find(NamedTuple):
    """How a key's owner is found by the key's id: `known` or fetched, and `anew` whatever is known."""

    known: Callable[[str], Awaitable[Row]]
    anew: Callable[[str], Awaitable[Row]]


SIGNERS = Find(owner_of_key, refetched_owner)
PROVERS = Find(prover_of_key, refetched_prover)


async def holder(find: Find, key_id: str, holds: Callable[[Row], None]) -> Row:
    """The key's owner for whom `holds` raises no NotProven: with the key we know, else with the one they have now.

    Raises NotProven, Gone, and Unreachable while the key cannot be had.
    """
    asked_at = now()
    owner = await in_time(find.known(key_id))
    try:
        holds(owner)
    except NotProven:
        # Keys change. One that was just fetched has not.
        if owner["fetched_at"] >= asked_at or not may_refetch(key_id):
            raise
        owner = await in_time(find.anew(key_id))
        holds(owner)
    return owner


async def in_time(asking: Awaitable[Row]) -> Row:
    """A row that may have to be fetched, within 2 s. What cannot be believed is no proof; what may come, is asked
    again by the sender.
    """
    try:
        async with asyncio.timeout(KEY_PATIENCE_S):
            return await asking
    except TimeoutError as error:
        raise Unreachable from error
    except (Gone, Unreachable):
        raise
    except FedimarkError as error:
        raise NotProven("no-key") from error


def may_refetch(uri: str) -> bool:
    """Once in five minutes for each key or actor, or every bad signature would be a request to somebody."""
    refetched: dict[str, int] = here().caches.setdefault("inbox.refetched", {})
    at = now()
    if refetched.get(uri, -REFETCH_PAUSE) > at - REFETCH_PAUSE:
        return False
    refetched.pop(uri, None)
    refetched[uri] = at
    while len(refetched) > _MOST_REFETCHED:
        del refetched[next(iter(refetched))]
    return True
