"""PURE. Ed25519 keys as FEP-521a publishes them: multicodec bytes in base58."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fedimark.signatures.keys import BadKey

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519 = b"\xed\x01"
_LONGEST = 64  # an Ed25519 key is 48 characters


def multikey_pem(multibase: str) -> str:
    """The PEM form of a `publicKeyMultibase`. Raises BadKey for anything but an Ed25519 key in base58btc."""
    if not multibase.startswith("z") or len(multibase) > _LONGEST:
        raise BadKey("not base58")
    decoded = _base58(multibase[1:])
    if len(decoded) != 34 or not decoded.startswith(_ED25519):
        raise BadKey("not Ed25519")
    key = Ed25519PublicKey.from_public_bytes(decoded[2:])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _base58(text: str) -> bytes:
    number = 0
    for character in text:
        digit = _ALPHABET.find(character)
        if digit < 0:
            raise BadKey("not base58")
        number = number * 58 + digit
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
