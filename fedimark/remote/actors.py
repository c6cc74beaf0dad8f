"""Actors of other servers: known rows, fetched documents, and whose key that is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fedimark import addresses
from fedimark.database import Row, execute, fetch_one
from fedimark.errors import Gone, NotFound, Unreachable, Untrustworthy
from fedimark.here import MICROS, here, now
from fedimark.remote import guard
from fedimark.remote.fetch import fetch_document
from fedimark.remote.profile import store_actor
from fedimark.remote.signing import INSTANCE_NAME, key_id_of
from fedimark.vocab.reading import Unreadable, one_id
from fedimark.vocab.terms import Doc

FRESH = 86_400 * MICROS

_MOST_KEPT = 1_000
_REFUSED_FOR = 60 * MICROS
_UNREACHABLE_FOR = 5 * MICROS


async def find_actor(uri: str) -> Row:
    """The row of an actor: of this server, known for less than a day, or fetched now.

    An older row serves where the other server does not answer or answers nonsense. Raises Gone, NotFound,
    Unreachable, Untrustworthy.
    """
    if addresses.local_path(uri) is not None:
        return await _local(uri)
    known = await known_actor(uri)
    if known is not None and known["gone_at"] is None and known["fetched_at"] > now() - FRESH:
        return known
    try:
        return await refresh_actor(uri)
    except (Unreachable, Untrustworthy):
        if known is None or known["gone_at"] is not None:
            raise
        return known


async def refresh_actor(uri: str) -> Row:
    """Fetch an actor now, whatever is known, and store what their server says; calls at one time share one fetch.

    A 410 marks a known row as gone. Raises as `find_actor`.
    """
    if addresses.local_path(uri) is not None:
        return await _local(uri)
    return await _together(uri, lambda: _refreshed(uri))


async def owner_of_key(key_id: str) -> Row:
    """The actor who signs with this key: known by it, else fetched, with a key document on the way where there is one.

    The key's owner is the actor and the actor names the key. What failed a moment ago fails again without asking.
    Raises as `find_actor`. (PROTOCOL §1.3, §1.10.12)
    """
    uri = key_id.partition("#")[0]
    if addresses.local_path(uri) is not None:
        row = await _local(uri)
        return row if key_id_of(row) == key_id else _mismatch(key_id)
    owners = _cache("remote.key_owners")
    known = await known_actor(owners.get(key_id, uri))
    if known is not None and known["key_id"] == key_id and known["gone_at"] is None:
        return known
    _raise_again(key_id)
    try:
        row = await _together(f"key {key_id}", lambda: _owner(key_id, uri))
    except (Gone, NotFound, Unreachable, Untrustworthy) as error:
        _keep(_cache("remote.failed_keys"), key_id, (now(), type(error), error.message))
        raise
    _keep(owners, key_id, row["uri"])
    return row


async def known_actor(uri: str) -> Row | None:
    """The row of an actor of another server, if we have one; nothing is asked."""
    return await fetch_one("SELECT * FROM actor WHERE uri_hash = ?", addresses.uri_hash(uri))


async def _refreshed(uri: str) -> Row:
    try:
        return await store_actor(await fetch_document(uri))
    except Gone:
        await execute(
            "UPDATE actor SET gone_at = ? WHERE uri_hash = ? AND gone_at IS NULL", now(), addresses.uri_hash(uri)
        )
        raise


async def _owner(key_id: str, uri: str) -> Row:
    document = await fetch_document(uri)
    if "publicKeyPem" in document:
        document = await fetch_document(_owner_named(document, key_id))
    row = await store_actor(document)
    return row if row["key_id"] == key_id else _mismatch(key_id)


def _owner_named(key: Doc, key_id: str) -> str:
    try:
        owner = one_id(key.get("owner") or key.get("controller"))
    except Unreadable:
        owner = None
    if owner is None:
        raise guard.refused("key-owner", key_id)
    return owner


def _mismatch(key_id: str) -> Row:
    raise guard.refused("key-mismatch", key_id)


async def _local(uri: str) -> Row:
    is_instance = addresses.local_path(uri) == addresses.INSTANCE_ACTOR
    name = INSTANCE_NAME if is_instance else addresses.local_username(uri)
    row = await fetch_one("SELECT * FROM actor WHERE local_name = ?", name or "")
    if row is None or (name == INSTANCE_NAME and not is_instance):
        raise NotFound
    if row["gone_at"] is not None:
        raise Gone
    return row


async def _together(name: str, work: Callable[[], Awaitable[Row]]) -> Row:
    """Do one piece of work for everybody who asks for it now; it goes on when one of them stops waiting."""
    flights: dict[str, asyncio.Future[Row]] = _cache("remote.flights")
    if name not in flights:
        task = asyncio.ensure_future(work())
        flights[name] = task
        task.add_done_callback(lambda done: _landed(flights, name, done))
    return await asyncio.shield(flights[name])


def _landed(flights: dict[str, asyncio.Future[Row]], name: str, done: asyncio.Future[Row]) -> None:
    flights.pop(name, None)
    if not done.cancelled():
        done.exception()  # looked at, so that nobody is told it never was


def _raise_again(key_id: str) -> None:
    at, kind, message = _cache("remote.failed_keys").get(key_id, (0, Unreachable, ""))
    if at > now() - (_UNREACHABLE_FOR if kind is Unreachable else _REFUSED_FOR):
        raise kind(message)


def _cache(name: str) -> dict[str, Any]:
    found: dict[str, Any] = here().caches.setdefault(name, {})
    return found


def _keep(cache: dict[str, Any], name: str, value: object) -> None:
    cache.pop(name, None)
    cache[name] = value
    while len(cache) > _MOST_KEPT:
        del cache[next(iter(cache))]
