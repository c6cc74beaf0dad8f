"""The one gate for what other servers say: prove the sender, store once, and only then answer.

Nothing unproven is stored. `Verified` is made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fedimark.database import Row, fetch_one
from fedimark.delivery.peers import heard_from
from fedimark.errors import (
    FedimarkError,
    Forbidden,
    Gone,
    Malformed,
    NotProven,
    TooLarge,
    Unreachable,
    WrongType,
)
from fedimark.here import here, now
from fedimark.inbox import authority
from fedimark.inbox.keeping import keep, kind_of
from fedimark.inbox.origin import Origin
from fedimark.inbox.patience import asked_anew, in_time, may_ask_anew
from fedimark.logs import INBOX_RECEIVED, INBOX_REFUSED, log
from fedimark.policy import blocks
from fedimark.remote.actors import refresh_actor
from fedimark.remote.budget import for_unproven
from fedimark.remote.keys import owner_of_key, refetched_owner
from fedimark.remote.known import known_actor
from fedimark.remote.peers import hear_rfc9421
from fedimark.signatures.keys import BadKey, load_public
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.rfc9421 import Rfc9421
from fedimark.signatures.verify import Claim, check, read_claims, signed_at, verify
from fedimark.vocab.activities import Activity, Delete
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import is_activity_type

_ACTOR = "SELECT * FROM actor WHERE id = ?"

A = TypeVar("A", bound=Activity)


@dataclass(frozen=True, slots=True)
class Verified(Generic[A]):
    """An activity whose actor was proven to have said it; `actor` is their row, `received_at` microseconds UTC.

    `origin` is what another server was asked since, None where nobody had to be.
    """

    activity: A
    actor: Row
    received_at: int
    origin: Origin | None = None


async def receive(
    method: str, target: str, headers: Mapping[str, tuple[str, ...]], chunks: AsyncIterator[bytes]
) -> None:
    """Take in one activity: return once it is stored, or need not be.

    `target` is the raw path with its query, `headers` maps lower-case names to all their values. An exact repeat, and
    somebody unknown deleting themselves, return too. Raises TooLarge, WrongType, Malformed, NotProven, Forbidden for
    what the actor may not say, Unreachable while their key cannot be had (Postponed while it is not asked for),
    Unavailable.
    """
    _check_type(headers)
    body = await _read(headers, chunks)
    activity = _parse(body)
    await _check_domain(activity)
    if await _is_strangers_end(activity):
        return
    try:
        actor, at = await _prove(Message(method, target, headers, body), activity)
    except FedimarkError as error:
        reason = error.reason if isinstance(error, NotProven) else error.message
        log.info(INBOX_REFUSED, actor=activity.actor, kind=kind_of(activity), status=error.status, reason=reason)
        raise
    if await keep(activity, actor, body.decode("utf-8"), at):
        log.info(INBOX_RECEIVED, actor=activity.actor, kind=kind_of(activity))
        here().wake.set()
    # Whoever speaks can listen again: what waits for their server need not wait on.
    await heard_from(actor["uri"], actor["inbox"], actor["shared_inbox"])


async def stored(row: Row) -> Verified[Any]:
    """What `receive` proved and kept, as it was; `row` is of `received_activity`."""
    actor = await fetch_one(_ACTOR, row["actor_id"])
    assert actor is not None
    return Verified(parse(loads(row["body"].encode("utf-8"))), actor, row["received_at"])


def _check_type(headers: Mapping[str, tuple[str, ...]]) -> None:
    values = headers.get("content-type", ())
    if len(values) != 1 or not is_activity_type(values[0]):
        raise WrongType


async def _read(headers: Mapping[str, tuple[str, ...]], chunks: AsyncIterator[bytes]) -> bytes:
    """The body, counted as it comes: a length is only what somebody says."""
    limit = here().settings.body_limit_bytes
    said = (headers.get("content-length") or ("0",))[0]
    if said.isdecimal() and int(said[:20]) > limit:
        raise TooLarge
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            raise TooLarge
    return bytes(body)


def _parse(body: bytes) -> Activity:
    try:
        return parse(loads(body))
    except Unreadable as error:
        raise Malformed(f"This activity can’t be read: {error.reason}.") from error


async def _check_domain(activity: Activity) -> None:
    """Raise Forbidden for who comes from a blocked domain, before anything of theirs is asked for."""
    if await blocks.is_blocked(activity.actor):
        log.info(INBOX_REFUSED, actor=activity.actor, kind=kind_of(activity), status=Forbidden.status, reason="blocked")
        raise Forbidden("This server takes nothing from there.")


async def _is_strangers_end(activity: Activity) -> bool:
    """Whether somebody we never heard of deletes themselves: servers tell that to everybody they ever met."""
    if not isinstance(activity, Delete) or activity.object_id != activity.actor:
        return False
    return await known_actor(activity.actor) is None


async def _prove(message: Message, activity: Activity) -> tuple[Row, int]:
    """The row of the actor, once it is proven that they signed this very request and may say this; and when."""
    claims = _believable(message, activity)
    try:
        authority.check(activity)
    except authority.NotTheirs as error:
        raise Forbidden(f"That is not theirs to say: {error.reason}.") from error
    try:
        actor, claim = await _proven_by_one(message, claims, activity)
        at = signed_at(message, claim)
    except Gone:
        actor, at = await _gone(activity), now()
    # Their handle may be of a blocked domain, where their id is not.
    if await blocks.is_blocked_actor(actor):
        raise Forbidden("This server takes nothing from there.")
    if actor["suspended_at"] is not None and not authority.may_be_heard(activity):
        raise Forbidden("This server takes nothing from them.")
    return actor, at


def _believable(message: Message, activity: Activity) -> list[Claim]:
    """The signatures that could prove it, before any key is at hand; raises NotProven when there is none."""
    try:
        claims = read_claims(message)
    except BadSignature as error:
        raise NotProven(error.reason) from error
    found, reasons = [], []
    for claim in claims:
        try:
            authority.check_key(claim.key_id, activity, authority.host_of(here().settings.base_url))
            check(message, claim, host=here().settings.host, now=now())
        except (BadSignature, authority.NotTheirs) as error:
            reasons.append(error.reason)
        else:
            found.append(claim)
    if not found:
        raise NotProven(reasons[0])
    return found


async def _proven_by_one(message: Message, claims: list[Claim], activity: Activity) -> tuple[Row, Claim]:
    """The first signature that holds, and its key's owner: of several one is enough, a proxy may have added its own."""
    refusals = []
    for claim in claims:
        try:
            actor = await _proven_by_key(message, claim, activity)
        except NotProven as error:
            refusals.append(error)
        else:
            if isinstance(claim, Rfc9421):
                await hear_rfc9421(activity.actor)
            return actor, claim
    raise refusals[0]


async def _proven_by_key(message: Message, claim: Claim, activity: Activity) -> Row:
    """The key's owner, once the signature holds: with the key we know, else with the one they have now."""
    asked_at = now()
    owner = await in_time(owner_of_key(claim.key_id))
    try:
        return _proven(owner, message, claim, activity)
    except NotProven:
        # Keys change. One that was just fetched has not.
        if owner["fetched_at"] >= asked_at or not may_ask_anew(claim.key_id):
            raise
    return _proven(await asked_anew(claim.key_id, refetched_owner(claim.key_id)), message, claim, activity)


def _proven(owner: Row, message: Message, claim: Claim, activity: Activity) -> Row:
    try:
        authority.check_signer(activity, owner["uri"] or "", owner["key_id"], claim.key_id)
        verify(message, claim, load_public(owner["public_key"]), host=here().settings.host, now=now())
    except (authority.NotTheirs, BadSignature) as error:
        raise NotProven(error.reason) from error
    except BadKey as error:
        raise NotProven("bad-key") from error
    return owner


async def _gone(activity: Activity) -> Row:
    """The actor's own server says 410: then their end is true, whoever signed it, and nothing else is.

    A key's address that is gone tells nothing of the actor named beside it: a neighbour's is as easily found. So the
    actor is asked for too, once in five minutes.
    """
    known = await known_actor(activity.actor)
    if known is None or not isinstance(activity, Delete) or activity.object_id != activity.actor:
        raise NotProven("gone")
    if known["gone_at"] is not None:
        return known
    if not may_ask_anew(activity.actor):
        raise Unreachable
    try:
        await asked_anew(activity.actor, refresh_actor(activity.actor, for_unproven))
    except Gone:
        return known
    raise NotProven("gone")
