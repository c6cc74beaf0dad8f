"""PURE. JSON in its one canonical form, so that all who hold a document hash the same bytes. (RFC 8785)"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from json.encoder import encode_basestring

DEEPEST = 40  # a document that came in is at most 32 levels deep
MOST_VALUES = 10_000
MOST_CHARACTERS = 1_000_000

_SAFE = 2**53 - 1  # beyond it two integers are one number to readers with double precision
_WIDEST = 21  # digits before the point, from where ECMAScript writes an exponent
_NARROWEST = -6


class NotCanonical(ValueError):
    """A value without a canonical form, or too large to ask for it; `reason` is a fixed word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def canonical(value: object) -> bytes:
    """The canonical form of what JSON can hold, in UTF-8.

    Raises NotCanonical: "too-deep" beyond 40 levels, "too-large" beyond 10,000 values or 1,000,000 characters,
    "number" for NaN, Infinity and integers beyond 2⁵³ − 1, "text" for lone surrogates, "value" for anything else.
    """
    # The standard library writes ten times faster and alike, but for fractions and the order of unusual names.
    if _is_plain(value):
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    else:
        text = "".join(_written(value))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotCanonical("text") from error


def _is_plain(value: object) -> bool:
    """Whether the standard library's form is the canonical one. Raises NotCanonical for what has none."""
    plain, values, characters = True, 1, 0
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, dict | list | tuple):
            values += len(each)
            if depth > DEEPEST:
                raise NotCanonical("too-deep")
            if values > MOST_VALUES:
                raise NotCanonical("too-large")
            waiting.extend((inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each))
            if isinstance(each, dict):
                characters += _length_of_names(each)
                plain = plain and all(name.isascii() for name in each)
        elif isinstance(each, str):
            characters += len(each)
        else:
            plain = _is_whole(each) and plain
        if characters > MOST_CHARACTERS:
            raise NotCanonical("too-large")
    return plain


def _length_of_names(members: dict[object, object]) -> int:
    if not all(isinstance(name, str) for name in members):
        raise NotCanonical("value")
    return sum(len(str(name)) for name in members)


def _is_whole(value: object) -> bool:
    """Whether a value that is no text and holds no others is written without a fraction."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, int) and abs(value) <= _SAFE:
        return True
    if isinstance(value, float) and math.isfinite(value):
        return False
    raise NotCanonical("number" if isinstance(value, int | float) else "value")


def _written(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield "{"
        for place, name in enumerate(sorted(value, key=_utf16)):
            yield f"{',' if place else ''}{encode_basestring(name)}:"
            yield from _written(value[name])
        yield "}"
    elif isinstance(value, list | tuple):
        yield "["
        for place, each in enumerate(value):
            yield "," if place else ""
            yield from _written(each)
        yield "]"
    elif isinstance(value, str):
        yield encode_basestring(value)
    elif isinstance(value, float):
        yield _number(value)
    else:
        yield json.dumps(value)


def _utf16(name: str) -> bytes:
    """Names are ordered as JavaScript holds them: by their units of UTF-16."""
    return name.encode("utf-16-be", "surrogatepass")


def _number(value: float) -> str:
    """A number as ECMAScript writes it: the fewest digits that mean it. (ECMA-262, Number::toString)"""
    if value == 0:
        return "0"
    sign, figures, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, figures))
    point = len(digits) + exponent  # how many digits stand before the point
    if len(digits) <= point <= _WIDEST:
        text = digits + "0" * exponent
    elif 0 < point <= _WIDEST:
        text = f"{digits[:point]}.{digits[point:]}"
    elif _NARROWEST < point <= 0:
        text = f"0.{'0' * -point}{digits}"
    else:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        text = f"{digits[0]}{fraction}e{point - 1:+d}"
    return f"-{text}" if sign else text
