"""PURE. Where what was searched for stands in a text, as parts that a page draws one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fedimark.text.query import Words
from fedimark.text.tokens import is_paired, runs

LONGEST: Final = 360  # characters of an excerpt
_BEFORE: Final = 80  # of them before what was found
_READ: Final = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a text; `is_found` says that it was searched for."""

    text: str
    is_found: bool = False


def marked(text: str, words: Sequence[Words]) -> tuple[Part, ...]:
    """All of a text in parts."""
    return tuple(_parts(text, 0, len(text), _spans(text, words)))


def excerpt(text: str, words: Sequence[Words]) -> tuple[Part, ...]:
    """The part of a text around what was found in it, or its beginning."""
    spans = _spans(text, words)
    begin = 0
    if len(text) > LONGEST and spans and spans[0][0] > LONGEST // 2:
        begin = spans[0][0] - _BEFORE
        begin = text.find(" ", begin, spans[0][0]) + 1 or begin
    end = min(len(text), begin + LONGEST)
    if end < len(text):
        end = max(text.rfind(" ", begin + LONGEST // 2, end), begin + LONGEST // 2)
    parts = list(_parts(text, begin, end, spans))
    before, after = [Part("… ")] if begin else [], [Part(" …")] if end < len(text) else []
    return (*before, *parts, *after)


def _parts(text: str, begin: int, end: int, spans: Iterable[tuple[int, int]]) -> Iterator[Part]:
    at = begin
    for first, last in spans:
        if first < at or last > end:
            continue
        if first > at:
            yield Part(text[at:first])
        yield Part(text[first:last], is_found=True)
        at = last
    if at < end:
        yield Part(text[at:end])


def _spans(text: str, words: Sequence[Words]) -> list[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    if not words:
        return []
    stands = list(runs(text[:_READ]))
    for word in words:
        found.update(_unspaced(stands, word) if any(map(is_paired, word.tokens)) else _spaced(stands, word))
    return _merged(sorted(found))


def _spaced(stands: Sequence[tuple[int, int, str]], word: Words) -> Iterator[tuple[int, int]]:
    *first, last = word.tokens
    width = len(first)
    for place in range(len(stands) - width):
        ending = stands[place + width][2]
        if (ending.startswith(last) if word.goes_on else ending == last) and all(
            stands[place + number][2] == token for number, token in enumerate(first)
        ):
            yield stands[place][0], stands[place + width][1]


def _unspaced(stands: Sequence[tuple[int, int, str]], word: Words) -> Iterator[tuple[int, int]]:
    """Where no spaces are, what was asked for stands anywhere in a run."""
    asked = word.tokens[0] + "".join(token[1:] for token in word.tokens[1:] if is_paired(token))
    for begin, end, folded in stands:
        at = folded.find(asked)
        if at >= 0:
            # Folding may change how long a text is: then all of the run is marked.
            yield (begin + at, begin + at + len(asked)) if len(folded) == end - begin else (begin, end)


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
