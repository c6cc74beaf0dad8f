"""PURE. Ed25519 keys as FEP-521a publishes them: multicodec bytes in base58."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedimark.signatures import base58
from fedimark.signatures.keys import BadKey

_ED25519 = b"\xed\x01"
_LENGTH = 34


def multikey(private: Ed25519PrivateKey) -> str:
    """The public half as a `publicKeyMultibase`: it begins with `z6Mk`."""
    return base58.encode(_ED25519 + private.public_key().public_bytes_raw())


def multikey_pem(multibase: str) -> str:
    """The PEM form of a `publicKeyMultibase`. Raises BadKey for anything but an Ed25519 key in base58btc."""
    try:
        decoded = base58.decode(multibase)
    except base58.NotBase58 as error:
        raise BadKey("not base58") from error
    if len(decoded) != _LENGTH or not decoded.startswith(_ED25519):
        raise BadKey("not Ed25519")
    key = Ed25519PublicKey.from_public_bytes(decoded[2:])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")
