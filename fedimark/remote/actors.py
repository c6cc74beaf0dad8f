"""Actors: known rows and fetched documents; whose key that is, see `keys`."""

from __future__ import annotations

from typing import TypeGuard

from fedimark import addresses
from fedimark.database import Row, execute
from fedimark.errors import Gone, Unreachable, Untrustworthy
from fedimark.here import MICROS, here, now
from fedimark.jobs import queue
from fedimark.remote.budget import Spend, unlimited
from fedimark.remote.fetch import fetch_document, fetch_typed
from fedimark.remote.flights import together
from fedimark.remote.keys import owner_of_key
from fedimark.remote.known import known_actor, local_actor
from fedimark.remote.profile import store_actor
from fedimark.text.bots import refuses_bots

__all__ = [
    "CONSENT",
    "FRESH",
    "find_actor",
    "known_actor",
    "meet_actor",
    "owner_of_key",
    "refresh_actor",
    "typed_actor",
]

FRESH = 86_400 * MICROS

CONSENT = "consent"
"""The job that brings somebody's bookmarks onto public pages or off them, as they allow now. (bookmarks.consenting)"""


async def find_actor(uri: str, spend: Spend = unlimited) -> Row:
    """The row of an actor: of this server, known for less than a day, or fetched now.

    An older row serves where the other server does not answer or answers nonsense. Raises Gone, NotFound,
    Unreachable, Untrustworthy.
    """
    if addresses.local_path(uri) is not None:
        return await local_actor(uri)
    known = await known_actor(uri)
    if _is_fresh(known):
        return known
    try:
        fresh = await together(uri, lambda: _met(uri, spend, FRESH))
    except (Unreachable, Untrustworthy):
        if known is None or known["gone_at"] is not None:
            raise
        return known
    if known is not None and _allowed(known) != _allowed(fresh):
        # Whom nobody here follows sends us no Update: this is how we learn of it.
        await queue.add(CONSENT, {"actor_id": fresh["id"]})
        here().wake.set()
    return fresh


async def typed_actor(url: str) -> Row:
    """The row of an actor by an address that a person typed: their id, or a page that names it. Raises as `find_actor`.

    For people who chose whom they mean; what another server says is an id goes to `find_actor`.
    """
    if addresses.local_path(url) is not None or await known_actor(url) is not None:
        return await find_actor(url)
    return await store_actor(await fetch_typed(url))


async def refresh_actor(uri: str, spend: Spend = unlimited) -> Row:
    """Fetch an actor now, whatever is known, and store what their server says; calls at one time share one fetch.

    A 410 marks a known row as gone; `spend` counts what is asked. Raises as `find_actor`.
    """
    if addresses.local_path(uri) is not None:
        return await local_actor(uri)
    return await together(uri, lambda: _asked(uri, spend))


async def meet_actor(uri: str, spend: Spend, age: int) -> Row:
    """The row of an actor who was asked for in the last `age` microseconds, or is asked for now.

    Those who want it at one time ask once between them, also who looked here just before another's answer was stored.
    Somebody of this server is asked for nowhere. Raises as `find_actor`.
    """
    if addresses.local_path(uri) is not None:
        return await local_actor(uri)
    return await together(uri, lambda: _met(uri, spend, age))


def _allowed(actor: Row) -> tuple[bool, bool, bool]:
    """What decides whether strangers see what somebody saves."""
    return bool(actor["indexable"]), bool(actor["approves_followers"]), refuses_bots(actor["summary"])


def _is_fresh(known: Row | None, age: int = FRESH) -> TypeGuard[Row]:
    return known is not None and known["gone_at"] is None and bool(known["fetched_at"] > now() - age)


async def _met(uri: str, spend: Spend, age: int) -> Row:
    """Fetch an actor, unless somebody did while we looked whether they are known: each is asked once."""
    known = await known_actor(uri)
    return known if _is_fresh(known, age) else await _refreshed(uri, spend, known)


async def _asked(uri: str, spend: Spend) -> Row:
    return await _refreshed(uri, spend, await known_actor(uri))


async def _refreshed(uri: str, spend: Spend, known: Row | None) -> Row:
    try:
        return await store_actor(await fetch_document(uri, spend), spend, known)
    except Gone:
        await execute(
            "UPDATE actor SET gone_at = ? WHERE uri_hash = ? AND gone_at IS NULL", now(), addresses.uri_hash(uri)
        )
        raise
