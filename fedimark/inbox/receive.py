"""The one gate for what other servers say: prove the sender, store once, and only then answer.

Nothing unproven is stored. `Verified` is made here and nowhere else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from fedimark.database import Row, fetch_one
from fedimark.delivery.peers import heard_from
from fedimark.errors import FedimarkError, Forbidden, Malformed, NotProven, TooLarge, WrongType
from fedimark.here import here, now
from fedimark.inbox import authority, refusals, relayed, shortcut
from fedimark.inbox.keeping import keep
from fedimark.inbox.origin import Origin
from fedimark.inbox.proofs import known_author
from fedimark.inbox.prove import prove
from fedimark.policy import blocks
from fedimark.remote.known import known_actor
from fedimark.signatures.message import BadSignature, Message
from fedimark.signatures.verify import check_head
from fedimark.vocab.activities import Activity, Announce, Delete
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import Doc, is_activity_type
from fedimark.vocab.usual import read

_ACTOR = "SELECT * FROM actor WHERE id = ?"

_REFUSED = MappingProxyType(
    {401: "unproven", 403: "forbidden", 400: "malformed", 413: "too_large", 415: "wrong_type", 503: "unreachable"}
)

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

    `target` is the raw path with its query, `headers` maps lower-case names to all their values. An exact repeat,
    somebody unknown deleting themselves, and what a relay brings and nobody waits for return too. Raises TooLarge,
    WrongType, Malformed, NotProven, Forbidden for what the actor may not say, Unreachable while their key cannot be had
    (Postponed while it is not asked for), Unavailable.
    """
    try:
        _check_type(headers)
        _check_signed(headers)
        message = Message(method, target, headers, await _read(method, target, headers, chunks))
        if not await shortcut.takes(message):
            await _take_in(message)
    except FedimarkError as error:
        # Nobody is proven to have said it, so no software is named.
        here().metrics.heard(_REFUSED.get(error.status, "refused"), "")
        raise


async def _take_in(message: Message) -> None:
    """The long way in, which every shape of an activity finds, and every refusal."""
    document, activity = _parse(message.body)
    await _check_domain(activity)
    if await _is_strangers_end(activity):
        return
    try:
        spoken = await prove(message, document, activity)
    except FedimarkError as error:
        reason = error.reason if isinstance(error, NotProven) else error.message
        refusals.tell(activity, error.status, reason)
        raise
    bearer = spoken.bearer
    text = message.body.decode("utf-8")
    if spoken.is_forwarded:
        word = await relayed.word_of(bearer, document, activity)
    elif isinstance(activity, Announce) and await relayed.is_passed_over(bearer, activity):
        word = None
    else:
        word = relayed.Word(activity, text)
    is_new = word is not None and await keep(word.activity, spoken.author, word.body, spoken.at)
    if is_new:
        here().wake.set()
    here().metrics.heard("accepted" if is_new else "repeated" if word else "passed", bearer["host"])
    # Whoever speaks can listen again: what waits for their server need not wait on.
    await heard_from(bearer["uri"], bearer["inbox"], bearer["shared_inbox"])


async def embedded(document: Doc, received_at: int) -> Verified[Any]:
    """An activity that stands inside another, said by its own author: their proof in it is believed, offline.

    For streams that announce whole activities: who announced it is not asked, and nobody else either. The proof is
    less than 24 hours old, its key known here, the activity for everybody and its actor's to say. Nothing is stored.
    Whether the object is known already, and how often its own server is asked all the same, is for the caller.
    Raises NotProven with the reason, and then the object is to be fetched where its id leads.
    """
    try:
        activity = parse(document)
        authority.check(activity)
    except (Unreadable, authority.NotTheirs) as error:
        raise NotProven(error.reason) from error
    return Verified(activity, await known_author(document, activity), received_at)


async def stored(row: Row) -> Verified[Any]:
    """What `receive` proved and kept, as it was; `row` is of `received_activity`."""
    actor = await fetch_one(_ACTOR, row["actor_id"])
    assert actor is not None
    return restored(row, actor)


def restored(row: Row, actor: Row) -> Verified[Any]:
    """The same, where the row of its actor is at hand."""
    return Verified(parse(read(row["body"].encode("utf-8"))), actor, row["received_at"])


def _check_type(headers: Mapping[str, tuple[str, ...]]) -> None:
    values = headers.get("content-type", ())
    if len(values) != 1 or not is_activity_type(values[0]):
        raise WrongType


def _check_signed(headers: Mapping[str, tuple[str, ...]]) -> None:
    if "signature" not in headers:
        raise NotProven("unsigned")


async def _read(
    method: str, target: str, headers: Mapping[str, tuple[str, ...]], chunks: AsyncIterator[bytes]
) -> bytes:
    """The body, counted as it comes: a length is only what somebody says.

    What has not come at once is waited for only where its signature may hold.
    """
    limit = here().settings.body_limit_bytes
    said = (headers.get("content-length") or ("0",))[0]
    length = int(said[:20]) if said.isdecimal() else 0
    if length > limit:
        raise TooLarge
    body, more = b"", bytearray()
    async for chunk in chunks:
        if body:
            more += chunk
        else:
            body = chunk  # nearly always all of it
            if len(body) < length:
                _check_head(Message(method, target, headers, b""))
        if len(body) + len(more) > limit:
            raise TooLarge
    return body + more if more else body


def _check_head(head: Message) -> None:
    try:
        check_head(head, host=here().settings.host, now=now())
    except BadSignature as error:
        raise NotProven(error.reason) from error


def _parse(body: bytes) -> tuple[Doc, Activity]:
    try:
        document = loads(body)
        return document, parse(document)
    except Unreadable as error:
        raise Malformed(f"This activity can’t be read: {error.reason}.") from error


async def _check_domain(activity: Activity) -> None:
    """Raise Forbidden for who comes from a blocked domain, before anything of theirs is asked for."""
    if await blocks.is_blocked(activity.actor):
        refusals.tell(activity, Forbidden.status, "blocked")
        raise Forbidden("This server takes nothing from there.")


async def _is_strangers_end(activity: Activity) -> bool:
    """Whether somebody we never heard of deletes themselves: servers tell that to everybody they ever met."""
    if not isinstance(activity, Delete) or activity.object_id != activity.actor:
        return False
    return await known_actor(activity.actor) is None
