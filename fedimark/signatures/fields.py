"""PURE. Header fields as RFC 9421 reads them: joined lines, structured fields, digests. (RFC 9651, RFC 9530)"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import http_sf
from http_sf.types import DictionaryType, ItemType
from http_sf.types import ParamsType as Parameters

from fedimark.signatures.message import BadSignature, Message

CONTENT_DIGEST = "content-digest"

_LONGEST_FIELD = 8_192

# Fields with one value by nature; a second line would let two readers see two requests.
_SINGLE_VALUED = frozenset({"host", "date", "digest", CONTENT_DIGEST, "content-type", "content-length"})


def field(message: Message, name: str) -> str | None:
    """A header field as it is signed: lines without outer white space, joined by commas; None when absent.

    Raises BadSignature ("malformed") when a field that has one value by nature comes twice.
    """
    values = message.headers.get(name, ())
    if len(values) > 1 and name in _SINGLE_VALUED:
        raise BadSignature("malformed")
    return ", ".join(value.strip(" \t") for value in values) if values else None


def content_digest(body: bytes) -> str:
    """The value of a Content-Digest field over exactly these bytes. (RFC 9530)"""
    return f"sha-256=:{b64encode(sha256(body).digest()).decode('ascii')}:"


def read_digests(message: Message) -> dict[str, bytes]:
    """What Content-Digest says, by algorithm. Raises BadSignature ("wrong-digest") when it cannot be read."""
    if len(message.headers.get(CONTENT_DIGEST, ())) > 1:
        raise BadSignature("wrong-digest")
    try:
        members = dictionary(message, CONTENT_DIGEST)
    except BadSignature as error:
        raise BadSignature("wrong-digest") from error
    values = {name: bare(member) for name, member in members.items()}
    return {name: value for name, value in values.items() if isinstance(value, bytes)}


def dictionary(message: Message, name: str) -> DictionaryType:
    """A field as a dictionary of structured fields, empty when absent.

    Raises BadSignature ("malformed") for anything else, too long a field, or a key given twice.
    """
    value = field(message, name) or ""
    if len(value) > _LONGEST_FIELD:
        raise BadSignature("malformed")
    try:
        found = http_sf.parse(value.encode("ascii"), tltype="dictionary", on_duplicate_key=_twice)
    except (http_sf.StructuredFieldError, UnicodeEncodeError) as error:
        raise BadSignature("malformed") from error
    assert isinstance(found, dict)
    return found


def _twice(_: str, __: str) -> None:
    # The grammar lets the last one win; two readers that disagree about it would verify two requests.
    raise BadSignature("malformed")


def bare(member: object) -> object:
    """A member of a structured field without its parameters."""
    return member[0] if isinstance(member, tuple) else member


def inner_list(items: list[ItemType], parameters: Parameters) -> str:
    """An inner list with its parameters, in canonical form."""
    # A list of one is written as its one member.
    return http_sf.ser([(items, parameters)])
