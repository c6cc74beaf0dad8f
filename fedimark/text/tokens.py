"""PURE. Texts as the tokens they are searched by: the one place that says what a word is, for every database.

NFKC, casefolded, accents off; a token is a run of letters and digits. Where a script is written without spaces, and in
Korean, a run is cut into pairs that overlap, so that any part of it is found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from unicodedata import combining, normalize

LONGEST_TOKEN: Final = 64  # characters; of longer ones the head

# Vowel signs of these scripts are parts of words, though no letters.
_SIGNS = "\u0900-\u0963\u0966-\u0df3\u0e31-\u0e3a\u0e47-\u0e4e\u0eb1-\u0ecd\u0f71-\u0f84\u102b-\u103e\u17b4-\u17d3"
_PLAIN = re.compile("[a-z0-9]+")
_RUN = re.compile(rf"(?:[^\W_]|[{_SIGNS}])+")
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
_PARTS = re.compile(f"([{_UNSPACED}]+)")
_PAIRED = re.compile(f"[{_UNSPACED}]")
# Accents have classes above: below are marks without which a letter is another one (Japanese, Indic scripts).
_SIGN_CLASSES = 9


def fold(text: str) -> str:
    """A text as it is compared: NFKC, casefolded, without accents."""
    if text.isascii():
        return text.lower()
    apart = normalize("NFD", normalize("NFKC", text).casefold())
    return normalize("NFKC", "".join(one for one in apart if combining(one) <= _SIGN_CLASSES)).casefold()


def tokens(text: str) -> list[str]:
    """The tokens of a text that is to be found; a token's place in the list is its position."""
    if text.isascii():
        found = _PLAIN.findall(text.lower())
        return found if len(text) <= LONGEST_TOKEN else [token[:LONGEST_TOKEN] for token in found]
    return [token for run in _RUN.findall(fold(text)) for token in _cut(run)]


def asked(text: str) -> list[str]:
    """The tokens of what somebody looks for, which must stand beside each other.

    A run of pairs may go on in the text where it ends here, so its last character is no token of its own; a single such
    character is one, to be taken as the beginning of a pair.
    """
    found = tokens(text)
    last = found[-1] if found else ""
    return found[:-1] if len(last) == 1 and is_paired(last) and _ends_in_pair(found) else found


def is_paired(token: str) -> bool:
    """Whether a token is of a script that is cut into pairs."""
    return _PAIRED.match(token) is not None


def runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the words of a text as it stands begin and end, with each one folded."""
    for match in _RAW.finditer(text):
        yield match.start(), match.end(), fold(match[0])


# As runs, in a text that is not folded yet: its accents may stand as characters of their own.
_RAW = re.compile(rf"(?:[^\W_]|[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u3099\u309a{_SIGNS}])+")


def _cut(run: str) -> Iterator[str]:
    for part in _PARTS.split(run):
        if not part:
            continue
        if is_paired(part):
            yield from (part[place : place + 2] for place in range(len(part)))
        else:
            yield part[:LONGEST_TOKEN]


def _ends_in_pair(found: list[str]) -> bool:
    return len(found) > 1 and len(found[-2]) == 2 and found[-2][1] == found[-1] and is_paired(found[-2])
