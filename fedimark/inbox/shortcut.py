"""The short way in, for what nearly everything is: a usual Create, signed by its actor, whose key is known.

All that is asked of others is asked of these too, of what is at hand: no row is read. Whatever is not as usual, and
whatever would be refused, is left to the long way, which knows why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from fedimark import addresses
from fedimark.delivery.peers import heard_from
from fedimark.here import here, now
from fedimark.inbox import groups, senders
from fedimark.inbox.groups import Kept, Outcome
from fedimark.inbox.senders import Sender
from fedimark.metrics import CACHE
from fedimark.signatures import cavage
from fedimark.signatures.cavage import Cavage
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.verify import checked, holds
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
    if not await _is_kept(said, sender):
        senders.forget(claim.key_id)
        return False
    if sender.is_heard_anew():
        await heard_from(sender.actor["uri"], sender.actor["inbox"], sender.actor["shared_inbox"])
    here().metrics.heard("accepted", sender.actor["host"])
    return True


def offer(message: Message, answer: Callable[[bool], None]) -> bool:
    """Take an activity in as `takes` does, where nothing but the commit need be waited for; whether it may be taken.

    `answer` is told then, once, whether it is committed; where it is not, the long way knows why.
    """
    found = _sent_by_known(message)
    if found is None:
        return False
    sender, claim = found
    said = read_usual(message.body)
    if said is None or said.actor != sender.actor["uri"] or not sender.is_at_ease():
        return False
    if not _is_signed(message, claim, sender):
        return False
    groups.give(_row(said, sender)).add_done_callback(partial(_told, answer, sender, claim.key_id))
    return True


def _told(answer: Callable[[bool], None], sender: Sender, key_id: str, kept: asyncio.Future[Outcome]) -> None:
    if kept.cancelled() or kept.exception() is not None:
        answer(False)
    elif kept.result() == "changed":
        senders.forget(key_id)
        answer(False)
    else:
        here().metrics.heard("accepted", sender.actor["host"])
        answer(True)


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


async def _is_kept(said: Usual, sender: Sender) -> bool:
    """Whether it is written down, now or before; False where its actor is not as they were met."""
    return await groups.give(_row(said, sender)) != "changed"


def _row(said: Usual, sender: Sender) -> Kept:
    key, at, actor = addresses.uri_hash(f"{said.actor} {said.id}"), now(), sender.actor
    return Kept(key, actor["id"], _KIND, said.text, at, at, actor["fetched_at"])
