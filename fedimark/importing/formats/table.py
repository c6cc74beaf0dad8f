"""PURE. CSV as people's programs write it, a record at a time, with the line where each begins.

Not Python's `csv`: its limit on the length of a field is one for the whole process, and after an error it goes on in
the middle of a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from fedimark.importing.formats.source import Source
from fedimark.importing.formats.text_blocks import text_blocks
from fedimark.importing.rows import Broken, excerpt
from fedimark.language.said import _

_RECORD_LIMIT: Final = 8_388_608  # characters
_FIELDS: Final = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a table: its fields by the names in the head, in small letters; what is missing is empty."""

    line: int
    fields: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def head_of(head: bytes) -> frozenset[str]:
    """The names of the columns by the first bytes of a file, in small letters; none when it is no table."""
    lines = head.decode("utf-8", "replace").lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip() and not _names_separator(line)), "")
    names = _columns(first)
    return frozenset(names) if len(names) > 1 else frozenset()


def records(source: Source) -> Iterator[Record | Broken]:
    """Yield the rows below the head; Broken, with `ends` set, for one that never ends."""
    numbered = lines(source)
    columns: list[str] = []
    for _number, line in numbered:
        if line.strip() and not _names_separator(line):
            columns = _columns(line)
            separator = _separator(line)
            break
    least = len(columns)
    while columns:
        found = _record(numbered, separator, least)
        if found is None:
            return
        number, values = found
        if isinstance(values, Broken):
            yield values
            return
        least = min(len(columns), len(values))  # some leave out what is empty at the end of a row
        if any(values):
            yield Record(number, dict(zip(columns, values, strict=False)))


def written(values: Iterator[str] | list[str]) -> bytes:
    """One record as RFC 4180 has it."""
    return (",".join(map(_quoted, values)) + "\r\n").encode()


def _quoted(value: str) -> str:
    plain = not any(sign in value for sign in '",\r\n') and value == value.strip()
    return value if plain else '"' + value.replace('"', '""') + '"'


def _names_separator(line: str) -> bool:
    # Excel's way to tell itself.
    return line[:4].lower() == "sep=" and len(line.strip()) <= 5


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def _columns(line: str) -> list[str]:
    state = _State(_separator(line))
    state.take(line)
    return [name.strip().lower() for name in state.values]


def lines(source: Source) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers and what ends them: LF, CRLF or CR alone."""
    held, number = "", 1
    for block in text_blocks(source):
        *whole, held = (held + block).split("\n") if "\n" in block else [held + block]
        for line in whole:
            yield number, line + "\n"
            number += 1
        if len(held) > _RECORD_LIMIT or ("\r" in held[:-1] and not whole):
            # Macintoshes of old, and lines beyond all measure.
            *parts, held = held.split("\r") if "\r" in held[:-1] else (held, "")
            for part in parts:
                yield number, part + "\n"
                number += 1
    for part in held.splitlines(keepends=True):
        yield number, part
        number += 1


def _record(numbered: Iterator[tuple[int, str]], separator: str, least: int) -> tuple[int, list[str] | Broken] | None:
    begun, state, size = 0, _State(separator), 0
    for number, line in numbered:
        begun = begun or number
        size += len(line)
        if state.take(line):
            if line[-1:] not in "\r\n" and any(state.values) and len(state.values) < least:
                break  # half of the last row
            return begun, state.values
        if size > _RECORD_LIMIT:
            reason = _("This row never ends: a quotation mark is missing. What stands before was read.")
            return begun, Broken(reason, excerpt(state.begin), ends=True, line=begun)
    if not begun:
        return None
    reason = _("The file ends in the middle of this row: what stands before was read.")
    return begun, Broken(reason, excerpt(state.begin), ends=True, line=begun)


@dataclass(slots=True)
class _State:
    """A record while it is read, line by line: every character is looked at once."""

    separator: str
    values: list[str] = field(default_factory=list)
    begin: str = ""
    _parts: list[str] = field(default_factory=list)
    _is_quoted: bool = False

    def take(self, line: str) -> bool:
        """Read one more line; True when the record ends with it."""
        self.begin = self.begin or line[:1_000]
        if not self._is_quoted and not self.values and '"' not in line:
            self.values = line.rstrip("\r\n").split(self.separator, _FIELDS)
            return True
        at = 0
        while True:
            if self._is_quoted:
                end = line.find('"', at)
                if end < 0:
                    self._parts.append(line[at:])
                    return False
                twice = line.startswith('"', end + 1)
                self._parts.append(line[at : end + twice])
                at = end + 1 + twice
                self._is_quoted = twice
            else:
                end = line.find(self.separator, at)
                stop = end if end >= 0 else len(line.rstrip("\r\n"))
                text = line[at:stop]
                if not self._parts and text.lstrip(" ").startswith('"'):
                    self._is_quoted = True
                    self._parts.append("")
                    at = line.index('"', at) + 1
                    continue
                # Also what stands behind a closing mark: nobody means it, but it is somebody's word.
                self.values.append("".join(self._parts) + text)
                self._parts = []
                if end < 0 or len(self.values) > _FIELDS:
                    return True
                at = end + 1
