"""PURE. How well bookmarks answer a query: BM25 over their fields, among those found; alike on any database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Final

from fedimark.text.query import Words
from fedimark.text.tokens import tokens

_WEIGHTS: Final = {"title": 4.0, "tags": 3.0, "url": 1.0, "description": 1.0, "private_note": 1.0}
_NAMES: Final = {"private_note": "notes"}
_SATURATION: Final = 1.2
_LENGTH: Final = 0.6
_READ: Final = 4_000  # characters of a field


def scores(rows: Sequence[Mapping[str, Any]], words: Sequence[Words]) -> list[int]:
    """A score for each row of `bookmark`, in thousandths; a row without `private_note` is searched by somebody else."""
    fields = [{name: tokens(row[name][:_READ]) for name in _WEIGHTS if name in row} for row in rows]
    lengths = [sum(map(len, each.values())) for each in fields]
    average = max(sum(lengths) / max(len(lengths), 1), 1.0)
    totals = [0.0] * len(rows)
    for word in words:
        found = [_weighed(each, word) for each in fields]
        holding = sum(1 for amount in found if amount)
        rarity = log(1 + (len(rows) - holding + 0.5) / (holding + 0.5))
        for place, amount in enumerate(found):
            norm = _SATURATION * (1 - _LENGTH + _LENGTH * lengths[place] / average)
            totals[place] += rarity * amount * (_SATURATION + 1) / (amount + norm)
    return [round(total * 1_000) for total in totals]


def _weighed(fields: Mapping[str, Sequence[str]], word: Words) -> float:
    return sum(
        _WEIGHTS[name] * _times(found, word)
        for name, found in fields.items()
        if not word.fields or _NAMES.get(name, name) in word.fields
    )


def _times(found: Sequence[str], word: Words) -> int:
    """How often words stand there, one after the other."""
    *first, last = word.tokens
    if not first and not word.goes_on:
        return found.count(last)
    width = len(first)
    return sum(
        1
        for place in range(len(found) - width)
        if list(found[place : place + width]) == first
        and (found[place + width].startswith(last) if word.goes_on else found[place + width] == last)
    )
