"""Relays this server is subscribed to: an admin asks one, it answers, and those of LitePub's style ask back.

A relay of Mastodon's style is known by its inbox, and its actor only once it answers; one of LitePub's style by its
actor. All but `add` runs inside `write()` or reads, and asks nobody. Words are as in `follows.incoming`.
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import FedimarkError, Forbidden, Gone, NotFound, Refused, Unreachable, Untrustworthy
from fedimark.follows.resolve import PATIENCE_S
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.logs import RELAY_ADDED, RELAY_ANSWERED, RELAY_LEFT, log
from fedimark.outbox import relays as outbox
from fedimark.outbox.relays import LITEPUB, MASTODON
from fedimark.policy import hosts
from fedimark.policy.blocks import is_blocked, is_blocked_actor
from fedimark.remote import guard, keyring
from fedimark.remote.actors import find_actor
from fedimark.signatures import linked_data
from fedimark.vocab.activities import ActivityRef

IGNORED = "ignored"
MOST = 500

_LIST = "SELECT * FROM relay ORDER BY address LIMIT ?"
_ADD = """
INSERT INTO relay (address, address_hash, style, inbox, actor_id, public_id, state, created_at)
VALUES (?, ?, ?, ?, ?, ?, 'requested', ?) ON CONFLICT (address_hash) DO NOTHING RETURNING *
"""
_BY_ADDRESS = "SELECT * FROM relay WHERE address_hash = ?"
_BY_ACTOR = "SELECT * FROM relay WHERE actor_id = ? AND state <> 'rejected' LIMIT 1"
_CARRIES = "SELECT id FROM relay WHERE actor_id = ? AND state = 'accepted' LIMIT 1"
_ANSWER = "UPDATE relay SET state = ?, actor_id = ?, answered_at = ? WHERE id = ? AND state <> ?"
_ACTORS = "SELECT a.uri FROM relay r JOIN actor a ON a.id = r.actor_id WHERE r.state = 'accepted'"
_FORGET = "UPDATE relay SET state = 'rejected', answered_at = ? WHERE actor_id = ? AND state <> 'rejected'"


async def add(typed: str) -> Row:
    """Subscribe to the relay at an address: its inbox (`…/inbox`), or else its actor, which is asked for.

    Returns its row. Raises Refused for the field `address`, Forbidden for a blocked domain, Unreachable.
    """
    address = _read(typed)
    if await is_blocked(address):
        raise Forbidden("This server has nothing to do with that one.")
    is_inbox = urlsplit(address).path.rstrip("/").endswith("/inbox")
    actor = None if is_inbox else await _actor_at(address)
    row = await atomically(lambda: _ask(address, actor))
    here().wake.set()
    log.info(RELAY_ADDED, address=address, style=row["style"])
    return row


async def remove(typed: str) -> str:
    """Leave a relay and tell it; returns its address. What it brought stays. Raises NotFound."""
    address = typed.strip()

    async def work() -> None:
        row = await fetch_one(_BY_ADDRESS, addresses.uri_hash(address))
        if row is None:
            raise NotFound("No such relay.")
        await outbox.say_undo(row, await _target(row))
        await execute("DELETE FROM relay WHERE id = ?", row["id"])

    await atomically(work)
    here().wake.set()
    log.info(RELAY_LEFT, address=address, reason="asked")
    return address


async def again(relay_id: int) -> None:
    """Say our Follow of a relay again, under its own id, unless it was answered meanwhile."""
    row = await fetch_one("SELECT * FROM relay WHERE id = ? AND state = 'requested'", relay_id)
    if row is not None:
        await outbox.say_follow(row, await _target(row), here().new_id())
        await execute("UPDATE relay SET asked_again_at = ? WHERE id = ?", now(), relay_id)


async def every() -> list[Row]:
    """All relays, by address."""
    return await fetch(_LIST, MOST)


def is_unsigned(relay: Row) -> bool:
    """Whether what a relay gets lacks the signature that old Mastodons ask for, because an extra is not installed."""
    return bool(relay["style"] == MASTODON and relay["state"] != "rejected" and not linked_data.is_possible())


async def answered(actor: Row, ref: ActivityRef, state: str) -> str:
    """A relay says yes or no to our Follow, named by its id or embedded: `state` is accepted or rejected.

    Only the relay itself can: the actor we asked, or the one whose inbox we asked.
    """
    row = await _ours(actor, ref)
    if row is None:
        return IGNORED
    if not await execute(_ANSWER, state, actor["id"], now(), row["id"], state):
        return IGNORED
    log.info(RELAY_ANSWERED, address=row["address"], state=state)
    return state


async def asked_back(actor: Row, follow_uri: str | None) -> str:
    """Somebody would follow this server itself: a relay may that we asked, and nobody else.

    It is told yes, and that is all: the server's own actor says nothing to followers.
    """
    if await fetch_one(_BY_ACTOR, actor["id"]) is None:
        return IGNORED
    await outbox.say_accept(actor, follow_uri)
    return "accepted"


async def carries(actor: Row) -> bool:
    """Whether somebody is a relay that let us in."""
    return await fetch_one(_CARRIES, actor["id"]) is not None


async def is_key_of_one(key_id: str) -> bool:
    """Whether this is the key of a relay that let us in, as far as is known here."""
    known = {row["uri"] for row in await fetch(_ACTORS)}
    if not known:
        return False
    if keyring.actor_of(key_id) in known:
        return True
    owner = await keyring.known_owner(key_id)
    return owner is not None and owner["uri"] in known


async def forget(actor: Row) -> None:
    """A relay's actor is gone, and so is the subscription."""
    await execute(_FORGET, now(), actor["id"])


async def forget_blocked(blocked: set[str]) -> None:
    """Leave every relay of a domain that was blocked; nothing is said there any more."""
    for row in await every():
        if any(hosts.covers(blocked, hosts.normal(row[name])) for name in ("address", "inbox")):
            await execute("DELETE FROM relay WHERE id = ?", row["id"])
            log.info(RELAY_LEFT, address=row["address"], reason="blocked")


def _read(typed: str) -> str:
    address = typed.strip()
    try:
        guard.check_url(address, here().settings)
    except FedimarkError as error:
        raise Refused("Give an address like https://relay.example/inbox.", field="address") from error
    if addresses.local_path(address) is not None:
        raise Refused("That is this server itself.", field="address")
    return address


async def _actor_at(address: str) -> Row:
    try:
        async with asyncio.timeout(PATIENCE_S):
            actor = await find_actor(address)
    except TimeoutError as error:
        raise Unreachable from error
    except (NotFound, Gone, Untrustworthy) as error:
        message = _("No relay’s actor stands there. Relays of Mastodon’s style are added by their inbox: …/inbox.")
        raise Refused(message, field="address") from error
    if await is_blocked_actor(actor) or actor["suspended_at"] is not None:
        raise Forbidden("This server has nothing to do with that one.")
    return actor


async def _ask(address: str, actor: Row | None) -> Row:
    if actor is None:
        style, inbox, actor_id, target = MASTODON, address, None, ""
    else:
        style, inbox, actor_id, target = LITEPUB, actor["inbox"], actor["id"], actor["uri"]
    known = await fetch_one(_BY_ADDRESS, addresses.uri_hash(address))
    if known is not None and known["state"] == "rejected":
        # One may ask again, with a Follow of its own.
        await execute("DELETE FROM relay WHERE id = ?", known["id"])
    values = (address, addresses.uri_hash(address), style, inbox, actor_id, here().new_id(), now())
    rows = await fetch(_ADD, *values)
    if not rows:
        raise Refused("This server is subscribed to that relay already.", field="address")
    await outbox.say_follow(rows[0], target, rows[0]["public_id"])
    return rows[0]


async def _target(relay: Row) -> str:
    """Whom our Follow named: the relay's actor, or nobody by name."""
    if relay["style"] == MASTODON:
        return ""
    actor = await fetch_one("SELECT uri FROM actor WHERE id = ?", relay["actor_id"])
    return str(actor["uri"]) if actor else ""


async def _ours(actor: Row, ref: ActivityRef) -> Row | None:
    """The relay that an answer is of, if it is this actor's to give."""
    follow_id = addresses.local_follow(ref.id) if ref.id else None
    if follow_id is not None:
        row = await fetch_one("SELECT * FROM relay WHERE public_id = ?", follow_id)
        return row if row is not None and _is_its(row, actor) else None
    is_ours = ref.actor is not None and addresses.local_path(ref.actor) == addresses.INSTANCE_ACTOR
    if not is_ours:
        return None
    return next((row for row in await every() if _is_its(row, actor)), None)


def _is_its(relay: Row, actor: Row) -> bool:
    if relay["actor_id"] is not None:
        return bool(relay["actor_id"] == actor["id"])
    return relay["inbox"] in (actor["inbox"], actor["shared_inbox"])
