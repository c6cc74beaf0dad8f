"""PURE. Which of our languages a browser asks for. (RFC 9110 §12.5.4)"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from fedimark.language.catalogue import LOCALES

_LONGEST: Final = 400  # characters that are read of the header; no honest browser sends more


@lru_cache(maxsize=512)
def best(accepted: str, default: str) -> str:
    """The language that an Accept-Language header likes best of those there are, else the default.

    `de-AT` is served by `de`. What cannot be read is passed over, and a header like no other asks for nothing.
    """
    liked: list[tuple[float, str]] = []
    for part in accepted[:_LONGEST].split(","):
        name, _, rest = part.partition(";")
        language = name.strip().lower().partition("-")[0]
        quality = _quality(rest)
        if quality and language in LOCALES:
            liked.append((quality, language))
    # The first of equals, as browsers list them.
    return max(liked, key=lambda each: each[0])[1] if liked else default


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if not text.strip():
        return 1.0
    value = value.strip()
    # Not float() alone, which takes `nan` and `1e9`.
    if name.strip().lower() != "q" or not value.isascii() or not value.replace(".", "", 1).isdecimal():
        return 0.0
    return min(float(value), 1.0)
