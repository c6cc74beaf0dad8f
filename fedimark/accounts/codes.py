"""Codes that people read and type: invitations, the set-up code."""

from __future__ import annotations

import hashlib
import secrets

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


def new_code() -> str:
    """A code of 20 letters in groups of five: 99 random bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def code_hash(code: str) -> str:
    """What is kept of a code; capitals, spaces and hyphens make no difference."""
    plain = "".join(c for c in code[:200].lower() if c.isascii() and c.isalnum())
    return hashlib.sha256(plain.encode("ascii")).hexdigest()
