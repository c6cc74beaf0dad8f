"""Keys that could not be had while their sender waited: a job asks for them, so that the next try finds them."""

from __future__ import annotations

import json

from fedimark.database import Row
from fedimark.errors import FedimarkError
from fedimark.here import MICROS, here, now
from fedimark.jobs import queue
from fedimark.remote.keys import refetched_owner

JOB = "key"
MOST_A_MINUTE = 60  # jobs written down for strangers, who are not proven yet

_MINUTE = 60 * MICROS
_CACHE = "inbox.wanted_keys"


async def want(key_id: str) -> None:
    """Write down that a key is wanted, once a minute for each and only so often for all."""
    wanted: dict[str, int] = here().caches.setdefault(_CACHE, {})
    at = now()
    for each in [key for key, since in wanted.items() if since <= at - _MINUTE]:
        del wanted[each]
    if key_id in wanted or len(wanted) >= MOST_A_MINUTE:
        return
    wanted[key_id] = at
    await queue.add_errand(JOB, {"key": key_id})
    here().wake.set()


async def fetch_key(job: Row) -> None:
    """Ask for a key that is wanted; one that cannot be had now either is asked for when its owner speaks again."""
    outcome = "fetched"
    try:
        await refetched_owner(json.loads(job["payload"])["key"])
    except FedimarkError as error:
        outcome = type(error).__name__
    await queue.finish(job["id"], {"outcome": outcome})
