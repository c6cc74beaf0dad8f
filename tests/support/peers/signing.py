"""Signatures as others make and check them, without a line of fedimark: draft-cavage by its text, RFC 9421 by the
library http-message-signatures.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, algorithms, exceptions

CAVAGE, RFC9421 = "draft-cavage", "RFC 9421"

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_AGES = timedelta(days=36_500)  # the library knows the real clock only: time is checked here, by the peer's own


class NotProven(Exception):
    """A request whose signature does not hold."""


@dataclass(frozen=True, slots=True)
class Knock:
    """One request as it arrived; header names are lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def scheme(self) -> str:
        """Which of the two it is signed with; empty when with none."""
        if "signature-input" in self.headers:
            return RFC9421
        return CAVAGE if "signature" in self.headers else ""

    @property
    def target(self) -> str:
        """Path and query."""
        return "/" + self.url.split("/", 3)[3]

    @property
    def host(self) -> str:
        """The host it was sent to."""
        return self.url.split("/", 3)[2]


@lru_cache
def key_of(uri: str, version: int = 1) -> RSAPrivateKey:
    """A key; making one takes a while, so each is made once."""
    assert uri
    assert version
    return generate_private_key(65537, 2048)


def pem_of(key: RSAPrivateKey) -> str:
    """The public half, as actors publish it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def key_id_of(knock: Knock) -> str:
    """Whose key is said to have signed; raises NotProven for a header that cannot be read."""
    if knock.scheme == RFC9421:
        found = re.search(r'keyid="([^"]+)"', knock.headers["signature-input"])
        said = found[1] if found else ""
    else:
        said = _parameters(knock).get("keyId", "")
    if not said:
        raise NotProven("no key id")
    return said


def verify(knock: Knock, pem: str, *, now_s: int, skew_s: int, needs: tuple[str, ...]) -> None:
    """Return when this key signed this request lately; raises NotProven otherwise.

    `needs` are the headers that draft-cavage must cover; RFC 9421 must cover method, address and the body's digest.
    """
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, RSAPublicKey)
    if knock.scheme == RFC9421:
        _verify_rfc9421(knock, key, now_s, skew_s)
    elif knock.scheme == CAVAGE:
        _verify_cavage(knock, key, now_s, skew_s, needs)
    else:
        raise NotProven("unsigned")


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, and what draft-cavage covers of their requests."""

    key_id: str
    key: RSAPrivateKey
    covered: tuple[str, ...]


def sign(knock: Knock, signer: Signer, scheme: str, now_s: int) -> Knock:
    """The same request with the headers of a signature."""
    return _signed_anew(knock, signer, now_s) if scheme == RFC9421 else _signed_of_old(knock, signer, now_s)


def _signed_anew(knock: Knock, signer: Signer, now_s: int) -> Knock:
    asked = SimpleNamespace(method=knock.method, url=knock.url, headers=dict(knock.headers))
    names = ("@method", "@target-uri", *(("content-digest",) if knock.body else ()))
    library = HTTPMessageSigner(signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=_OneKey(signer.key))
    at = datetime.fromtimestamp(now_s, UTC)
    library.sign(asked, key_id=signer.key_id, created=at, covered_component_ids=names, body=knock.body or None)
    return replace(knock, headers={name.lower(): value for name, value in asked.headers.items()})


def _signed_of_old(knock: Knock, signer: Signer, now_s: int) -> Knock:
    date = format_datetime(datetime.fromtimestamp(now_s, UTC), usegmt=True)
    headers = {**knock.headers, "host": knock.host, "date": date}
    if knock.body:
        headers["digest"] = _digest(knock.body)
    names = tuple(name for name in signer.covered if knock.body or name not in ("digest", "content-type"))
    string = _string(replace(knock, headers=headers), names)
    signature = b64encode(signer.key.sign(string, PKCS1v15(), SHA256())).decode()
    said = f'keyId="{signer.key_id}",algorithm="rsa-sha256",headers="{" ".join(names)}",signature="{signature}"'
    return replace(knock, headers={**headers, "signature": said})


class _OneKey:
    """A key resolver of the library that knows one key."""

    def __init__(self, key: Any) -> None:
        self.key = key

    def resolve_public_key(self, _: str) -> Any:
        """The key."""
        return self.key

    def resolve_private_key(self, _: str) -> Any:
        """The key."""
        return self.key


def _verify_rfc9421(knock: Knock, key: RSAPublicKey, now_s: int, skew_s: int) -> None:
    asked = SimpleNamespace(method=knock.method, url=knock.url, headers=knock.headers)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.RSA_V1_5_SHA256, key_resolver=_OneKey(key))
    verifier.max_clock_skew = _AGES
    needs = ("@method", "@target-uri", *(("content-digest",) if knock.body else ()))
    try:
        [found] = verifier.verify(asked, max_age=None, require_components=needs, body=knock.body or None)
    except (exceptions.HTTPMessageSignaturesException, ValueError) as error:
        raise NotProven(str(error)) from error
    if abs(int(found.parameters["created"]) - now_s) > skew_s:
        raise NotProven("out of time")


def _verify_cavage(knock: Knock, key: RSAPublicKey, now_s: int, skew_s: int, needs: tuple[str, ...]) -> None:
    said = _parameters(knock)
    names = tuple(said.get("headers", "date").split(" "))
    missing = {name for name in needs if knock.body or name != "digest"} - set(names)
    if missing:
        raise NotProven(f"not covered: {sorted(missing)}")
    if knock.body and knock.headers.get("digest") != _digest(knock.body):
        raise NotProven("wrong digest")
    if abs(parsedate_to_datetime(knock.headers.get("date", "")).timestamp() - now_s) > skew_s:
        raise NotProven("out of time")
    try:
        key.verify(b64decode(said.get("signature", "")), _string(knock, names), PKCS1v15(), SHA256())
    except InvalidSignature as error:
        raise NotProven("wrong signature") from error


def _parameters(knock: Knock) -> dict[str, str]:
    return dict(_PARAMETER.findall(knock.headers.get("signature", "")))


def _string(knock: Knock, names: tuple[str, ...]) -> bytes:
    target = f"{knock.method.lower()} {knock.target}"
    lines = [f"{name}: {target if name == '(request-target)' else knock.headers.get(name, '')}" for name in names]
    return "\n".join(lines).encode()


def _digest(body: bytes) -> str:
    return "SHA-256=" + b64encode(sha256(body).digest()).decode()
