"""PURE. A signed POST that came whole, written as servers write it, read without a general parser.

What these two read, an HTTP parser and `cavage` with `verify` read too, and find the very same in it; whatever could be
in doubt is left to them.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

from fedimark.signatures.cavage import CREATED, EXPIRES, LONGEST_KEPT, REQUEST_TARGET, said_before
from fedimark.signatures.message import read_http_date
from fedimark.signatures.verify import FUTURE, PAST

LONGEST_HEAD: Final = 16_384
MOST_LINES: Final = 64

_START: Final = b"POST "
_FIRST_LINE = re.compile(r"POST (/[A-Za-z0-9_/-]*) HTTP/1\.1")
_NAME = re.compile(r"[A-Za-z0-9-]+")
_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_BREAK: Final = b"\r\n"
_GOES_ON: Final = "keep-alive"
# They say how the rest is to be read, or what is to come after.
_OF_THE_WAY: Final = frozenset({"transfer-encoding", "expect", "upgrade", "trailer", "te"})
_NEEDED: Final = frozenset({REQUEST_TARGET, "host", "date", "digest"})
_LAST: Final = ',signature="'


class Letter(NamedTuple):
    """A request with one value for each header, their names in lower case, and all of its body."""

    target: str
    headers: Mapping[str, str]
    body: bytes


class Proof(NamedTuple):
    """Whose key is said to have signed, the signature, and the very bytes that it is to be over."""

    key_id: str
    signature: bytes
    signed: bytes


def read_letter(block: bytes) -> Letter | None:
    """Read one whole POST, with nothing before or after it, whose connection goes on; None for everything else."""
    end = block.find(b"\r\n\r\n", 0, LONGEST_HEAD) if block.startswith(_START) else -1
    if end < 0:
        return None
    head = block[:end]
    # In what is ASCII and printable no character is a break, or means two things.
    amount = head.count(_BREAK)
    if amount > MOST_LINES or head.translate(None, _PRINTABLE) != _BREAK * amount:
        return None
    first, *lines = head.decode("ascii").split("\r\n")
    match, headers = _FIRST_LINE.fullmatch(first), _headers(lines)
    if match is None or headers.get("connection", _GOES_ON).lower() != _GOES_ON:
        return None
    body = block[end + 4 :]
    return Letter(match[1], headers, body) if headers.get("content-length") == str(len(body)) else None


def read_proof(letter: Letter, *, host: str, now: int) -> Proof | None:
    """What is to be proven of a letter for `host`, within the window; None where `cavage` must look, or it is refused.

    Signed are all that must be, with an algorithm that is RSA with SHA-256 for an RSA key.
    """
    headers = letter.headers
    before, found, said = headers.get("signature", "").rpartition(_LAST)
    known = _usual(before) if found and len(before) <= LONGEST_KEPT else None
    if known is None or "signature-input" in headers or headers.get("host") != host:
        return None
    key_id, covered = known
    date = read_http_date(headers.get("date", ""))
    if date is None or not now - PAST <= date <= now + FUTURE:
        return None
    digest = b2a_base64(sha256(letter.body).digest(), newline=False).decode("ascii")
    signature = _signature(said)
    if signature is None or headers.get("digest") != f"SHA-256={digest}":
        return None
    try:
        lines = [f"{name}: {headers[name]}" for name in covered]
    except KeyError:
        return None
    signed = "\n".join([f"{REQUEST_TARGET}: post {letter.target}", *lines])
    return Proof(key_id, signature, signed.encode("ascii"))


def _headers(lines: list[str]) -> dict[str, str]:
    """Each header with its value; none where one comes twice, is of no plain name, or has white space around it."""
    try:
        said = dict([line.split(": ", 1) for line in lines])
    except ValueError:  # a line without a value
        return {}
    values = list(said.values())
    is_plain = len(values) == len(lines) and values == list(map(str.strip, values))
    return dict(zip(_names(tuple(said)), values, strict=False)) if is_plain else {}


@lru_cache(maxsize=256)  # each software says the same in the same order
def _names(said: tuple[str, ...]) -> tuple[str, ...]:
    """Names in lower case; none where one comes twice, or one may be none, or changes what the rest means."""
    names = tuple(name.lower() for name in said)
    is_usual = all(map(_NAME.fullmatch, said)) and len({*names}) == len(names) and _OF_THE_WAY.isdisjoint(names)
    return names if is_usual else ()


@lru_cache(maxsize=10_000)
def _usual(before: str) -> tuple[str, tuple[str, ...]] | None:
    """Whose key it is and what is covered after the target, by what stands before a signature; None where that is not
    all there is to it.
    """
    claim = said_before(before)
    if claim is None or claim.algorithm not in ("rsa-sha256", "hs2019", ""):
        return None
    if claim.created is not None or claim.expires is not None or {CREATED, EXPIRES} & set(claim.covered):
        return None
    if claim.covered[:1] != (REQUEST_TARGET,) or not _NEEDED.issubset(claim.covered):
        return None
    return claim.key_id, claim.covered[1:]


def _signature(said: str) -> bytes | None:
    """The bytes of a signature in the one spelling that is taken, with the quote that ends it."""
    text = said[:-1].encode("ascii")
    try:
        signature = a2b_base64(text)
    except Error:
        return None
    is_whole = said[-1:] == '"' and b2a_base64(signature, newline=False) == text
    return signature if is_whole and signature else None
