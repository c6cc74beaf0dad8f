"""PURE. Whether a request was signed by the holder of a key, for this host, now."""

from __future__ import annotations

from hmac import compare_digest
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512

from fedimark.signatures import cavage
from fedimark.signatures.keys import PublicKey
from fedimark.signatures.message import BadSignature, Message, digest, read_http_date

Claim: TypeAlias = cavage.Cavage

SECOND = 1_000_000
FUTURE = 3_600 * SECOND
PAST = 12 * 3_600 * SECOND

_LONGEST_DIGEST = 1_024
_LONGEST_HOST = 300


def read_claim(message: Message) -> Claim:
    """What the request says about its own signature: whose key, over what. Nothing is proven yet.

    Raises BadSignature ("unsigned" or "malformed").
    """
    return cavage.read(message)


def check(message: Message, claim: Claim, *, host: str, now: int) -> None:
    """Everything that can be refused before the key is at hand, so that nobody makes us fetch keys for nothing.

    `host` is the configured host with its port, never what the request says; `now` is in microseconds since 1970
    UTC. The window is 1 hour ahead and 12 hours back. Raises BadSignature. (PROTOCOL §1.3)
    """
    _check_algorithm(claim)
    _check_covered(message, claim)
    _check_host(message, host)
    _check_time(message, claim, now)
    if _needs_digest(message):
        _check_digest(message)


def verify(message: Message, claim: Claim, public_key: PublicKey, *, host: str, now: int) -> None:
    """Return when `public_key` signed this very request for `host` within the window; raise BadSignature otherwise.

    Does all that `check` does. It does not ask whose key that is: the caller compares the key's owner with the actor.
    """
    check(message, claim, host=host, now=now)
    # Mastodon and GoToSocial before 2024 signed GETs without the query, so both readings are tried.
    for target in dict.fromkeys((message.target, message.target.partition("?")[0])):
        signed = cavage.signing_string(
            message, claim.covered, target=target, created=claim.created, expires=claim.expires
        )
        if _is_signed(signed, claim, public_key):
            return
    raise BadSignature("wrong-signature")


def _check_algorithm(claim: Claim) -> None:
    if claim.algorithm not in ("rsa-sha256", "hs2019", ""):
        raise BadSignature("wrong-algorithm")
    # The draft forbids it: an older verifier would take such a signature for one over plain headers.
    if claim.algorithm == "rsa-sha256" and not {cavage.CREATED, cavage.EXPIRES}.isdisjoint(claim.covered):
        raise BadSignature("wrong-algorithm")


def _check_covered(message: Message, claim: Claim) -> None:
    needed = {cavage.REQUEST_TARGET, "host"}
    if _needs_digest(message):
        needed.add("digest")
    if not needed.issubset(claim.covered):
        raise BadSignature("missing-header")
    if "date" not in claim.covered and cavage.CREATED not in claim.covered:
        raise BadSignature("missing-header")
    # Built once for its refusals: a header missing or doubled is no reason to look for a key.
    cavage.signing_string(message, claim.covered, target=message.target, created=claim.created, expires=claim.expires)


def _needs_digest(message: Message) -> bool:
    return message.method.upper() not in ("GET", "HEAD") or bool(message.body)


def _check_host(message: Message, host: str) -> None:
    said = cavage.header(message, "host") or ""
    if len(said) > _LONGEST_HOST or _bare(said) != _bare(host):
        raise BadSignature("wrong-host")


def _bare(host: str) -> str:
    return host.lower().removesuffix(":443").removesuffix(":80")


def _check_time(message: Message, claim: Claim, now: int) -> None:
    if "date" in claim.covered:
        date = read_http_date(cavage.header(message, "date") or "")
        if date is None:
            raise BadSignature("malformed")
        _check_window(date, now)
    if claim.created is not None:
        _check_window(claim.created * SECOND, now)
    if claim.expires is not None and claim.expires * SECOND < now:
        raise BadSignature("expired")


def _check_window(at: int, now: int) -> None:
    if at > now + FUTURE:
        raise BadSignature("future")
    if at < now - PAST:
        raise BadSignature("stale")


def _check_digest(message: Message) -> None:
    said = cavage.header(message, "digest") or ""
    if len(said) > _LONGEST_DIGEST:
        raise BadSignature("wrong-digest")
    parts = (part.strip(" \t").partition("=") for part in said.split(","))
    given = [value for name, _, value in parts if name.lower() == "sha-256"]
    wanted = digest(message.body).partition("=")[2]
    if len(given) != 1 or not compare_digest(given[0].encode("utf-8", "replace"), wanted.encode("ascii")):
        raise BadSignature("wrong-digest")


def _is_signed(signed: bytes, claim: Claim, public_key: PublicKey) -> bool:
    if not isinstance(public_key, RSAPublicKey):
        if claim.algorithm == "rsa-sha256":
            raise BadSignature("wrong-algorithm")
        try:
            public_key.verify(claim.signature, signed)
        except InvalidSignature:
            return False
        return True
    # "hs2019" hides the algorithm: in life it is SHA-256, by the draft's letter SHA-512.
    hashes = (SHA256(),) if claim.algorithm == "rsa-sha256" else (SHA256(), SHA512())
    for hashed in hashes:
        try:
            public_key.verify(claim.signature, signed, PKCS1v15(), hashed)
        except InvalidSignature:
            continue
        return True
    return False
