"""PURE. Which tags of one person probably mean another: mistyped, plural, or with other signs between their parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fedimark.text import tags

TYPO, PLURAL, SPELLING = "typo", "plural", "spelling"

_SHORTEST_TYPO: Final = 5  # in shorter words one letter makes another word
_SHORTEST_PLURAL: Final = 4
_OFTEN: Final = 3  # so many times as often is what was meant used, where letters do not just change places
_SPEAKING: Final = ("for:", "via:")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tag by its key and the one it probably means, why, and how often each is used."""

    why: str
    tag: str
    into: str
    count: int
    into_count: int


def proposals(counted: Mapping[str, int]) -> tuple[Proposal, ...]:
    """Which tags could be merged into which, the most used first; each tag is proposed once.

    Tags that only their owner sees and others are never taken for each other, nor are those that speak to somebody.
    """
    known = {key: count for key, count in counted.items() if not key.startswith(_SPEAKING)}
    found: dict[str, Proposal] = {}
    for why, one, other in _pairs(known):
        if tags.is_private(one) != tags.is_private(other):
            continue
        tag, into = sorted((one, other), key=lambda key: (known[key], *_plainness(key)))
        if (why != TYPO or _is_likely(tag, into, known)) and tag not in found:
            found[tag] = Proposal(why, tag, into, known[tag], known[into])
    # What leads to a tag that is itself to be another waits until that is done.
    kept = [each for each in found.values() if each.into not in found]
    return tuple(sorted(kept, key=lambda each: (-each.into_count, each.into, each.tag)))


def _plainness(key: str) -> tuple[int, int, str]:
    """Of two tags used as often the one with its parts apart is kept, then the shorter."""
    return len(key) - len(tags.loose(key)), -len(key), key


def _pairs(known: Mapping[str, int]) -> Iterator[tuple[str, str, str]]:
    by_loose: dict[str, list[str]] = defaultdict(list)
    for key in known:
        by_loose[tags.loose(key)].append(key)
    for same in by_loose.values():
        yield from ((SPELLING, one, same[0]) for one in same[1:])
    for key in known:
        yield from ((PLURAL, key, many) for many in _plurals(key) if many in known)
    plurals = {(key, many) for key in known for many in _plurals(key)}
    for one, other in _one_letter_apart(key for key in known if len(key) >= _SHORTEST_TYPO):
        if (one, other) not in plurals and (other, one) not in plurals and tags.loose(one) != tags.loose(other):
            yield TYPO, one, other


def _plurals(key: str) -> Iterator[str]:
    if len(key) >= _SHORTEST_PLURAL:
        yield f"{key}s"
        yield f"{key}es"
        if key.endswith("y"):
            yield f"{key[:-1]}ies"


def _one_letter_apart(words: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pairs that differ in one letter: one more, another, or two that changed places."""
    without: dict[str, list[str]] = defaultdict(list)
    for word in words:
        # A digit is never a mistake for another: without this, ten thousand numbered tags are all near each other.
        letters = (place for place, character in enumerate(word) if not character.isdigit())
        for short in {word, *(word[:place] + word[place + 1 :] for place in letters)}:
            without[short].append(word)
    seen: set[tuple[str, str]] = set()
    for together in without.values():
        for place, one in enumerate(together[:50]):
            for other in together[place + 1 : 50]:
                pair = (one, other) if one < other else (other, one)
                if pair not in seen and _is_one_edit(*pair):
                    seen.add(pair)
                    yield pair


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one edit makes one word of the other; a digit is never a mistake for another."""
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    tail = 0
    while tail < min(len(one), len(other)) - head and one[-1 - tail] == other[-1 - tail]:
        tail += 1
    mine, theirs = one[head : len(one) - tail], other[head : len(other) - tail]
    if any(character.isdigit() for character in mine + theirs):
        return False
    return (len(mine) <= 1 and len(theirs) <= 1) or _is_swapped(mine, theirs)


def _is_swapped(one: str, other: str) -> bool:
    return len(one) == 2 and one == other[::-1]


def _is_likely(tag: str, into: str, known: Mapping[str, int]) -> bool:
    swapped = len(tag) == len(into) and sorted(tag) == sorted(into)
    return known[into] > known[tag] if swapped else known[into] >= _OFTEN * known[tag]
