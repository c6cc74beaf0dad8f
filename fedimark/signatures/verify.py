"""PURE. Whether a request was signed by the holder of a key, for this host, now."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256, sha512
from hmac import compare_digest
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA512, HashAlgorithm

from fedimark.signatures import cavage, rfc9421
from fedimark.signatures.fields import CONTENT_DIGEST, read_digests
from fedimark.signatures.keys import PublicKey
from fedimark.signatures.message import KEY_ID, BadSignature, Message, digest, read_http_date

Claim: TypeAlias = cavage.Cavage | rfc9421.Rfc9421

SECOND = 1_000_000
FUTURE = 3_600 * SECOND
PAST = 12 * 3_600 * SECOND

_UNDIGESTED = frozenset({cavage.REQUEST_TARGET, "host"})
_DIGESTED = _UNDIGESTED | {"digest"}
_LONGEST_DIGEST = 1_024
_LONGEST_HOST = 300
_PLAIN: tuple[AsymmetricPadding, HashAlgorithm] = (PKCS1v15(), SHA256())


def read_claim(message: Message) -> Claim:
    """What the request says about its signature, the first where there are several. Raises as `read_claims`."""
    return read_claims(message)[0]


def read_claims(message: Message) -> tuple[Claim, ...]:
    """What the request says about its own signatures: whose keys, over what. Nothing is proven yet.

    RFC 9421 where there is a Signature-Input, then one or more; else draft-cavage, which knows one only. Raises
    BadSignature ("unsigned" or "malformed").
    """
    if "signature-input" in message.headers:
        return rfc9421.read(message)
    return (cavage.read(message),)


def check(message: Message, claim: Claim, *, host: str, now: int) -> None:
    """Everything that can be refused before the key is at hand, so that nobody makes us fetch keys for nothing.

    `host` is the configured host with its port, never what the request says; `now` is in microseconds since 1970
    UTC. The window is 1 hour ahead and 12 hours back. Raises BadSignature.
    """
    checked(message, claim, host=host, now=now)


def check_head(message: Message, *, host: str, now: int) -> None:
    """What `check` can say before the body has come: return when one of the claims may hold, whatever it will be.

    Raises BadSignature with what is wrong with the first.
    """
    wrong: list[BadSignature] = []
    for claim in read_claims(message):
        try:
            _checked_head(message, claim, host, now)
        except BadSignature as error:
            wrong.append(error)
        else:
            return
    raise wrong[0]


def checked(message: Message, claim: Claim, *, host: str, now: int) -> tuple[bytes, ...]:
    """Do what `check` does, and return the bytes that may have been signed, the likeliest first."""
    readings = _checked_head(message, claim, host, now)
    if _needs_digest(message):
        of_scheme = _check_content_digest if isinstance(claim, rfc9421.Rfc9421) else _check_digest
        of_scheme(message)
    return readings


def _checked_head(message: Message, claim: Claim, host: str, now: int) -> tuple[bytes, ...]:
    if isinstance(claim, rfc9421.Rfc9421):
        _check_rfc9421(message, claim, host, now)
        return tuple(dict.fromkeys(_bases(message, claim, host)))
    _check_algorithm(claim)
    _check_covered(message, claim)
    # A header missing or doubled is no reason to look for a key.
    readings = _readings(message, claim)
    _check_host(message, host)
    _check_time(message, claim, now)
    return readings


def verify(message: Message, claim: Claim, public_key: PublicKey, *, host: str, now: int) -> None:
    """Return when `public_key` signed this very request for `host` within the window; raise BadSignature otherwise.

    Does all that `check` does. It does not ask whose key that is: the caller compares the key's owner with the actor.
    """
    readings = checked(message, claim, host=host, now=now)
    if not any(holds(signed, claim, public_key) for signed in readings):
        raise BadSignature("wrong-signature")


def signed_at(message: Message, claim: Claim) -> int:
    """When a request was signed, as its signature says, in microseconds since 1970 UTC; for what `check` let pass."""
    # With draft-cavage `created` may stand there and not be signed itself.
    if isinstance(claim, cavage.Cavage) and "date" in claim.covered:
        return read_http_date(cavage.header(message, "date") or "") or 0
    return (claim.created or 0) * SECOND


def holds(signed: bytes, claim: Claim, public_key: PublicKey) -> bool:
    """Whether the claim's signature over these very bytes is of this key, and nothing more.

    Raises BadSignature ("wrong-algorithm") when the claim names one that the key cannot have.
    """
    if not isinstance(public_key, RSAPublicKey):
        if claim.algorithm not in ("", "hs2019", rfc9421.ED25519):
            raise BadSignature("wrong-algorithm")
        try:
            public_key.verify(claim.signature, signed)
        except InvalidSignature:
            return False
        return True
    if claim.algorithm == rfc9421.ED25519:
        raise BadSignature("wrong-algorithm")
    for padding, hashed in _rsa_schemes(claim):
        try:
            public_key.verify(claim.signature, signed, padding, hashed)
        except InvalidSignature:
            continue
        return True
    return False


def holds_plainly(signed: bytes, signature: bytes, public_key: RSAPublicKey) -> bool:
    """Whether a signature over these very bytes is of this key, as RSA signs with PKCS #1 v1.5 and SHA-256."""
    try:
        public_key.verify(signature, signed, *_PLAIN)
    except InvalidSignature:
        return False
    return True


def _readings(message: Message, claim: cavage.Cavage) -> tuple[bytes, ...]:
    """The bytes that may have been signed, the likeliest first."""
    targets = [message.target]
    # Mastodon and GoToSocial before 2024 signed GETs without the query, so both readings are tried.
    if "?" in message.target and message.method.upper() in ("GET", "HEAD"):
        targets.append(message.target.partition("?")[0])
    times = {"created": claim.created, "expires": claim.expires}
    return tuple(cavage.signing_string(message, claim.covered, target=target, **times) for target in targets)


def _bases(message: Message, claim: rfc9421.Rfc9421, host: str) -> Iterator[bytes]:
    # A request does not say its scheme, and the host with its port leads to this server by either.
    for scheme in ("https", "http"):
        yield rfc9421.request_base(message, claim, f"{scheme}://{_bare(host)}{message.target}")


def _rsa_schemes(claim: Claim) -> tuple[tuple[AsymmetricPadding, HashAlgorithm], ...]:
    if claim.algorithm in ("rsa-sha256", rfc9421.RSA):
        return (_PLAIN,)
    pss = (PSS(MGF1(SHA512()), SHA512.digest_size), SHA512())
    if isinstance(claim, rfc9421.Rfc9421):
        return (pss,) if claim.algorithm == rfc9421.RSA_PSS else (_PLAIN, pss)
    # "hs2019" hides the algorithm: in life it is SHA-256, by the draft's letter SHA-512.
    return (_PLAIN, (PKCS1v15(), SHA512()))


def _check_rfc9421(message: Message, claim: rfc9421.Rfc9421, host: str, now: int) -> None:
    if claim.algorithm not in ("", rfc9421.RSA, rfc9421.RSA_PSS, rfc9421.ED25519):
        raise BadSignature("wrong-algorithm")
    if claim.created is None or KEY_ID.fullmatch(claim.key_id) is None:
        raise BadSignature("malformed")
    if not message.target.startswith("/"):
        raise BadSignature("malformed")
    if not _needed(message).issubset(_named(message, claim)):
        raise BadSignature("missing-header")
    # What is signed is the configured address; a request that says it is for another one is two things at once.
    _check_host(message, host)
    for _ in _bases(message, claim, host):  # built once for its refusals
        break
    _check_window(claim.created * SECOND, now)
    if claim.expires is not None and claim.expires * SECOND < now:
        raise BadSignature("expired")


def _needed(message: Message) -> set[str]:
    digested = {CONTENT_DIGEST} if _needs_digest(message) else set()
    return {rfc9421.METHOD, rfc9421.TARGET_URI} | digested


def _named(message: Message, claim: rfc9421.Rfc9421) -> set[str]:
    """What is covered, where the parts of an address together count as the address."""
    names = {component.name for component in claim.covered}
    parts = {rfc9421.AUTHORITY, rfc9421.PATH} | ({rfc9421.QUERY} if "?" in message.target else set())
    return names | ({rfc9421.TARGET_URI} if parts <= names else set())


def _check_content_digest(message: Message) -> None:
    said = read_digests(message)
    wanted = {"sha-256": sha256, "sha-512": sha512}
    known = {name: digest_of(message.body).digest() for name, digest_of in wanted.items() if name in said}
    # Each one that we can compute must be right: which of two a reader believes is not for the sender to choose.
    if not known or not all(compare_digest(said[name], value) for name, value in known.items()):
        raise BadSignature("wrong-digest")


def _check_algorithm(claim: cavage.Cavage) -> None:
    if claim.algorithm not in ("rsa-sha256", "hs2019", ""):
        raise BadSignature("wrong-algorithm")
    # The draft forbids it: an older verifier would take such a signature for one over plain headers.
    if claim.algorithm == "rsa-sha256" and not {cavage.CREATED, cavage.EXPIRES}.isdisjoint(claim.covered):
        raise BadSignature("wrong-algorithm")


def _check_covered(message: Message, claim: cavage.Cavage) -> None:
    needed = _DIGESTED if _needs_digest(message) else _UNDIGESTED
    if not needed.issubset(claim.covered):
        raise BadSignature("missing-header")
    if "date" not in claim.covered and cavage.CREATED not in claim.covered:
        raise BadSignature("missing-header")


def _needs_digest(message: Message) -> bool:
    return message.method.upper() not in ("GET", "HEAD") or bool(message.body)


def _check_host(message: Message, host: str) -> None:
    said = cavage.header(message, "host") or ""
    if len(said) > _LONGEST_HOST or _bare(said) != _bare(host):
        raise BadSignature("wrong-host")


def _bare(host: str) -> str:
    return host.lower().removesuffix(":443").removesuffix(":80")


def _check_time(message: Message, claim: cavage.Cavage, now: int) -> None:
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
    wanted = digest(message.body)
    if said == wanted:  # as nearly everybody writes it
        return
    parts = (part.strip(" \t").partition("=") for part in said.split(","))
    given = [value for name, _, value in parts if name.lower() == "sha-256"]
    wanted = wanted.partition("=")[2]
    if len(given) != 1 or not compare_digest(given[0].encode("utf-8", "replace"), wanted.encode("ascii")):
        raise BadSignature("wrong-digest")
