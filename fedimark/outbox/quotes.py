"""Asking to quote, letting others quote, and taking that back, as rows inside `write()`. (FEP-044f)"""

from __future__ import annotations

from enum import IntEnum

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.delivery.enqueue import say
from fedimark.here import here, now
from fedimark.outbox import hearers, ids
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, Doc, quote_context, remark_context


class Quote(IntEnum):
    """How a remark written here stands with whom it quotes."""

    UNASKED = 0  # their server knows nothing of asking, or it is one's own
    ASKED = 1
    GRANTED = 2
    REFUSED = 3  # or granted, and taken back


def request_uri(remark_uri: str) -> str:
    """The id of the QuoteRequest of a remark written here: one for each, however often it is asked."""
    return f"{remark_uri}/quote-request"


def stamp_uri(owner_name: str, public_id: str) -> str:
    """The id of a QuoteAuthorization."""
    return absolute(addresses.stamp(owner_name, public_id))


def request(username: str, note: Doc, about_uri: str, author_uri: str) -> Doc:
    """A QuoteRequest by somebody here; the remark's whole Note stands in it, so that nobody has to fetch it."""
    context = [*remark_context(), *quote_context()[1:]]
    inner = _request(request_uri(str(note["id"])), ids.actor(username), about_uri, note)
    return {"@context": context, **inner, "to": [author_uri]}


def accept(owner_name: str, stamp: Row, quoter_uri: str, asked_uri: str | None, answer_id: str) -> Doc:
    """An Accept of a QuoteRequest, whole in it; its result is what the quote may show from now on."""
    answer = _answer("Accept", owner_name, stamp, quoter_uri, asked_uri, answer_id)
    return {**answer, "result": stamp_uri(owner_name, stamp["public_id"])}


def reject(owner_name: str, stamp: Row, quoter_uri: str, asked_uri: str | None, answer_id: str) -> Doc:
    """A Reject of a QuoteRequest, whole in it."""
    return _answer("Reject", owner_name, stamp, quoter_uri, asked_uri, answer_id)


def authorization(owner_name: str, stamp: Row) -> Doc:
    """What an address of a QuoteAuthorization answers while it holds."""
    return {
        "@context": quote_context(),
        "id": stamp_uri(owner_name, stamp["public_id"]),
        "type": "QuoteAuthorization",
        "attributedTo": ids.actor(owner_name),
        "interactingObject": stamp["instrument"],
        "interactionTarget": stamp["object_uri"],
    }


def revocation(owner_name: str, stamp: Row, quoter_uri: str, at: int) -> Doc:
    """The Delete of a QuoteAuthorization."""
    uri = stamp_uri(owner_name, stamp["public_id"])
    return {
        "@context": AS,
        "id": f"{uri}/delete",
        "type": "Delete",
        "actor": ids.actor(owner_name),
        "published": rfc3339(at),
        "to": [quoter_uri],
        "cc": [],
        "object": {"id": uri, "type": "Tombstone"},
    }


async def say_request(author: Row, note: Doc, about_uri: str, target: Row) -> None:
    """Ask somebody elsewhere whether a remark written here, of this Note, may quote them."""
    document = request(author["local_name"], note, about_uri, target["uri"])
    await say(author["id"], "QuoteRequest", str(document["id"]), document, [target["inbox"]], here().new_id())


async def say_answer(owner: Row, stamp: Row, quoter: Row, asked_uri: str | None) -> None:
    """Answer somebody elsewhere who asked to quote: Accept while the stamp holds, else Reject."""
    answer_id, shape = here().new_id(), accept if stamp["revoked_at"] is None else reject
    document = shape(owner["local_name"], stamp, quoter["uri"], asked_uri, answer_id)
    about = stamp_uri(owner["local_name"], stamp["public_id"])
    if stamp["revoked_at"] is None:
        await hearers.remember(about, {quoter["inbox"]})  # who must hear of its end
    await say(owner["id"], str(document["type"]), about, document, [quoter["inbox"]], answer_id)


async def say_revoked(owner: Row, stamp: Row, quoter: Row) -> None:
    """Tell whoever got a QuoteAuthorization that it holds no more."""
    uri = stamp_uri(owner["local_name"], stamp["public_id"])
    inboxes = await hearers.cancelled(uri)
    document = revocation(owner["local_name"], stamp, quoter["uri"], now())
    await say(owner["id"], "Delete", uri, document, sorted(inboxes), here().new_id())


def _request(uri: str | None, quoter: str, about: str, instrument: str | Doc) -> Doc:
    named: Doc = {"id": uri} if uri else {}
    return {**named, "type": "QuoteRequest", "actor": quoter, "object": about, "instrument": instrument}


def _answer(  # noqa: PLR0917 - as it reads on the wire
    kind: str, owner_name: str, stamp: Row, quoter_uri: str, asked_uri: str | None, answer_id: str
) -> Doc:
    return {
        "@context": quote_context(),
        "id": absolute(addresses.accept(owner_name, answer_id)),
        "type": kind,
        "actor": ids.actor(owner_name),
        "to": [quoter_uri],
        "cc": [],
        "object": _request(asked_uri, quoter_uri, stamp["object_uri"], stamp["instrument"]),
    }
