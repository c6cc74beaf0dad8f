"""PURE. What an actor's software says it can do. (FEP-844e)"""

from __future__ import annotations

import re

from fedimark.vocab.terms import Doc

_MOST_NAMED = 64
_LONGEST = 2_048
_RFC9421 = re.compile(r"\brfc[:/-]?9421\b", re.IGNORECASE)


def implements_rfc9421(doc: Doc) -> bool:
    """Whether an actor, or the application behind them, says that it understands HTTP Message Signatures."""
    generator = doc.get("generator")
    said = doc.get("implements"), generator.get("implements") if isinstance(generator, dict) else None
    return any(_is_rfc9421(each) for named in said for each in _several(named))


def _several(value: object) -> list[object]:
    return value[:_MOST_NAMED] if isinstance(value, list) else [value]


def _is_rfc9421(value: object) -> bool:
    address = value.get("href") or value.get("id") if isinstance(value, dict) else value
    return isinstance(address, str) and _RFC9421.search(address[:_LONGEST]) is not None
