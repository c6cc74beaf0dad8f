"""PURE. Tags: how they are typed, which of them are the same, and how Mastodon can carry them.

A tag may hold any character except white space and comma; one made of dots alone is refused, since URL
parsers eat it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

TAG_LIMIT: Final = 255
TAGS_LIMIT: Final = 100
FIELD_LIMIT: Final = 65_536  # more than twice what a hundred tags can fill
HASHTAG_LIMIT: Final = 100

_UNFIT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
_NEVER_IN_KEY = re.compile("[\\s,\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_DOTNET = re.compile(r"\.(net(?:core|[^\w].*|[\d_].*)?)", re.DOTALL)
_SEPARATORS = re.compile(r"[-_./: ]")
_SIGNS = re.compile(r"[-_.]")
# Tags that speak to somebody, or say where a link came from: not what it is about.
_FOR: Final = "for:"
_SPEAKING: Final = ("via:", _FOR, ":")
_PRIVATE: Final = (".", _FOR)
# Where CamelCase alone would lose the name. Keys are folded; parts between separators are looked up.
_NAMES: Final = {
    "c++": "CPlusPlus",
    "c++11": "CPlusPlus11",
    "c++14": "CPlusPlus14",
    "c++17": "CPlusPlus17",
    "c++20": "CPlusPlus20",
    "c++23": "CPlusPlus23",
    "c++26": "CPlusPlus26",
    "g++": "GPlusPlus",
    "libc++": "LibCPlusPlus",
    "libstdc++": "LibStdCPlusPlus",
    "notepad++": "NotepadPlusPlus",
    "c#": "CSharp",
    "f#": "FSharp",
    "j#": "JSharp",
    "q#": "QSharp",
}
_SUFFIXES: Final = {"js": "JS"}  # node.js, d3.js


@dataclass(frozen=True, slots=True)
class Tags:
    """What somebody typed into a field of tags: those kept, those refused, and whether more came than fit."""

    tags: tuple[str, ...]
    refused: tuple[str, ...] = ()
    cut: bool = False


def read(text: str) -> Tags:
    """Read tags between white space and commas; case and order kept, the first spelling of a key wins.

    At most 100 tags of 255 characters, keys too; longer ones are cut as Pinboard cuts them. Only the first 65,536
    characters are read.
    """
    if len(text) <= TAG_LIMIT and (few := _few(text)) is not None:
        return few
    head = text[:FIELD_LIMIT]
    words = _words(head)
    kept: dict[str, str] = {}
    refused: dict[str, None] = {}
    seen: set[str] = set()
    cut = len(text) > FIELD_LIMIT
    for word in words:
        if word in seen:
            continue
        seen.add(word)
        tag, folded = _fitted(word)
        if not folded.strip("."):
            refused[tag] = None
        elif folded not in kept:
            if len(kept) == TAGS_LIMIT:
                return Tags(tuple(kept.values()), tuple(refused), cut=True)
            kept[folded] = tag
    return Tags(tuple(kept.values()), tuple(refused), cut)


def _words(text: str) -> list[str]:
    return (text if text.isprintable() else _UNFIT.sub("", text)).replace(",", " ").split()


@lru_cache(maxsize=4096)  # a library says the same again and again
def _few(text: str) -> Tags | None:
    """The tags of a text whose words are tags as they stand, as nearly always: few, short, each once, none of dots."""
    words = _words(text)
    keys = list(map(key, words))
    together = "".join(keys)
    if "" in keys or len(set(keys)) < len(keys) or len(keys) > TAGS_LIMIT or len(together) > TAG_LIMIT:
        return None
    return Tags(tuple(words)) if "." not in together or all(folded.strip(".") for folded in keys) else None


def split(text: str) -> tuple[str, ...]:
    """Return the tags of a text, as `read` keeps them."""
    return read(text).tags


@lru_cache(maxsize=4096)
def key(tag: str) -> str:
    """Return what makes two tags the same: NFKC and casefold, until nothing changes.

    NFKC makes white space and commas out of other characters (`´`, `，`); they are left out, so the key of a
    kept tag is a tag itself, and its own key.
    """
    before, folded = None, tag
    while folded != before:
        before = folded
        once = unicodedata.normalize("NFKC", folded).casefold()
        folded = _NEVER_IN_KEY.sub("", unicodedata.normalize("NFKC", once))
    return folded


def loose(tag: str) -> str:
    """A tag's key without the signs that a Hashtag cannot carry: `neural-net` and `#NeuralNet` are one so.

    For Hashtags of others that say nothing of a raw tag; nothing is ever kept under it.
    """
    return _SIGNS.sub("", key(tag))


@lru_cache(maxsize=4096)
def is_private(tag: str) -> bool:
    """Tell whether only its owner sees this tag: it has a leading dot, or says whom a link is for."""
    return key(tag).startswith(_PRIVATE)


def for_whom(tag: str) -> str | None:
    """Return the handle in `for:@bo@marks.example` or `for:bo`, without the first `@`; None for all other tags."""
    folded = key(tag)
    return folded.removeprefix(_FOR).removeprefix("@") if folded.startswith(_FOR) else None


def dotnet_hint(tag: str) -> str | None:
    """Offer `dotnet` to somebody who types `.net`, which would be a private tag; None for all others."""
    found = _DOTNET.fullmatch(key(tag))
    return f"dot{found[1]}" if found else None


def hashtag(tag: str) -> str | None:
    """Return the form Mastodon and GoToSocial can carry, without `#`, or None.

    `neural-net` is `NeuralNet`, `c++` is `CPlusPlus`; None are private tags, `via:` and `for:`, emoji, numbers.
    """
    folded = key(tag)
    if folded.startswith((*_PRIVATE, *_SPEAKING)):
        return None
    parts = [part for part in _SEPARATORS.split(unicodedata.normalize("NFKC", tag)) if part]
    if len(parts) == 1 and not _SEPARATORS.search(folded):
        safe = _NAMES.get(folded, parts[0])
    else:
        tail = (_SUFFIXES.get(part.casefold()) or _camel(part) for part in parts[1:])
        safe = "".join((*map(_camel, parts[:1]), *tail))
    kinds = {"_" if character == "_" else unicodedata.category(character)[0] for character in safe}
    return safe if "L" in kinds <= {"L", "N", "_"} and len(safe) <= HASHTAG_LIMIT else None


def _camel(part: str) -> str:
    folded = part.casefold()
    if folded in _NAMES:
        return _NAMES[folded]
    head = part[0].upper()
    return (head if len(head) == 1 else part[0]) + part[1:]


def _fitted(word: str) -> tuple[str, str]:
    """Return the longest head of a word that is short enough, as its key is, and that key."""
    tag = word[:TAG_LIMIT]
    folded = key(tag)
    if len(folded) <= TAG_LIMIT:
        return tag, folded
    # One character can fold to eighteen (U+FDFA). Halve first, then step: a later one may join an earlier.
    low, high = 1, len(tag)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(key(tag[:middle])) <= TAG_LIMIT else (low, middle - 1)
    while len(key(tag[:low])) > TAG_LIMIT:
        low -= 1
    return tag[:low], key(tag[:low])
