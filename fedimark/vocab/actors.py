"""PURE. Actor documents of other servers as one strict type."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fedimark.vocab.reading import (
    Unreadable,
    ids,
    is_web_url,
    mapped_text,
    needed_id,
    one_type,
    own_id,
    text,
    url_of,
    when,
)
from fedimark.vocab.terms import ACTOR_TYPES, Doc

_LONGEST_USERNAME = 255
_LONGEST_SUMMARY = 65_536
_LONGEST_PEM = 16_384
_MOST_FIELDS = 50
_MOST_KEYS = 10
_MOST_ALIASES = 256
_USERNAME = re.compile(r"[^\x00-\x20\x7f-\xa0@/?#%:,<>\"'\\]+")


@dataclass(frozen=True, slots=True)
class ActorDocument:
    """Somebody on another server, as their document says.

    Nothing here is proven: that inbox and keys belong to `id` is for the reader to check. `summary_html` and the
    values of `fields` are HTML as received. The three `key_` fields are None together or hold the first usable key.
    `webfinger` is `name@host`, empty when not given. `published` is in microseconds since 1970 UTC. `moved_to` is
    the account they moved to, empty for none. `attributed_to` is whose a Service is, as somebody's tag is theirs; empty
    for every other actor.
    """

    id: str
    type: str
    username: str
    name: str
    summary_html: str
    url: str | None
    inbox: str
    shared_inbox: str | None
    outbox: str | None
    followers: str | None
    key_id: str | None
    key_owner: str | None
    key_pem: str | None
    icon_url: str | None
    approves_followers: bool
    indexable: bool
    discoverable: bool
    published: int | None
    webfinger: str
    fields: tuple[tuple[str, str], ...]
    also_known_as: tuple[str, ...]
    moved_to: str
    attributed_to: str


def read_actor(doc: Doc) -> ActorDocument:
    """Read an actor; raises Unreadable without a known type, an id, an inbox and a user name. (ActivityPub §4.1)"""
    actor_type = one_type(doc, ACTOR_TYPES)
    if actor_type is None:
        raise Unreadable("type")
    webfinger = text(doc.get("webfinger")).removeprefix("acct:")
    key_id, key_owner, key_pem = _key(doc.get("publicKey"))
    return ActorDocument(
        id=needed_id(own_id(doc), "id"),
        type=actor_type,
        username=_username(doc, webfinger),
        name=mapped_text(doc, "name"),
        summary_html=mapped_text(doc, "summary", _LONGEST_SUMMARY),
        url=url_of(doc.get("url")),
        inbox=needed_id(doc.get("inbox"), "inbox"),
        shared_inbox=_shared_inbox(doc.get("endpoints")),
        outbox=_web_id(doc.get("outbox")),
        followers=_web_id(doc.get("followers")),
        key_id=key_id,
        key_owner=key_owner,
        key_pem=key_pem,
        icon_url=_icon(doc.get("icon")),
        approves_followers=doc.get("manuallyApprovesFollowers") is True,
        indexable=doc.get("indexable") is True,
        discoverable=doc.get("discoverable") is True,
        published=when(doc.get("published")),
        webfinger=webfinger,
        fields=_fields(doc.get("attachment")),
        also_known_as=_also_known_as(doc.get("alsoKnownAs")),
        moved_to=_web_id(doc.get("movedTo")) or "",
        attributed_to=(_web_id(doc.get("attributedTo")) or "") if actor_type == "Service" else "",
    )


def _username(doc: Doc, webfinger: str) -> str:
    username = text(doc.get("preferredUsername")) or webfinger.partition("@")[0]
    if len(username) > _LONGEST_USERNAME or _USERNAME.fullmatch(username) is None:
        raise Unreadable("username")
    return username


def _web_id(value: object) -> str | None:
    found = ids(value)
    return found[0] if found and is_web_url(found[0]) else None


def _shared_inbox(endpoints: object) -> str | None:
    return _web_id(endpoints.get("sharedInbox")) if isinstance(endpoints, dict) else None


def _icon(value: object) -> str | None:
    icons = value[:8] if isinstance(value, list) else [value]
    urls = (url_of(icon.get("url") or icon.get("href") if isinstance(icon, dict) else icon) for icon in icons)
    return next((url for url in urls if url is not None), None)


def _fields(value: object) -> tuple[tuple[str, str], ...]:
    values = value[:_MOST_FIELDS] if isinstance(value, list) else [value]
    pairs = (
        (text(each.get("name")), text(each.get("value")))
        for each in values
        if isinstance(each, dict) and each.get("type") == "PropertyValue"
    )
    return tuple(pair for pair in pairs if pair[0])


def _also_known_as(value: object) -> tuple[str, ...]:
    try:
        return ids(value, _MOST_ALIASES)
    except Unreadable:  # who has more names than anybody lacks only a move
        return ()


def _key(value: object) -> tuple[str, str, str] | tuple[None, None, None]:
    keys = value[:_MOST_KEYS] if isinstance(value, list) else [value]
    for key in keys:
        if not isinstance(key, dict):
            continue
        key_id, owner, pem = _web_id(key), _web_id(key.get("owner") or key.get("controller")), key.get("publicKeyPem")
        if key_id and owner and isinstance(pem, str) and 0 < len(pem) <= _LONGEST_PEM:
            return key_id, owner, pem
    return None, None, None
