"""What all hosts that one process serves at once share: slots in their lanes, and bookkeeping done together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fedimark.database import Row
from fedimark.delivery import claim, settle
from fedimark.delivery.claim import SLOTS, Visit
from fedimark.here import here
from fedimark.remote.gathering import Gathering

_HOSTS = 64  # looked at in one transaction
_LETTERS = 256  # settled in one transaction
_PAUSE_S = 0.002
_SETTLED_S = 0.004
_CACHE = "delivery.office"


class Office:
    """Takes hosts in hand, looks for more letters to them, gives them back, and settles what has arrived."""

    def __init__(self) -> None:
        self.slots = {lane: asyncio.Semaphore(amount) for lane, amount in SLOTS.items()}
        self.take: Gathering[str, Visit | None] = Gathering(claim.claim_some, most=_HOSTS, pause_s=_PAUSE_S)
        self.look_again: Gathering[Visit, bool] = Gathering(claim.look_again, most=_HOSTS, pause_s=_PAUSE_S)
        self.give_back: Gathering[Visit, int | None] = Gathering(claim.give_back, most=_LETTERS, pause_s=_PAUSE_S)
        self._arrived: Gathering[tuple[Row, bool], None] = Gathering(_settle, most=_LETTERS, pause_s=_SETTLED_S)

    def arrived(self, delivery: Row, is_news: bool) -> asyncio.Future[None]:
        """Settle a delivery that was taken; `is_news` when its host was not known to be at work.

        The next letter need not wait for it: should this process die, both are sent again, in their order.
        """
        return self._arrived.put((delivery, is_news))


def office() -> Office:
    """This process's, for this server."""
    caches = here().caches
    if _CACHE not in caches:
        caches[_CACHE] = Office()
    found: Office = caches[_CACHE]
    return found


async def _settle(some: Sequence[tuple[Row, bool]]) -> list[None]:
    await settle.arrived([delivery for delivery, _ in some], {each["host"] for each, is_news in some if is_news})
    return [None] * len(some)
