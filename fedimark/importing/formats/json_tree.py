"""PURE. JSON in which rows lie inside folders inside folders: one row at a time, however long the lists are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fedimark.importing.formats.json_text import Text
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken
from fedimark.language.said import _

_DEEPEST = 100


@dataclass(slots=True)
class Folder:
    """An object that holds lists of rows: its fields as far as they were read.

    `key` is the name of the list it lies in, `number` its place among all folders of the file.
    """

    key: str
    number: int
    fields: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A value in a list called `key`, with the folders around it, outermost first."""

    key: str
    trail: tuple[Folder, ...]
    value: object


@dataclass(frozen=True, slots=True)
class Closed:
    """A folder that was read to its end, so that all its fields are known."""

    folder: Folder


def walk(source: Source, inside: frozenset[str]) -> Iterator[Row | Closed | Broken]:
    """Yield every value that lies in a list, and every folder when it closes, in the order of the file.

    `inside` are the names of the fields that hold rows or folders. The last one is Broken, with `ends` set, when the
    file is cut off or no JSON from there on.
    """
    walker = _Walker(source, inside)
    try:
        yield from walker.value("", ())
    except _Stopped as stopped:
        yield stopped.broken


class _Stopped(Exception):
    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.reason)
        self.broken = broken


class _Walker:
    def __init__(self, source: Source, inside: frozenset[str]) -> None:
        self._text = Text(source)
        self._inside = inside
        self._folders = 0
        self._depth = 0

    def value(self, key: str, trail: tuple[Folder, ...]) -> Iterator[Row | Closed]:
        """Take the next value of the text."""
        text = self._text
        begins = text.next_character()
        self._go_down()
        if begins == "[":
            yield from self._list(key, trail)
        elif begins == "{":
            whole = text.whole()
            yield from self._object(key, trail) if whole is None else self._held(key, trail, whole)
        else:
            yield Row(key, trail, self._element())
        self._depth -= 1

    def _list(self, key: str, trail: tuple[Folder, ...]) -> Iterator[Row | Closed]:
        text = self._text
        text.skip(1)
        while text.next_character() != "]":
            yield from self.value(key, trail)
            if text.next_character() != ",":
                break
            text.skip(1)
        self._expect("]")

    def _object(self, key: str, trail: tuple[Folder, ...]) -> Iterator[Row | Closed]:
        """Take an object too large to be held, field by field."""
        text = self._text
        folder = Folder(key, -1)
        text.skip(1)
        while text.next_character() == '"':
            name = self._element()
            self._expect(":")
            if name in self._inside and text.next_character() in ("[", "{"):
                self._number(folder)
                yield from self.value(str(name), (*trail, folder))
            else:
                folder.fields[str(name)] = self._element()
            if text.next_character() != ",":
                break
            text.skip(1)
        self._expect("}")
        yield Closed(folder) if folder.number >= 0 else Row(key, trail, folder.fields)

    def _held(self, key: str, trail: tuple[Folder, ...], value: object) -> Iterator[Row | Closed]:
        """Go through a value that is held whole."""
        if isinstance(value, list):
            self._go_down()
            for each in value:
                yield from self._held(key, trail, each)
            self._depth -= 1
            return
        inner = self._lists(value)
        if not inner or not isinstance(value, dict):
            yield Row(key, trail, value)
            return
        folder = Folder(key, -1)
        self._number(folder)
        for name, each in value.items():
            if name in inner:
                yield from self._held(name, (*trail, folder), each)
            else:
                folder.fields[name] = each
        yield Closed(folder)

    def _lists(self, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            return {}
        return {name: each for name, each in value.items() if name in self._inside and isinstance(each, (list, dict))}

    def _go_down(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Stopped(Broken(_("The file is nested deeper than folders ever are."), ends=True))

    def _number(self, folder: Folder) -> None:
        if folder.number < 0:
            folder.number = self._folders
            self._folders += 1

    def _element(self) -> object:
        value = self._text.element()
        if isinstance(value, Broken):
            raise _Stopped(value if value.ends else Broken(value.reason, value.excerpt, ends=True))
        return value

    def _expect(self, sign: str) -> None:
        found = self._text.next_character()
        if found != sign:
            raise _Stopped(self._text.strange() if found else self._text.stop())
        self._text.skip(1)
