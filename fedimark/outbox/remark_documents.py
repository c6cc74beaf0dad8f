"""From the row of a reply or remark written here to its Note, and to what is said of it.

A remark is a quote as Betula writes and reads it: neither a name nor a Link of its own. A reply mentions whom it
answers, for that is what Mastodon notifies of.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.outbox import ids
from fedimark.outbox.notes import audience
from fedimark.outbox.profiles import LARGEST, MICRO
from fedimark.outbox.quotes import Quote
from fedimark.policy.visibility import Visibility
from fedimark.text import html
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import AS, PUBLIC, Doc, remark_context

CUT = 4_000  # characters that always fit, whatever they are


@dataclass(frozen=True, slots=True)
class Answered:
    """Whom something answers or quotes: their id, their page, and `ana@a.example`."""

    uri: str
    href: str
    handle: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Who is addressed beside followers: whom it answers, None for oneself, and the ids of others it concerns."""

    answered: Answered | None = None
    others: tuple[str, ...] = ()


def remark_uri(username: str, remark: Row) -> str:
    """The id of its Note."""
    return absolute(addresses.remark(username, remark["public_id"]))


def note(username: str, remark: Row, heard: Heard, *, replies: Sequence[str] = ()) -> Doc:
    """The Note of a reply or remark, without `@context`; `remark` is a whole row, `replies` are ids of its answers.

    What `stops_quoting` bears no word of what it quoted.
    """
    uri, words = remark_uri(username, remark), remark["description"]
    addressed = audience(username, Visibility(remark["visibility"]))
    named = [heard.answered.uri] if heard.answered else []
    document: Doc = {
        "id": uri,
        "type": "Note",
        "attributedTo": ids.actor(username),
        "url": uri,
        "content": _content(remark, heard, words),
        "source": {"content": words, "mediaType": "text/plain"},
        "tag": [_mention(heard.answered)] if heard.answered and remark["is_reply"] else [],
        "to": addressed.to,
        "cc": list(dict.fromkeys([*addressed.cc, *named, *heard.others])),
        "published": rfc3339(remark["said_at"]),
        "sensitive": False,
        "replies": replies_of(uri, replies),
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
        **_about(remark),
    }
    if remark["updated_at"] > remark["said_at"]:
        document["updated"] = rfc3339(remark["updated_at"])
    return _fitted(document, remark, heard)


def create(username: str, remark: Row, heard: Heard) -> Doc:
    """The Create of a reply or remark."""
    return _about_note("Create", username, remark, remark["public_id"], note(username, remark, heard))


def update(username: str, remark: Row, heard: Heard, activity_id: str) -> Doc:
    """The Update of a reply or remark."""
    changed = rfc3339(remark["updated_at"])
    inner = note(username, remark, heard) | {"updated": changed}
    return _about_note("Update", username, remark, activity_id, inner) | {"published": changed}


def delete(username: str, remark: Row, activity_id: str, at: int) -> Doc:
    """The Delete of a reply or remark; addressed to Public whatever its reach, for it holds no word of it."""
    uri, heard = remark_uri(username, remark), audience(username, Visibility.PUBLIC)
    return {
        "@context": AS,
        "id": f"{uri}/activity/{activity_id}",
        "type": "Delete",
        "actor": ids.actor(username),
        "published": rfc3339(at),
        "to": heard.to,
        "cc": heard.cc,
        "object": {"id": uri, "type": "Tombstone"},
    }


def replies_of(uri: str, answers: Sequence[str] = ()) -> Doc:
    """The collection of answers to what has this id, by id, without `@context`; its first page stands in it."""
    return {"id": f"{uri}/replies", "type": "Collection", "totalItems": len(answers), "first": page_of(uri, answers)}


def page_of(uri: str, answers: Sequence[str] = ()) -> Doc:
    """The one page of that collection."""
    collection = f"{uri}/replies"
    return {"id": f"{collection}?page=first", "type": "CollectionPage", "partOf": collection, "items": [*answers]}


def stops_quoting(remark: Row) -> bool:
    """Whether whoever it quoted does not let it."""
    return not remark["is_reply"] and remark["quote_state"] == Quote.REFUSED


def _about_note(kind: str, username: str, remark: Row, activity_id: str, inner: Doc) -> Doc:
    return {
        "@context": remark_context(),
        "id": f"{remark_uri(username, remark)}/activity/{activity_id}",
        "type": kind,
        "actor": ids.actor(username),
        "published": inner["published"],
        "to": inner["to"],
        "cc": inner["cc"],
        "object": inner,
    }


def _about(remark: Row) -> Doc:
    """What it answers, or quotes in all the words that others read."""
    about = remark["about_uri"]
    if remark["is_reply"]:
        return {"inReplyTo": about}
    if stops_quoting(remark):
        return {}
    names = ("quote", "quoteUrl", "quoteUri", "_misskey_quote")
    allowed = {"quoteAuthorization": remark["stamp"]} if remark["stamp"] else {}
    return {**dict.fromkeys(names, about), **allowed}


def _content(remark: Row, heard: Heard, words: str) -> str:
    said = html.paragraphs(words)
    if remark["is_reply"]:
        if heard.answered is None:
            return said
        name = heard.answered.handle.partition("@")[0]
        anchor = f'<a href="{html.escape(heard.answered.href)}" class="u-url mention">@<span>{html.escape(name)}</span>'
        return f'<p><span class="h-card">{anchor}</a></span> {said.removeprefix("<p>")}'
    if stops_quoting(remark):
        return said
    about = html.escape(remark["about_uri"])
    return f'<p class="quote-inline">RE: <a href="{about}">{about}</a></p>{said}'


def _mention(answered: Answered) -> Doc:
    return {"type": "Mention", "href": answered.uri, "name": f"@{answered.handle}"}


def _fitted(document: Doc, remark: Row, heard: Heard) -> Doc:
    """The same in as many bytes as others take: first without `source`, then with the head of the words."""
    if _size(document) <= LARGEST[MICRO]:
        return document
    del document["source"]
    if _size(document) <= LARGEST[MICRO]:
        return document
    more = f'<p><a href="{html.escape(str(document["url"]))}">Read on</a></p>'
    return document | {"content": _content(remark, heard, remark["description"][:CUT]) + more}


def _size(document: Doc) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))
