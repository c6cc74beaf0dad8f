"""Passwords: what one may be, and Argon2id (m = 19 MiB, t = 2, p = 1: about 32 ms)."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from fedimark.accounts.threads import run_heavy
from fedimark.errors import Refused
from fedimark.language.said import _

SHORTEST: Final = 8
LONGEST: Final = 1_000  # characters
_MEMORY_KIB: Final = 19_456

# Right in form and false for every password: an unknown name costs the same work as a known one.
NOBODYS: Final = f"$argon2id$v=19$m={_MEMORY_KIB},t=2,p=1${'A' * 22}${'A' * 43}"


def check_password(password: str, field: str = "password") -> None:
    """Refuse, beside `field`, a new password that is too short, too long or not text."""
    if len(password) < SHORTEST:
        raise Refused(_("At least %(least)s characters, please.", least=SHORTEST), field=field)
    if len(password) > LONGEST:
        raise Refused(_("At most %(most)s characters, please.", most=LONGEST), field=field)
    if "\0" in password or any("\ud800" <= c <= "\udfff" for c in password):
        raise Refused("A password may hold any character that can be typed; this one holds another.", field=field)


async def hash_password(password: str) -> str:
    """Hash a checked password with Argon2id as a PHC string."""
    return await run_heavy(_derive, _octets(password))


async def is_password(password: str, phc: str) -> bool:
    """Whether a password, however long or strange, is the one a PHC string was made from."""
    # Longer ones are never accepted at sign-up; cutting keeps the work the same without hashing a megabyte.
    return await run_heavy(_verify, _octets(password[: LONGEST + 1]), phc)


def _octets(password: str) -> bytes:
    # NFC (RFC 8265): the same word typed on a Mac and on Linux is the same password.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _derive(octets: bytes) -> str:
    salt = secrets.token_bytes(16)
    return Argon2id(salt=salt, length=32, iterations=2, lanes=1, memory_cost=_MEMORY_KIB).derive_phc_encoded(octets)


def _verify(octets: bytes, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(octets, phc)
    except InvalidKey:
        return False
    return True
