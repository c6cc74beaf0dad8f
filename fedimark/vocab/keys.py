"""PURE. The keys that documents publish: of an actor, of a key by itself, of an actor's stub. (FEP-521a)"""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.vocab.reading import LONGEST_ID, is_web_url
from fedimark.vocab.terms import Doc

MOST_KEYS = 10

_LONGEST_PEM = 16_384
_LONGEST_MULTIBASE = 512


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key as a document names it, proven by nothing.

    `pem` or `multibase` holds the key, or both are empty where only its address is named; `owner` may be empty then.
    """

    id: str
    owner: str
    pem: str = ""
    multibase: str = ""


def read_keys(doc: Doc) -> tuple[PublishedKey, ...]:
    """The keys an actor's document names, in order, at most ten: `publicKey` first, then `assertionMethod`."""
    published = [_public_key(each) for each in _several(doc.get("publicKey"))]
    published += [_multikey(each) for each in _several(doc.get("assertionMethod"))]
    found: dict[str, PublishedKey] = {}
    for key in published:
        if key is not None:
            found.setdefault(key.id, key)
    return tuple(found.values())[:MOST_KEYS]


def read_key_document(doc: Doc, key_id: str) -> PublishedKey | None:
    """The key of that id where a document is the key itself, or a stub of an actor that holds it; else None.

    A stub has no inbox: GoToSocial answers one at the key's address, to be read without a signature.
    """
    if "publicKeyPem" in doc or "publicKeyMultibase" in doc:
        found = [_public_key(doc) or _multikey(doc)]
    elif "inbox" not in doc:
        found = [_public_key(each) for each in _several(doc.get("publicKey"))]
    else:
        return None
    return next((key for key in found if key is not None and key.id == key_id and key.owner), None)


def _several(value: object) -> list[object]:
    return value[:MOST_KEYS] if isinstance(value, list) else [value]


def _public_key(value: object) -> PublishedKey | None:
    if isinstance(value, str):
        return PublishedKey(value, "") if _id(value) else None
    if not isinstance(value, dict):
        return None
    key_id, owner, pem = _id(value.get("id")), _owner(value), value.get("publicKeyPem")
    if key_id and owner and isinstance(pem, str) and 0 < len(pem) <= _LONGEST_PEM:
        return PublishedKey(key_id, owner, pem=pem)
    return None


def _multikey(value: object) -> PublishedKey | None:
    if not isinstance(value, dict) or value.get("type") != "Multikey":
        return None
    key_id, owner, multibase = _id(value.get("id")), _owner(value), value.get("publicKeyMultibase")
    if key_id and owner and isinstance(multibase, str) and 0 < len(multibase) <= _LONGEST_MULTIBASE:
        return PublishedKey(key_id, owner, multibase=multibase)
    return None


def _owner(value: Doc) -> str:
    return _id(value.get("owner") or value.get("controller"))


def _id(value: object) -> str:
    named = value.get("id") if isinstance(value, dict) else value
    return named if isinstance(named, str) and len(named) <= LONGEST_ID and is_web_url(named) else ""
