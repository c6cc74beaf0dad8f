"""PURE. Signatures over what a document means, as Mastodon makes them: RsaSignature2017, made and never verified.

Relays of Mastodon's style pass on the bytes of others, and older Mastodons then believe nothing but this. What others
sign so is not looked at: to verify it means to expand what a stranger wrote, and that was broken again and again
(GHSA-53m7, GHSA-chgx, CVE-2022-24307, CVE-2026-42462). It needs the extra `relays`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from fedimark.signatures.contexts import IDENTITY, contexts

SIGNATURE = "signature"


class Meaningless(ValueError):
    """A document that says nothing in RDF: it names a context that does not stand in `contexts`, or is none at all."""


def is_possible() -> bool:
    """Whether the extra is installed."""
    return find_spec("pyld") is not None


def sign(document: Mapping[str, object], key_id: str, key: RSAPrivateKey, created: str) -> dict[str, object]:
    """The document with the signature of its author; a proof in it is signed too, so it must stand there already.

    `created` is RFC 3339. Three milliseconds for a Note with its proof. Raises Meaningless, and ImportError without the
    extra.
    """
    options = {"creator": key_id, "created": created}
    unsigned = {name: value for name, value in document.items() if name != SIGNATURE}
    signed = digest({"@context": IDENTITY, **options}) + digest(unsigned)
    value = b64encode(key.sign(signed.encode("ascii"), PKCS1v15(), SHA256())).decode("ascii")
    return {**unsigned, SIGNATURE: {"type": "RsaSignature2017", **options, "signatureValue": value}}


def digest(document: Mapping[str, object]) -> str:
    """SHA-256 in hex of what a document means: its RDF as canonical N-Quads. (URDNA2015)"""
    return sha256(meaning(document).encode("utf-8")).hexdigest()


def meaning(document: Mapping[str, object]) -> str:
    """The RDF of a document as canonical N-Quads. Raises Meaningless: no context is ever fetched."""
    # An optional dependency, and a slow one to import.
    from pyld import jsonld  # noqa: PLC0415

    options = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": _loader()}
    try:
        return str(jsonld.normalize(dict(document), options))
    except jsonld.JsonLdError as error:
        raise Meaningless(str(error.type)) from error


@lru_cache(maxsize=1)
def _loader() -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
    known = contexts()

    def load(address: str, _: Mapping[str, Any]) -> dict[str, Any]:
        if address not in known:
            raise Meaningless(address)
        said = {"contentType": "application/ld+json", "contextUrl": None, "documentUrl": address}
        return {**said, "document": known[address]}

    return load
