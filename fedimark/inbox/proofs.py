"""Proofs inside what was received: who said it, whoever brought it. (FEP-8b32)"""

from __future__ import annotations

from fedimark.database import Row
from fedimark.errors import NotProven
from fedimark.here import MICROS, here, now
from fedimark.inbox import authority
from fedimark.inbox.keys import PROVERS, holder
from fedimark.logs import INBOX_PROOF_IGNORED, log
from fedimark.policy import blocks
from fedimark.remote.keyring import known_prover
from fedimark.signatures.keys import BadKey, load_public
from fedimark.signatures.proofs import LASTS, PROOF, BadProof, Proof, check, read, verify
from fedimark.vocab.activities import Accept, Activity, Block, Follow, Move, Reject, Undo
from fedimark.vocab.terms import PUBLIC, Doc

_PERSONAL = (Follow, Accept, Reject, Block, Move)
_OPEN = frozenset({"Like", "Announce"})  # whose Undo others may bring

OFFLINE = 24 * 3_600 * MICROS  # how long a proof is believed without asking anybody


def readable(document: Doc, activity: Activity) -> Proof:
    """The proof of an activity that somebody else brought, where all but the signature holds.

    `document` is the activity as it came. Nobody is asked for a key before this. Raises NotProven.
    """
    _may_be_brought(activity)
    return _readable(document, activity, LASTS)


async def author(document: Doc, activity: Activity, proof: Proof) -> Row:
    """The actor's row, once the proof holds; their key is fetched where needed.

    Raises NotProven, Gone, and Unreachable while the key cannot be had.
    """
    return await holder(PROVERS, proof.key_id, lambda owner: _proves(owner, document, proof, activity))


async def known_author(document: Doc, activity: Activity) -> Row:
    """The actor's row, if their proof holds, without asking anybody: the key is known here already, the proof less
    than 24 hours old, and its actor of no blocked domain. Raises NotProven.
    """
    _may_be_brought(activity)
    proof = _readable(document, activity, OFFLINE)
    owner = await known_prover(proof.key_id)
    if owner is None:
        raise NotProven("proof-unknown-key")
    _proves(owner, document, proof, activity)
    # Their handle may be of a blocked domain, where their id is not.
    if await blocks.is_blocked(activity.actor) or await blocks.is_blocked_actor(owner):
        raise NotProven("blocked")
    if owner["suspended_at"] is not None:
        raise NotProven("suspended")
    return owner


async def look_at(document: Doc, activity: Activity) -> None:
    """Check the proof of an activity that its own actor signed and brought; nothing hangs on it, so nobody is asked.

    A proof that does not hold is told to the log and counts as none: whoever could break it could as well leave it
    out, and the signature of the request covers every byte.
    """
    if PROOF not in document:
        return
    try:
        proof = _readable(document, activity, LASTS)
        owner = await known_prover(proof.key_id)
        if owner is not None:
            _proves(owner, document, proof, activity)
    except NotProven as error:
        log.info(INBOX_PROOF_IGNORED, actor=activity.actor, reason=error.reason)


def _readable(document: Doc, activity: Activity, lasts: int) -> Proof:
    try:
        proof = read(document)
        check(proof, now(), lasts)
        authority.check_key(proof.key_id, activity, authority.host_of(here().settings.base_url))
    except (BadProof, authority.NotTheirs) as error:
        raise NotProven(f"proof-{error.reason}") from error
    return proof


def _may_be_brought(activity: Activity) -> None:
    # Without an id nobody could tell a second time from the first.
    if activity.id is None:
        raise NotProven("proof-no-id")
    # What is between two people is theirs to say: a Follow of last week would follow again, whoever brought it.
    is_personal = isinstance(activity, _PERSONAL) or (isinstance(activity, Undo) and activity.kind not in _OPEN)
    if is_personal:
        raise NotProven("proof-personal")
    # What was said to few, or to one, is for nobody else to bring: an Accept of last week, a Follow, a private Note.
    if PUBLIC not in (*activity.to, *activity.cc):
        raise NotProven("proof-not-public")


def _proves(owner: Row, document: Doc, proof: Proof, activity: Activity) -> None:
    try:
        authority.check_signer(activity, owner["uri"] or "", owner["key_id"], proof.key_id)
        verify(document, proof, load_public(owner["public_key"]))
    except (BadProof, authority.NotTheirs) as error:
        raise NotProven(f"proof-{error.reason}") from error
    except BadKey as error:
        raise NotProven("proof-bad-key") from error
