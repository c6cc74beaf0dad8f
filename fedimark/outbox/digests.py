"""A digest: a Service that tells once a day, in one Note, what a person saved publicly: its documents.

It lists titles that lead to the pages, so that who follows it hears of a busy person once a day.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.here import here
from fedimark.outbox import ids
from fedimark.outbox.documents import DAY, generator
from fedimark.outbox.proofs import with_proofs
from fedimark.outbox.tag_actors import SERVICE
from fedimark.remote.signing import private_key
from fedimark.signatures.proofs import sign
from fedimark.text import html
from fedimark.vocab.moments import rfc3339
from fedimark.vocab.terms import PUBLIC, Doc, actor_context, note_context

MOST_LISTED = 200
LARGEST = 45_000  # bytes of a Create
_LONGEST_TITLE = 200


def uri_of(username: str) -> str:
    """The actor's id."""
    return absolute(addresses.digest(username))


def handle_of(username: str) -> str:
    """What stands before the host in its handle."""
    return f"digest.{username}"


def actor(owner: Row, keeper: Row) -> Doc:
    """The actor document of a person's digest; `keeper` is the row of the server's own actor, whose keys it uses."""
    username, uri = owner["local_name"], uri_of(owner["local_name"])
    is_shut = owner["suspended_at"] is not None
    name = username if is_shut else owner["name"] or username
    told = f"What {username}@{here().settings.handles_at} saved publicly, once a day in one note."
    document: Doc = {
        "@context": actor_context(),
        "id": uri,
        "type": SERVICE,
        "preferredUsername": handle_of(username),
        "webfinger": f"{handle_of(username)}@{here().settings.handles_at}",
        "name": f"{name}: digest",
        "summary": html.paragraphs(told),
        "url": uri,
        "inbox": f"{uri}/inbox",
        "outbox": f"{uri}/outbox",
        "followers": f"{uri}/followers",
        "endpoints": {"sharedInbox": absolute(addresses.SHARED_INBOX)},
        "manuallyApprovesFollowers": bool(owner["approves_followers"]),
        "discoverable": True,
        "indexable": bool(owner["indexable"]),
        "published": rfc3339(owner["created_at"] // DAY * DAY),
        "attributedTo": ids.actor(username),
        "icon": {"type": "Image", "mediaType": "image/png", "url": absolute(addresses.STREAM_ICON)},
        "publicKey": {"id": addresses.key_id_at(uri), "owner": uri, "publicKeyPem": keeper["public_key"]},
        "generator": generator(),
    }
    if keeper["proof_public_key"]:
        key = {"id": _proof_key_id(uri), "type": "Multikey", "controller": uri}
        document["assertionMethod"] = [{**key, "publicKeyMultibase": keeper["proof_public_key"]}]
    return document | ({"suspended": True} if is_shut else {})


def note(owner: Row, day: Row, saves: Sequence[Row], amount: int) -> Doc:
    """The Note of one day, without `@context`: `saves` are the first of `amount`, in the order they were saved.

    Fewer are listed where they would not fit; a last line leads to all of them.
    """
    username = owner["local_name"]
    lines = [_line(save) for save in saves[:MOST_LISTED]]
    while True:
        document = _note(username, day, _content(owner, day["day"], lines, amount), day["said_at"])
        if len(lines) <= 1 or len(json.dumps(document, ensure_ascii=False).encode()) <= LARGEST - 2_000:
            return document
        lines = lines[: len(lines) * 3 // 4]


def create(owner: Row, day: Row, saves: Sequence[Row], amount: int) -> Doc:
    """The Create of that Note."""
    said = note(owner, day, saves, amount)
    uri = uri_of(owner["local_name"])
    return {
        "@context": note_context(),
        "id": f"{said['id']}/create",
        "type": "Create",
        "actor": uri,
        "published": said["published"],
        "to": said["to"],
        "cc": said["cc"],
        "object": said,
    }


def proven(document: Doc, keeper: Row, at: int) -> Doc:
    """The Create with a proof, made with the server's key under the digest's own name. (FEP-8b32)"""
    if not keeper["proof_private_key"]:
        return document
    key = private_key(keeper["proof_private_key"])
    assert isinstance(key, Ed25519PrivateKey)
    context = with_proofs(document["@context"])
    return sign(document | {"@context": context}, _proof_key_id(str(document["actor"])), key, at)


def _note(username: str, day: Row, content: str, said_at: int) -> Doc:
    uri, note_uri = uri_of(username), absolute(addresses.digest_day(username, day["day"]))
    return {
        "id": note_uri,
        "type": "Note",
        "attributedTo": uri,
        "url": note_uri,
        "content": content,
        "to": [PUBLIC],
        "cc": [f"{uri}/followers"],
        "published": rfc3339(said_at),
        "sensitive": False,
        "replies": {"id": f"{note_uri}#replies", "type": "Collection", "totalItems": 0},
        "interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}},
    }


def _content(owner: Row, day: str, lines: Sequence[str], amount: int) -> str:
    name = html.escape(owner["name"] or owner["local_name"])
    when = date.fromisoformat(day)
    pages = "a page" if amount == 1 else f"{amount:,} pages"
    head = f"<p>{name} saved {pages} on {when.day} {when:%B} {when.year}:</p>"
    rest = amount - len(lines)
    href = html.escape(ids.actor(owner["local_name"]))
    more = f"and {rest:,} more: " if rest else ""
    return f'{head}<ul>{"".join(lines)}</ul><p>{more}<a href="{href}">{href.partition("://")[2]}</a></p>'


def _line(save: Row) -> str:
    title = (save["title"] or save["url"])[:_LONGEST_TITLE]
    return f'<li><a href="{html.escape(save["url"])}" rel="nofollow noopener">{html.escape(title)}</a></li>'


def _proof_key_id(uri: str) -> str:
    return addresses.key_id_at(uri, "ed25519-key")
