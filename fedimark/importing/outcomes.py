"""What became of each row of a file, as a line of JSON: enough to tell it, and to take it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from fedimark.bookmarks.save import Outcome
from fedimark.bookmarks.unsaving import print_of, words_of
from fedimark.database import Row
from fedimark.importing.chunks import Chunk
from fedimark.importing.rows import Broken
from fedimark.language.said import again, parts

_NEW, _CHANGED, _KNOWN, _AGAIN, _BROKEN = "n", "c", "k", "a", "b"
_WORDS: Final = {_NEW: "new", _CHANGED: "changed", _KNOWN: "known", _AGAIN: "known", _BROKEN: "broken"}
_LETTERS: Final = {"new": _NEW, "changed": _CHANGED, "known": _KNOWN}

NO_PRINTS: Final[Mapping[str, str]] = MappingProxyType({})

Before: TypeAlias = Mapping[str, Any] | None
"""What a bookmark said before a file, None where it was not there."""


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a file: its number from 1, its fate in a word, the bookmark's row or 0, and why it is broken."""

    number: int
    fate: str
    bookmark_id: int = 0
    reason: str = ""
    excerpt: str = ""


def prints_of(lines: Iterable[Row]) -> dict[str, str]:
    """The prints of new bookmarks by their public ids, made while others are written: of those that say when it was."""
    return {line["public_id"]: print_of(line) for line in lines if line["saved_at"] != line["updated_at"]}


def written(chunk: Chunk, outcomes: Sequence[Outcome], prints: Mapping[str, str] = NO_PRINTS) -> str:
    """What became of the rows of a chunk, whose drafts these outcomes are; `prints` are those that are made already."""
    lines = [_line(number, outcome, prints) for number, outcome in zip(chunk.numbers, outcomes, strict=True)]
    lines += [_said([number, _AGAIN]) for number in chunk.again]
    lines += [_said([number, _BROKEN, *_why(broken)]) for number, broken in chunk.broken]
    return f"[{','.join(lines)}]"


def told(text: str) -> Iterator[Told]:
    """The rows of a chunk in the order of the file."""
    for number, letter, *rest in sorted(json.loads(text), key=lambda line: int(line[0])):
        if letter == _BROKEN:
            reason, excerpt, *kept = rest
            yield Told(number, _WORDS[letter], reason=again(kept[0]) if kept else reason, excerpt=excerpt)
        else:
            yield Told(number, _WORDS[letter], int(rest[0]) if rest else 0)


def to_undo(text: str) -> tuple[dict[int, str], dict[int, Before]]:
    """What tells the bookmarks of a chunk that were not edited since, and what each was before it."""
    touched = [line for line in json.loads(text) if line[1] in (_NEW, _CHANGED)]
    prints = {int(line[2]): str(line[3]) for line in touched}
    return prints, {int(line[2]): line[4] if line[1] == _CHANGED else None for line in touched}


def ids_in(rows: Iterable[Told]) -> list[int]:
    """The bookmarks that rows are about."""
    return sorted({row.bookmark_id for row in rows if row.bookmark_id})


def _line(number: int, outcome: Outcome, prints: Mapping[str, str]) -> str:
    row = outcome.row
    if outcome.fate == "new":
        # Nothing in it has to be escaped, and an import writes thousands.
        return f'[{number},"{_NEW}",{row["id"]},"{prints.get(row["public_id"]) or print_of(row)}"]'
    line: list[object] = [number, _LETTERS[outcome.fate], row["id"]]
    if outcome.fate == "changed":
        before = outcome.before
        # One that was removed a moment before is taken out again by an undo.
        line += [print_of(row), None if before is None or before["removed_at"] else words_of(before)]
    return _said(line)


def _why(broken: Broken) -> list[object]:
    """Why a row is broken and how it begins; with what the reason is made of, so that every language can tell it."""
    kept = parts(broken.reason)
    return [broken.reason, broken.excerpt, *([kept] if kept else [])]


def _said(line: list[object]) -> str:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))
