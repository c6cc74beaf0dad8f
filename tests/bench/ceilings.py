"""What the cryptography alone allows: how many signatures one core verifies and makes, in a bare loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

_SECONDS = 0.5
_SIGNED = b"(request-target): post /inbox\nhost: marks.example\ndate: Thu, 20 Aug 2026 09:15:00 GMT\n" * 2


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Operations in a second of CPU time, with keys that are parsed already."""

    rsa_verify: float
    rsa_sign: float
    ed25519_verify: float
    ed25519_sign: float


def measure() -> Ceilings:
    """RSA of 2048 bits with PKCS #1 v1.5 and SHA-256, and Ed25519; half a second each."""
    rsa, ed25519 = generate_private_key(public_exponent=65537, key_size=2048), Ed25519PrivateKey.generate()
    theirs, its = rsa.public_key(), ed25519.public_key()
    signature, other = rsa.sign(_SIGNED, PKCS1v15(), SHA256()), ed25519.sign(_SIGNED)
    return Ceilings(
        rsa_verify=_rate(lambda: theirs.verify(signature, _SIGNED, PKCS1v15(), SHA256())),
        rsa_sign=_rate(lambda: rsa.sign(_SIGNED, PKCS1v15(), SHA256())),
        ed25519_verify=_rate(lambda: its.verify(other, _SIGNED)),
        ed25519_sign=_rate(lambda: ed25519.sign(_SIGNED)),
    )


def both(before: Ceilings, after: Ceilings) -> Ceilings:
    """The mean of two measurements, one before and one after what they are compared with."""
    return Ceilings(
        (before.rsa_verify + after.rsa_verify) / 2,
        (before.rsa_sign + after.rsa_sign) / 2,
        (before.ed25519_verify + after.ed25519_verify) / 2,
        (before.ed25519_sign + after.ed25519_sign) / 2,
    )


def _rate(work: Callable[[], object]) -> float:
    """How often a second of this thread's CPU time does it: others on the machine do not count."""
    until, started, count = time.monotonic() + _SECONDS, time.thread_time(), 0
    while time.monotonic() < until:
        for _ in range(50):
            work()
        count += 50
    return count / (time.thread_time() - started)
