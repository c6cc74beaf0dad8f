"""PURE. Proofs inside documents: who said a document, whoever brings it. (FEP-8b32, vc-di-eddsa)"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from fedimark.signatures import base58
from fedimark.signatures.canonical import NotCanonical, canonical
from fedimark.signatures.keys import PublicKey
from fedimark.signatures.message import KEY_ID
from fedimark.signatures.verify import FUTURE, SECOND

Reason = Literal[
    "missing",
    "malformed",
    "unsupported-suite",
    "unsupported-method",
    "unsupported-terms",
    "wrong-purpose",
    "wrong-context",
    "future",
    "stale",
    "expired",
    "wrong-key",
    "wrong-signature",
    "not-canonical",
]

PROOF = "proof"
CONTEXT = "https://w3id.org/security/data-integrity/v1"
LASTS = 72 * 3_600 * SECOND

_TYPE, _SUITE, _PURPOSE = "DataIntegrityProof", "eddsa-jcs-2022", "assertionMethod"
_VALUE = "proofValue"
_LD_SIGNATURE = "signature"
_SIGNATURE_BYTES = 64
# Other terms may narrow what a proof is good for: for one domain, after another proof.
_TERMS = frozenset(
    ("@context", "id", "type", "cryptosuite", "verificationMethod", "proofPurpose", "created", "expires", _VALUE)
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)


class BadProof(ValueError):
    """A proof that proves nothing; `reason` is a fixed word for logs and answers, never the sender's text."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof taken apart and believed in nothing.

    `created` and `expires` are microseconds since 1970 UTC; `options` is all of it but the signature, as signed.
    """

    key_id: str
    created: int
    expires: int | None
    signature: bytes
    options: Mapping[str, object]


def sign(document: Mapping[str, object], key_id: str, key: Ed25519PrivateKey, at: int) -> dict[str, object]:
    """The document with a proof that its author made at `at` (microseconds since 1970 UTC) and that lasts 72 hours.

    Its context must name `CONTEXT`, and stands in the proof once more: Mastodon hashes the options as they stand,
    Fedify with the document's context whether they name it or not, so only one that does convinces both. Moments are
    whole seconds, because Fedify writes them anew. Raises BadProof ("not-canonical").
    """
    made = at // SECOND * SECOND
    options = {
        "@context": document["@context"],
        "type": _TYPE,
        "cryptosuite": _SUITE,
        "verificationMethod": key_id,
        "proofPurpose": _PURPOSE,
        "created": _timestamp(made),
        "expires": _timestamp(made + LASTS),
    }
    signature = key.sign(_digest(options) + _digest_of_document(document))
    return {**document, PROOF: {**options, _VALUE: base58.encode(signature)}}


def read(document: Mapping[str, object]) -> Proof:
    """The one proof of a document, as far as it can be judged without a clock and a key.

    Raises BadProof: "missing", "malformed" for several, for missing parts and for values of a wrong kind,
    "unsupported-suite", "unsupported-method", "unsupported-terms", "wrong-purpose", "wrong-context" when it was made
    for another context than the document bears.
    """
    proof = document.get(PROOF)
    if proof is None:
        raise BadProof("missing")
    if not isinstance(proof, dict):
        raise BadProof("malformed")
    if proof.get("type") != _TYPE or proof.get("cryptosuite") != _SUITE:
        raise BadProof("unsupported-suite")
    if proof.get("proofPurpose") != _PURPOSE:
        raise BadProof("wrong-purpose")
    if not _TERMS.issuperset(proof):
        raise BadProof("unsupported-terms")
    if "@context" in proof and proof["@context"] != document.get("@context"):
        raise BadProof("wrong-context")
    return Proof(
        key_id=_key_id(proof.get("verificationMethod")),
        created=_moment(proof.get("created")),
        expires=_moment(proof["expires"]) if "expires" in proof else None,
        signature=_signature(proof.get(_VALUE)),
        options={name: value for name, value in proof.items() if name != _VALUE},
    )


def check(proof: Proof, now: int, lasts: int = LASTS) -> None:
    """Everything that can be refused before the key is at hand.

    A proof counts for `lasts` after it was made, however long it says itself; one may be an hour ahead. All are
    microseconds. Raises BadProof: "future", "stale", "expired".
    """
    if proof.created > now + FUTURE:
        raise BadProof("future")
    if proof.expires is not None and proof.expires <= now:
        raise BadProof("expired")
    if proof.created <= now - lasts:
        raise BadProof("stale")


def verify(document: Mapping[str, object], proof: Proof, key: PublicKey) -> None:
    """Return when the holder of `key` signed this very document; raise BadProof otherwise.

    Asks neither whose key that is nor what time it is. Raises "wrong-key" for RSA, "not-canonical" for a document
    that all could not read alike or that is too large, "wrong-signature".
    """
    if not isinstance(key, Ed25519PublicKey):
        raise BadProof("wrong-key")
    digest = _digest_of_document(document)
    for options in _readings(document, proof):
        try:
            key.verify(proof.signature, _digest(options) + digest)
        except InvalidSignature:
            continue
        return
    raise BadProof("wrong-signature")


def _readings(document: Mapping[str, object], proof: Proof) -> Iterator[Mapping[str, object]]:
    yield proof.options
    # Fedify signs the context among the options and leaves it out of the proof it sends.
    if "@context" in document and "@context" not in proof.options:
        yield {**proof.options, "@context": document["@context"]}


def _digest_of_document(document: Mapping[str, object]) -> bytes:
    # An older signature beside a proof is no part of what it proves. (FEP-8b32, backward compatibility)
    return _digest({name: value for name, value in document.items() if name not in (PROOF, _LD_SIGNATURE)})


def _digest(value: Mapping[str, object]) -> bytes:
    try:
        return sha256(canonical(value)).digest()
    except NotCanonical as error:
        raise BadProof("not-canonical") from error


def _key_id(value: object) -> str:
    if not isinstance(value, str):
        raise BadProof("malformed")
    if KEY_ID.fullmatch(value) is None:  # a DID: nothing here leads from it to an actor
        raise BadProof("unsupported-method")
    return value


def _signature(value: object) -> bytes:
    try:
        decoded = base58.decode(value) if isinstance(value, str) else b""
    except base58.NotBase58 as error:
        raise BadProof("malformed") from error
    if len(decoded) != _SIGNATURE_BYTES:
        raise BadProof("malformed")
    return decoded


def _moment(value: object) -> int:
    if not isinstance(value, str) or _TIMESTAMP.fullmatch(value) is None:
        raise BadProof("malformed")
    try:
        return (datetime.fromisoformat(value) - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise BadProof("malformed") from error


def _timestamp(at: int) -> str:
    return (_EPOCH + at * _MICROSECOND).isoformat().replace("+00:00", "Z")
