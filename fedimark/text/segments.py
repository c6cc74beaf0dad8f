"""PURE. One path segment of an address, written and read in RFC 3986 normal form."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

# pchar of RFC 3986 §3.3 beyond letters, digits and `-._~`, which `quote` always leaves alone.
_SAFE: Final = "!$&'()*+,;=:@"
_BROKEN = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def encode(segment: str) -> str:
    """Write a segment with as few percent signs as may be, in capital hex: `c++`, `a%2Fb`, `100%25`.

    Raises ValueError for lone surrogates. Dot segments (`.`, `..`) cannot be written; tags are never those.
    """
    return quote(segment, safe=_SAFE)


def decode(raw: bytes | str) -> str:
    """Read a segment by decoding it exactly once: `a%252Fb` is `a%2Fb`; `+` is a plus sign.

    Raises ValueError for a broken percent sign, for what is not UTF-8, and for NUL, which no table can hold.
    """
    octets = raw.encode() if isinstance(raw, str) else raw
    if _BROKEN.search(octets):
        raise ValueError("a percent sign is not followed by two hex digits")
    text = unquote_to_bytes(octets).decode("utf-8", "strict")
    if "\0" in text:
        raise ValueError("a segment cannot hold NUL")
    return text
