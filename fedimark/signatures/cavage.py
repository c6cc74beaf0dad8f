"""PURE. The signature scheme the fediverse speaks: draft-cavage-http-signatures-12."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from fedimark.signatures.keys import PrivateKey
from fedimark.signatures.message import KEY_ID, BadSignature, Message, digest

REQUEST_TARGET = "(request-target)"
CREATED = "(created)"
EXPIRES = "(expires)"

_WITHOUT_BODY = (REQUEST_TARGET, "host", "date")
_WITH_BODY = (REQUEST_TARGET, "host", "date", "digest", "content-type")

# A second value of these would let two readers of one request see two different things.
_SINGLE_VALUED = frozenset({"host", "date", "digest", "content-type", "content-length", "signature"})

_LONGEST_HEADER = 8_192
_LONGEST_SIGNATURE = 1_024
LONGEST_KEPT = 512
_LAST = ',signature="'
_MOST_PARAMETERS = 16
_MOST_COVERED = 32

# One way to match each character and possessive repeats, so time grows with the length and no faster.
_PARAMETER = re.compile(r'[ \t]*+([A-Za-z]++)[ \t]*+=[ \t]*+(?:"([^"\\]*+)"|([0-9]++))[ \t]*+')
_COVERED_NAME = re.compile(r"\((?:request-target|created|expires)\)|[!#$%&'*+.^_`|~0-9a-z-]+")
_ALGORITHM = re.compile(r"[a-z0-9-]{1,32}")
_SECONDS = re.compile(r"0|[1-9][0-9]{0,11}")


@dataclass(frozen=True, slots=True)
class Cavage:
    """A Signature header, taken apart and believed in nothing.

    `algorithm` is empty when the header names none; `covered` are lower-case names in signed order; `created` and
    `expires` are whole seconds since 1970, UTC.
    """

    key_id: str
    algorithm: str
    covered: tuple[str, ...]
    created: int | None
    expires: int | None
    signature: bytes


def sign(message: Message, key_id: str, private_key: PrivateKey, date: str) -> dict[str, str]:
    """The headers that make `message` a signed request: Date, Signature, and Digest where there is a body.

    `message` must hold `host`, and `content-type` unless it is a GET or HEAD; `date` is an IMF-fixdate. Raises
    BadSignature ("missing-header") without them, ("malformed") for a key id no header can carry.
    """
    if KEY_ID.fullmatch(key_id) is None:
        raise BadSignature("malformed")
    added = {"Date": date}
    covered: tuple[str, ...] = _WITHOUT_BODY
    if message.method.upper() not in ("GET", "HEAD"):
        added["Digest"] = digest(message.body)
        covered = _WITH_BODY
    headers = {**message.headers, **{name.lower(): (value,) for name, value in added.items()}}
    whole = Message(message.method, message.target, headers, message.body)
    signed = signing_string(whole, covered, target=message.target)
    if isinstance(private_key, RSAPrivateKey):
        algorithm, signature = "rsa-sha256", private_key.sign(signed, PKCS1v15(), SHA256())
    else:
        algorithm, signature = "hs2019", private_key.sign(signed)
    # Omnom reads the header with a regular expression that knows this order only.
    added["Signature"] = (
        f'keyId="{key_id}",algorithm="{algorithm}",headers="{" ".join(covered)}",'
        f'signature="{b64encode(signature).decode("ascii")}"'
    )
    return added


def read(message: Message) -> Cavage:
    """Take the Signature header apart, in linear time.

    Raises BadSignature: "unsigned" without the header, "malformed" for anything the grammar or our bounds refuse,
    a parameter given twice among them.
    """
    values = message.headers.get("signature", ())
    if not values:
        raise BadSignature("unsigned")
    if len(values) > 1:
        raise BadSignature("malformed")
    # As nearly everybody writes it: all but the signature, which comes last, is the same in every letter of theirs.
    before, found, signature = values[0].rpartition(_LAST)
    known = said_before(before) if found and signature.find('"') == len(signature) - 1 else None
    if known is None:
        return _read(values[0])
    return Cavage(
        known.key_id, known.algorithm, known.covered, known.created, known.expires, _signature(signature[:-1])
    )


def said_before(value: str) -> Cavage | None:
    """What stands before a signature, read by itself; None where only the whole can tell."""
    # Asked before anything is kept: what is kept is bounded in number and in length.
    return _said(value) if len(value) <= LONGEST_KEPT else None


@lru_cache(maxsize=10_000)
def _said(value: str) -> Cavage | None:
    try:
        parameters = _parameters(value)
        is_all = "signature" not in parameters and len(parameters) < _MOST_PARAMETERS
        return _taken_apart(parameters, b"") if is_all else None
    except BadSignature:
        return None


def _read(value: str) -> Cavage:
    parameters = _parameters(value)
    return _taken_apart(parameters, _signature(parameters.get("signature", "")))


def _taken_apart(parameters: Mapping[str, str], signature: bytes) -> Cavage:
    return Cavage(
        key_id=_matching(KEY_ID, parameters.get("keyId", "")),
        algorithm=_matching(_ALGORITHM, parameters["algorithm"].lower()) if "algorithm" in parameters else "",
        covered=_covered(parameters.get("headers", "")),
        created=_seconds(parameters.get("created")),
        expires=_seconds(parameters.get("expires")),
        signature=signature,
    )


def signing_string(
    message: Message,
    covered: tuple[str, ...],
    *,
    target: str,
    created: int | None = None,
    expires: int | None = None,
) -> bytes:
    """The bytes that are signed. (draft-cavage-12 §2.3)

    `target` stands apart from the message because some servers leave the query out. Raises BadSignature:
    "missing-header" for a covered name the message lacks, "malformed" for one value too many or a line break.
    """
    pseudo = {
        REQUEST_TARGET: f"{message.method.lower()} {target}",
        CREATED: None if created is None else str(created),
        EXPIRES: None if expires is None else str(expires),
    }
    lines = []
    for name in covered:
        value = pseudo[name] if name in pseudo else header(message, name)
        if value is None:
            raise BadSignature("missing-header")
        if "\n" in value or "\r" in value:
            raise BadSignature("malformed")
        lines.append(f"{name}: {value}")
    try:
        return "\n".join(lines).encode("latin-1")
    except UnicodeEncodeError as error:
        raise BadSignature("malformed") from error


def header(message: Message, name: str) -> str | None:
    """One header as it is signed: outer white space gone, several values joined by commas; None when absent.

    Raises BadSignature ("malformed") when a header that has one value by nature comes twice.
    """
    values = message.headers.get(name, ())
    if not values:
        return None
    if len(values) == 1:
        return values[0].strip(" \t")
    if name in _SINGLE_VALUED:
        raise BadSignature("malformed")
    return ", ".join(value.strip(" \t") for value in values)


def _parameters(value: str) -> dict[str, str]:
    if len(value) > _LONGEST_HEADER:
        raise BadSignature("malformed")
    found: dict[str, str] = {}
    position = 0
    while True:
        match = _PARAMETER.match(value, position)
        if match is None or match[1] in found or len(found) == _MOST_PARAMETERS:
            raise BadSignature("malformed")
        found[match[1]] = match[2] if match[2] is not None else match[3]
        position = match.end()
        if position == len(value):
            return found
        if value[position] != ",":
            raise BadSignature("malformed")
        position += 1


def _matching(pattern: re.Pattern[str], value: str) -> str:
    if pattern.fullmatch(value) is None:
        raise BadSignature("malformed")
    return value


@lru_cache(maxsize=1024)  # each software covers always the same
def _covered(value: str) -> tuple[str, ...]:
    if not value:  # the draft's default covers too little to be worth naming
        return ()
    names = tuple(value.lower().split(" "))
    if len(names) > _MOST_COVERED or len(set(names)) < len(names):
        raise BadSignature("malformed")
    return tuple(_matching(_COVERED_NAME, name) for name in names)


def _seconds(value: str | None) -> int | None:
    return None if value is None else int(_matching(_SECONDS, value))


def _signature(value: str) -> bytes:
    try:
        decoded = b64decode(value, validate=True)
    except ValueError as error:
        raise BadSignature("malformed") from error
    # Base64 has spare bits at its end: only one spelling of each signature is accepted.
    if not 0 < len(decoded) <= _LONGEST_SIGNATURE or b64encode(decoded).decode("ascii") != value:
        raise BadSignature("malformed")
    return decoded
