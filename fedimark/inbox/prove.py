"""Who said an activity: whoever signed the request that brought it, or the author whose proof stands in it.

The request's signature is looked at first, for it proves every byte and nearly always is the actor's own. Where
somebody else brought it, as relays and forwarders do, they must have signed the request, and the actor the activity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from fedimark.database import Row
from fedimark.errors import Forbidden, Gone, NotProven, Unreachable
from fedimark.follows import relays
from fedimark.here import here, now
from fedimark.inbox import authority, proofs, senders
from fedimark.inbox.keys import SIGNERS, holder
from fedimark.inbox.patience import asked_anew, may_ask_anew
from fedimark.policy import blocks
from fedimark.remote.actors import refresh_actor
from fedimark.remote.budget import for_unproven
from fedimark.remote.known import known_actor
from fedimark.remote.peers import hear_rfc9421
from fedimark.signatures.keys import BadKey, load_public
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.proofs import PROOF
from fedimark.signatures.rfc9421 import Rfc9421
from fedimark.signatures.verify import Claim, check, read_claims, signed_at, verify
from fedimark.vocab.activities import Activity, Delete
from fedimark.vocab.terms import Doc

# Refusals that say no more than that somebody else signed the request.
_BY_ANOTHER = frozenset({"key-host", "key-owner"})


class Spoken(NamedTuple):
    """Rows of `actor`: who said an activity, and who brought it here, mostly the same; and the moment it was signed.

    What a relay forwards is its own word and nobody else's: `is_forwarded`, and then the relay stands in both places.
    """

    author: Row
    bearer: Row
    at: int
    is_forwarded: bool = False


async def prove(message: Message, document: Doc, activity: Activity) -> Spoken:
    """Who said this, once it is proven that they did and may.

    `document` is the body of `message` as it was read, `activity` what it means. Raises NotProven, Forbidden for what
    the actor may not say and for who comes from a blocked domain, Unreachable while a key cannot be had.
    """
    claims = _claims(message, activity)
    try:
        authority.check(activity)
    except authority.NotTheirs as error:
        raise Forbidden(f"That is not theirs to say: {error.reason}.") from error
    try:
        spoken = await _said_by_themselves(message, claims, activity)
    except NotProven as error:
        if error.reason not in _BY_ANOTHER:
            raise
        relay = await _relay(message, claims)
        if relay is not None:
            spoken = Spoken(relay, relay, now(), is_forwarded=True)
        elif PROOF in document:
            spoken = await _brought_by_another(message, claims, document, activity)
        else:
            raise
    else:
        await proofs.look_at(document, activity)
    # Their handle may be of a blocked domain, where their id is not.
    for each in (spoken.author, spoken.bearer):
        if await blocks.is_blocked_actor(each):
            raise _blocked()
    may_be_heard = authority.may_be_heard(activity) and not spoken.is_forwarded
    is_shut_out = spoken.author["suspended_at"] is not None and not may_be_heard
    brings_in_vain = spoken.bearer["id"] != spoken.author["id"] and spoken.bearer["suspended_at"] is not None
    if is_shut_out or brings_in_vain:
        raise Forbidden("This server takes nothing from them.")
    return spoken


async def signer(message: Message) -> Row:
    """Whose key signed a request that is no activity: a row of `actor`, of another server.

    Raises NotProven, Forbidden for who comes from a blocked domain or is suspended, Unreachable while the key cannot be
    had.
    """
    try:
        claims = _fitting(message, read_claims(message))
    except BadSignature as error:
        raise NotProven(error.reason) from error
    claims = [claim for claim in claims if authority.host_of(claim.key_id) not in ("", _own_host())]
    if not claims:
        raise NotProven("own-host")
    if await blocks.is_blocked(*(claim.key_id for claim in claims)):
        raise _blocked()
    try:
        actor, _ = await _first(message, claims, _names_it)
    except Gone as error:
        raise NotProven("gone") from error
    if actor["suspended_at"] is not None or await blocks.is_blocked_actor(actor):
        raise _blocked()
    return actor


def _claims(message: Message, activity: Activity) -> list[Claim]:
    """The signatures of an activity that could hold, before any key is at hand; raises NotProven when there is none."""
    try:
        claims = read_claims(message)
        authority.check_elsewhere(activity, _own_host())
    except (BadSignature, authority.NotTheirs) as error:
        raise NotProven(error.reason) from error
    return _fitting(message, claims)


def _fitting(message: Message, claims: Iterable[Claim]) -> list[Claim]:
    """Those that could hold for this request; raises NotProven when there is none."""
    found, reasons = [], []
    for claim in claims:
        try:
            check(message, claim, host=here().settings.host, now=now())
        except BadSignature as error:
            reasons.append(error.reason)
        else:
            found.append(claim)
    if not found:
        raise NotProven(reasons[0])
    return found


async def _said_by_themselves(message: Message, claims: list[Claim], activity: Activity) -> Spoken:
    """The actor, if theirs is the key of a signature that holds: of several one is enough, a proxy may have added its
    own. A key of another server is not even asked for.
    """
    theirs, reasons = [], []
    for claim in claims:
        try:
            authority.check_key(claim.key_id, activity, _own_host())
        except authority.NotTheirs as error:
            reasons.append(error.reason)
        else:
            theirs.append(claim)
    if not theirs:
        raise NotProven(reasons[0])
    try:
        actor, claim = await _first(message, theirs, lambda owner, claim: _is_actors(owner, claim, activity))
    except Gone:
        actor, at = await _gone(activity), now()
    else:
        at = signed_at(message, claim)
        senders.remember(actor)
    return Spoken(actor, actor, at)


async def _relay(message: Message, claims: list[Claim]) -> Row | None:
    """The relay that signed the request, if one did that let us in; nobody is asked for the key of anybody else."""
    theirs = [claim for claim in claims if await relays.is_key_of_one(claim.key_id)]
    if not theirs:
        return None
    try:
        relay, _ = await _first(message, theirs, _names_it)
    except Gone as error:
        raise NotProven("gone") from error
    return relay if await relays.carries(relay) else None


async def _brought_by_another(message: Message, claims: list[Claim], document: Doc, activity: Activity) -> Spoken:
    """The actor by their proof, and whoever signed the request.

    The proof is read before the first key is asked for, and the bearer is asked for before the actor: whoever makes us
    ask a third server has first shown who they are.
    """
    proof = proofs.readable(document, activity)
    allowed = [claim for claim in claims if authority.host_of(claim.key_id) != _own_host()]
    if not allowed:
        raise NotProven("own-host")
    if await blocks.is_blocked(*(claim.key_id for claim in allowed)):
        raise _blocked()
    try:
        bearer, _ = await _first(message, allowed, _names_it)
        return Spoken(await proofs.author(document, activity, proof), bearer, now())
    except Gone as error:
        raise NotProven("gone") from error


async def _first(message: Message, claims: list[Claim], is_theirs: Callable[[Row, Claim], None]) -> tuple[Row, Claim]:
    """The first signature that holds, with its key's owner; raises Gone where a key's owner is, and none holds."""
    refusals: list[NotProven | Gone] = []
    for claim in claims:
        try:
            owner = await _signer(message, claim, is_theirs)
        except (NotProven, Gone) as error:
            refusals.append(error)
        else:
            if isinstance(claim, Rfc9421):
                await hear_rfc9421(owner["uri"])
            return owner, claim
    raise next((error for error in refusals if isinstance(error, Gone)), refusals[0])


async def _signer(message: Message, claim: Claim, is_theirs: Callable[[Row, Claim], None]) -> Row:
    def holds(owner: Row) -> None:
        try:
            is_theirs(owner, claim)
            verify(message, claim, load_public(owner["public_key"]), host=here().settings.host, now=now())
        except (authority.NotTheirs, BadSignature) as error:
            raise NotProven(error.reason) from error
        except BadKey as error:
            raise NotProven("bad-key") from error

    return await holder(SIGNERS, claim.key_id, holds)


def _is_actors(owner: Row, claim: Claim, activity: Activity) -> None:
    authority.check_signer(activity, owner["uri"] or "", owner["key_id"], claim.key_id)


def _names_it(owner: Row, claim: Claim) -> None:
    if owner["key_id"] != claim.key_id:
        raise authority.NotTheirs("key-mismatch")


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


def _own_host() -> str:
    return authority.host_of(here().settings.base_url)


def _blocked() -> Forbidden:
    return Forbidden("This server takes nothing from there.")
