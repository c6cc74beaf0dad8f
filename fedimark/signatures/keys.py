"""PURE. Public and private keys, read from PEM; making new ones needs randomness and lives in accounts."""

from __future__ import annotations

from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

PublicKey: TypeAlias = RSAPublicKey | Ed25519PublicKey
PrivateKey: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

_LONGEST_PEM = 16_384
_RSA_BITS = range(2048, 8192 + 1)
# A huge exponent makes each verification as dear as a signature: the sender's key would be our load.
_RSA_EXPONENTS = range(3, 2**32)


class BadKey(ValueError):
    """A key we cannot or will not use."""


def load_public(pem: str) -> PublicKey:
    """Read the key of somebody else: RSA of 2048 to 8192 bits, or Ed25519.

    Raises BadKey for every other kind, size or encoding.
    """
    if len(pem) > _LONGEST_PEM:
        raise BadKey("too long")
    try:
        key = load_pem_public_key(pem.encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey("not a public key") from error
    if isinstance(key, Ed25519PublicKey):
        return key
    if not isinstance(key, RSAPublicKey):
        raise BadKey("neither RSA nor Ed25519")
    if key.key_size not in _RSA_BITS or key.public_numbers().e not in _RSA_EXPONENTS:
        raise BadKey("RSA key of an unsafe size")
    return key


def load_private(pem: str) -> PrivateKey:
    """Read a key that this server made. Raises BadKey.

    The primes are not tested again: that costs 35 ms a key, and we made and kept it ourselves.
    """
    try:
        key = load_pem_private_key(pem.encode("ascii"), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKey("not a private key") from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise BadKey("neither RSA nor Ed25519")
    return key


def public_pem(private: PrivateKey) -> str:
    """The public half, in the PEM form that actor documents carry."""
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode("ascii")
