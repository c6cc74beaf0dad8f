"""The short way in, for what nearly everything is: a usual Create, signed by its actor, whose key is known.

All that is asked of others is asked of these too, of what is at hand: no row is read. Whatever is not as usual, and
whatever would be refused, is left to the long way, which knows why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from fedimark import addresses
from fedimark.delivery.peers import heard_from
from fedimark.here import here, now
from fedimark.inbox import groups, senders
from fedimark.inbox.groups import Kept, Outcome
from fedimark.inbox.senders import Sender
from fedimark.metrics import CACHE
from fedimark.policy import blocks
from fedimark.policy.blocks import Domains
from fedimark.signatures import cavage
from fedimark.signatures.cavage import Cavage
from fedimark.signatures.letter import Letter, read_proof
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.verify import checked, holds, holds_plainly
from fedimark.vocab.usual import Usual, read_usual

_KIND = "Create"


async def takes(message: Message) -> bool:
    """Whether an activity was taken in by the short way, and is committed; False, with nothing done, for all others.

    Raises Unavailable when the database cannot be written.
    """
    found = _sent_by_known(message)
    if found is None:
        return False
    sender, claim = found
    said = read_usual(message.body)
    if said is None or said.actor != sender.actor["uri"] or await sender.is_blocked():
        return False
    if not _is_signed(message, claim, sender):
        return False
    if await groups.commit(_row(said, sender, blocks.as_known())) == "changed":
        _look_again(claim.key_id)
        return False
    if sender.is_heard_anew():
        await heard_from(sender.actor["uri"], sender.actor["inbox"], sender.actor["shared_inbox"])
    here().metrics.heard("accepted", sender.actor["host"])
    return True


def offer(letter: Letter, answer: Callable[[bool], None]) -> bool:
    """Take an activity in as `takes` does, where nothing but the commit need be waited for; whether it may be taken.

    `answer` is told then, once, whether it is committed; where it is not, the long way knows why.
    """
    server = here()
    proof = read_proof(letter, host=server.settings.host, now=server.clock())
    sender = senders.known(proof.key_id) if proof is not None else None
    blocked = blocks.as_known()
    if proof is None or sender is None or not sender.is_at_ease(blocked):
        return False
    said = read_usual(letter.body)
    if said is None or said.actor != sender.actor["uri"] or not isinstance(sender.key, RSAPublicKey):
        return False
    if not holds_plainly(proof.signed, proof.signature, sender.key):
        return False
    server.metrics.count(CACHE, "senders", "hit")
    groups.give(_row(said, sender, blocked), partial(_told, answer, sender, proof.key_id))
    return True


def _told(answer: Callable[[bool], None], sender: Sender, key_id: str, outcome: Outcome | Exception) -> None:
    is_kept = outcome in ("new", "known")
    if is_kept:
        here().metrics.heard("accepted", sender.actor["host"])
    elif outcome == "changed":
        _look_again(key_id)
    answer(is_kept)


def _look_again(key_id: str) -> None:
    """Something is not as it was known: somebody's row, or which domains are blocked."""
    senders.forget(key_id)
    blocks.forget_domains()


def _sent_by_known(message: Message) -> tuple[Sender, Cavage] | None:
    if "signature-input" in message.headers:
        return None
    try:
        claim = cavage.read(message)
    except BadSignature:
        return None
    sender = senders.known(claim.key_id)
    here().metrics.count(CACHE, "senders", "miss" if sender is None else "hit")
    return None if sender is None else (sender, claim)


def _is_signed(message: Message, claim: Cavage, sender: Sender) -> bool:
    try:
        readings = checked(message, claim, host=here().settings.host, now=now())
        return any(holds(signed, claim, sender.key) for signed in readings)
    except BadSignature:
        return False


def _row(said: Usual, sender: Sender, blocked: Domains | None) -> Kept:
    key, at, actor = addresses.uri_hash(f"{said.actor} {said.id}"), now(), sender.actor
    version = "" if blocked is None else blocked.version
    return Kept(key, actor["id"], _KIND, said.text, at, at, actor["fetched_at"], version)
