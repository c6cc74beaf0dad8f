"""How long and how often keys are asked for while the sender waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from fedimark.database import Row
from fedimark.errors import FedimarkError, Gone, NotProven, Postponed, Unavailable, Unreachable
from fedimark.here import MICROS, here, now, put_last

KEY_PATIENCE_S = 2  # the peer waits
REFETCH_PAUSE = 300 * MICROS

_MOST_REFETCHED = 1_000


async def in_time(asking: Awaitable[Row]) -> Row:
    """A row that may have to be fetched, within 2 s.

    What cannot be believed is no proof: raises NotProven. What may come later is for the sender to ask again: raises
    Unreachable. Raises Gone, Unavailable.
    """
    try:
        async with asyncio.timeout(KEY_PATIENCE_S):
            return await asking
    except TimeoutError as error:
        raise Unreachable from error
    except (Gone, Unreachable, Unavailable):
        # The last is our own trouble, and no fault of the sender's.
        raise
    except FedimarkError as error:
        raise NotProven("no-key") from error


async def asked_anew(uri: str, asking: Awaitable[Row]) -> Row:
    """As `in_time`, for what `may_ask_anew` let pass: where nobody was asked after all, the next one may."""
    try:
        return await in_time(asking)
    except Postponed:
        _refetched().pop(uri, None)
        raise


def may_ask_anew(uri: str) -> bool:
    """Once in five minutes for each key or actor, or every bad signature would be a request to somebody."""
    refetched, at = _refetched(), now()
    if refetched.get(uri, -REFETCH_PAUSE) > at - REFETCH_PAUSE:
        return False
    put_last(refetched, uri, at, _MOST_REFETCHED)
    return True


def _refetched() -> dict[str, int]:
    refetched: dict[str, int] = here().caches.setdefault("inbox.refetched", {})
    return refetched
