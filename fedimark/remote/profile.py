"""What an actor's document says, checked and kept as a row."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import Row
from fedimark.errors import FedimarkError, Postponed
from fedimark.here import here, now
from fedimark.remote import guard, keyring, meeting, peers
from fedimark.remote.budget import Spend, elsewhere, unlimited
from fedimark.remote.sites import registrable_domain, same_site
from fedimark.remote.webfinger import look_up
from fedimark.text import clean, html
from fedimark.vocab.abilities import implements_rfc9421
from fedimark.vocab.actors import ActorDocument, read_actor
from fedimark.vocab.reading import Unreadable
from fedimark.vocab.terms import Doc

_LONGEST_NAME = 255
_LONGEST_USERNAME = 128
_LONGEST_HOST = 255


async def store_actor(document: Doc, spend: Spend = unlimited, known: Row | None = None) -> Row:
    """Keep an actor as their own server described them, and return the row.

    The document must have been fetched from its id. `host` becomes what WebFinger says, where it confirms the id,
    else the host of the id with its port; `spend` counts what other hosts are asked for that. `known` is their row as
    it was, where the caller has it, which saves a trip. Raises Untrustworthy for a document that is no actor, whose
    inbox, shared inbox or outbox is on another site, or whose key is owned by somebody else.
    """
    try:
        actor = read_actor(_named(document))
    except Unreadable as error:
        raise guard.refused(error.reason, str(document.get("id"))) from error
    _check(actor)
    host = await _handle_host(actor, spend)
    keys = keyring.usable_keys(document, actor.id)
    named, asserting = keyring.named_ids(document), keyring.asserting_ids(document)
    values, inbox = _values(actor, host, keys), actor.shared_inbox or actor.inbox
    row = await meeting.met(meeting.Met(values, inbox, keys, named, asserting, known is not None))
    if implements_rfc9421(document):
        await peers.hear_rfc9421(actor.id)
    return row


def _named(document: Doc) -> Doc:
    """A document that names its actor somehow: ActivityPub asks for no user name, and some send none."""
    if document.get("preferredUsername") or document.get("webfinger"):
        return document
    parts = urlsplit(str(document.get("id")))
    return document | {"preferredUsername": parts.path.rstrip("/").rpartition("/")[2] or parts.hostname or ""}


def _check(actor: ActorDocument) -> None:
    for url in (actor.inbox, actor.shared_inbox, actor.outbox):
        if url is not None:
            guard.check_url(url, here().settings)
            if not same_site(actor.id, url):
                raise guard.refused("other-site", actor.id)
    if actor.key_id is not None and (actor.key_owner != actor.id or not same_site(actor.id, actor.key_id)):
        raise guard.refused("key-owner", actor.id)
    if len(actor.username) > _LONGEST_USERNAME:
        raise guard.refused("username", actor.id)


async def _handle_host(actor: ActorDocument, spend: Spend) -> str:
    own = urlsplit(actor.id).netloc.lower()
    if len(own) > _LONGEST_HOST:
        raise guard.refused("host", actor.id)
    try:
        found = await look_up(actor.username, own, elsewhere(spend, own))
    except Postponed:
        raise
    except FedimarkError:
        return own
    name, _, host = found.subject.partition("@")
    confirms = found.self_href == actor.id and name.lower() == actor.username.lower()
    return host.lower() if confirms and len(host) <= _LONGEST_HOST else own


def _values(actor: ActorDocument, host: str, keys: dict[str, str]) -> dict[str, object]:
    key_id, pem = next(iter(keys.items()), ("", ""))
    fields = [[clean.one_line(name), html.sanitise(value)] for name, value in actor.fields]
    followers = actor.followers or ""
    moment = now()
    return {
        "uri_hash": addresses.uri_hash(actor.id),
        "uri": actor.id,
        "kind": actor.type,
        "username": actor.username,
        "host": host,
        "site": registrable_domain(actor.id)[:255],
        "name": clean.one_line(actor.name, _LONGEST_NAME),
        "summary": html.sanitise(actor.summary_html),
        "url": actor.url if actor.url and same_site(actor.id, actor.url) else actor.id,
        "icon": actor.icon_url or "",
        "fields": json.dumps(fields, ensure_ascii=False),
        "inbox": actor.inbox,
        "shared_inbox": actor.shared_inbox or "",
        "outbox": actor.outbox or "",
        "followers_uri": followers if followers and same_site(actor.id, followers) else "",
        "key_id": key_id,
        "public_key": pem,
        "private_key": "",
        "approves_followers": actor.approves_followers,
        "indexable": actor.indexable,
        "attributed_to": actor.attributed_to if same_site(actor.id, actor.attributed_to) else "",
        "created_at": moment,
        "fetched_at": moment,
    }
