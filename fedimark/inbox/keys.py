"""Keys of others while a peer waits for the answer: known, else fetched, and fetched anew when they do not fit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fedimark.database import Row
from fedimark.errors import NotProven, Postponed, Unreachable
from fedimark.here import now
from fedimark.inbox.patience import asked_anew, in_time, may_ask_anew
from fedimark.inbox.wanted_keys import want
from fedimark.remote.keys import owner_of_key, prover_of_key, refetched_owner, refetched_prover


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
    try:
        owner = await in_time(find.known(key_id))
    except Postponed:
        raise  # its host was asked enough
    except Unreachable:
        await want(key_id)
        raise
    try:
        holds(owner)
    except NotProven:
        # Keys change. One that was just fetched has not.
        if owner["fetched_at"] >= asked_at or not may_ask_anew(key_id):
            raise
        owner = await asked_anew(key_id, find.anew(key_id))
        holds(owner)
    return owner
