"""PURE. The language of the search box, read into a tree. Nothing in it is ever wrong: what cannot be read is words.

    words "a phrase" prefix* #tag -not  and or not ( )  site: user: tag: in: is: before: after: saved:

`not` binds most, then what stands side by side or with `and`, then `or`. `in:` speaks for all words of its brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from fedimark.text import clean, tags
from fedimark.text.tokens import asked, fold, is_paired

LONGEST: Final = 1_000  # characters
MOST_TERMS: Final = 40
DEEPEST: Final = 8  # brackets within brackets
FEWEST: Final = 2  # letters before a `*`

FIELDS: Final = MappingProxyType(
    {
        "title": frozenset({"title"}),
        "description": frozenset({"description"}),
        "notes": frozenset({"notes"}),
        "url": frozenset({"url"}),
        "text": frozenset({"title", "description", "notes"}),
    }
)
KINDS: Final = frozenset({"unread", "starred", "private", "untagged", "copied", "archived"})

_MOMENT = re.compile(r"(\d{4})(?:-(\d\d?))?(?:-(\d\d?))?")
_AMOUNT = re.compile(r"(>=|<=|>|<|=)?(\d{1,9})")
_LEXEME = re.compile(r"""\s+|[()]|[-!]*(?:\w+:)?"[^"]*"\*?|[^\s()"]+|.""", re.DOTALL)
_QUOTED = re.compile(r'(?P<name>\w+:)?"(?P<said>[^"]*)"(?P<prefix>\*?)', re.DOTALL)
_EVERYTHING: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Words:
    """Tokens that must stand beside each other, in one of some fields (none: in any); the last may go on."""

    tokens: tuple[str, ...]
    goes_on: bool = False
    fields: frozenset[str] = _EVERYTHING


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag, by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class OnSite:
    """A host, with all below it."""

    host: str


@dataclass(frozen=True, slots=True)
class By:
    """A saver: `ana` here, `bo@b.example` elsewhere."""

    handle: str


@dataclass(frozen=True, slots=True)
class Is:
    """One of KINDS: what the reader's own bookmarks are, but for `untagged` and `copied`, which any can be."""

    kind: str


@dataclass(frozen=True, slots=True)
class Saved:
    """When: from a moment on, and until just before another, in microseconds since 1970, UTC."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Savers:
    """How many saved the page: at least, and at most."""

    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class All:
    """All of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """At least one of these."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not this."""

    part: Node


Node: TypeAlias = Words | Tagged | OnSite | By | Is | Saved | Savers | All | Any | Not


@dataclass(frozen=True)
class Query:
    """What was asked for; `root` is None where that is nothing. `trouble` says in sentences what was not understood."""

    text: str
    root: Node | None
    trouble: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self.root is not None

    @cached_property
    def words(self) -> tuple[Words, ...]:
        """The words that are looked for, to be marked where they stand."""
        return tuple(_wanted(self.root)) if self.root is not None else ()


def parse(text: str) -> Query:
    """Read what was typed, at most LONGEST characters of it."""
    typed = clean.one_line(text, LONGEST)
    reading = _Reading([each for each in _LEXEME.findall(typed) if not each.isspace()])
    if len(text.strip()) > LONGEST:
        reading.trouble.append(f"Only the first {LONGEST:,} characters were read.")
    root = reading.whole()
    return Query(typed, root, tuple(dict.fromkeys(reading.trouble)))


@dataclass(slots=True)
class _Reading:
    """What is left to read, from `at` on, and what was not understood."""

    lexemes: list[str]
    at: int = 0
    terms: int = 0
    trouble: list[str] = field(default_factory=list)

    def whole(self) -> Node | None:
        found = self.either(0)
        while self.at < len(self.lexemes):  # a bracket that closes nothing
            self.at += 1
            self.trouble.append("A closing bracket has no opening one and was left out.")
            found = _all([part for part in (found, self.either(0)) if part is not None])
        return found

    def either(self, depth: int) -> Node | None:
        """Everything up to the end or to a bracket that closes."""
        parts: list[Node] = []
        fields: frozenset[str] = _EVERYTHING
        while True:
            together, named = self.together(depth)
            fields |= named
            if together is not None:
                parts.append(together)
            if not self._is_word("or"):
                break
            self.at += 1
        return _within(_any(parts), fields) if parts else None

    def together(self, depth: int) -> tuple[Node | None, frozenset[str]]:
        """What stands side by side, and the fields that `in:` named there."""
        parts: list[Node] = []
        fields: frozenset[str] = _EVERYTHING
        while self.at < len(self.lexemes) and self._next() != ")" and not self._is_word("or"):
            if self._is_word("and"):
                self.at += 1
                continue
            part = self.one(depth)
            if isinstance(part, frozenset):
                fields |= part
            elif part is not None:
                parts.append(part)
        return _all(parts), fields

    def one(self, depth: int) -> Node | frozenset[str] | None:
        """One thing, with all that denies it before it; or the fields that an `in:` names."""
        denials, lexeme = 0, self._taken()
        while True:
            bare = lexeme.lstrip("-")
            denials += len(lexeme) - len(bare)
            is_not = lexeme.lower() == "not" and self.at < len(self.lexemes) and self._next() != ")"
            is_dash = not bare and self.at < len(self.lexemes) and self._next() == "("
            if not is_not and not is_dash:
                break
            denials += is_not
            lexeme = self._taken()
        read = self._bare(bare, depth)
        return Not(read) if denials % 2 and read is not None and not isinstance(read, frozenset) else read

    def _bare(self, lexeme: str, depth: int) -> Node | frozenset[str] | None:
        if lexeme == "(":
            return self._bracket(depth)
        if lexeme == '"':
            self.trouble.append("A quotation mark is not closed and was left out.")
        return self._term(lexeme) if lexeme not in ("", '"') else None

    def _bracket(self, depth: int) -> Node | None:
        if depth >= DEEPEST:
            self.trouble.append(f"Brackets go {DEEPEST} deep at most; deeper ones were left out.")
            return None
        inner = self.either(depth + 1)
        if self.at < len(self.lexemes):
            self.at += 1
        else:
            self.trouble.append("A bracket is not closed.")
        return inner

    def _term(self, lexeme: str) -> Node | frozenset[str] | None:
        self.terms += 1
        if self.terms > MOST_TERMS:
            self.trouble.append(f"Only the first {MOST_TERMS} words were read.")
            return None
        quoted = _QUOTED.fullmatch(lexeme)
        name, said, goes_on = "", lexeme, False
        if quoted:
            name, said, goes_on = (quoted["name"] or "")[:-1], quoted["said"], bool(quoted["prefix"])
        elif lexeme.startswith("#") and tags.key(lexeme[1:]).strip("."):
            return Tagged(tags.key(lexeme[1:]))
        elif lexeme.lower() in ("!untagged", "!unread"):  # as linkding spells it
            return Is(lexeme[1:].lower())
        elif ":" in lexeme:
            name, _, said = lexeme.partition(":")
        read = _named(name.lower(), said) if name else None
        if read is not None:
            return read
        if name.lower() in _NAMES:
            self.trouble.append(f"“{lexeme}” was read as words: {_NAMES[name.lower()]}")
        if name and quoted:
            said = f"{name} {said}"
        elif name:
            said = lexeme.partition("://")[2] or lexeme
        return self._words(said, goes_on=goes_on or (not quoted and lexeme.endswith("*")))

    def _words(self, said: str, *, goes_on: bool) -> Words | None:
        found = asked(said)
        if not found:
            return None
        last = found[-1]
        if len(last) == 1 and is_paired(last):
            return Words(tuple(found), goes_on=True)
        if goes_on and len(last) < FEWEST:
            self.trouble.append(f"Before a * stand at least {FEWEST} letters; it was left out.")
            goes_on = False
        return Words(tuple(found), goes_on)

    def _taken(self) -> str:
        self.at += 1
        return self.lexemes[self.at - 1]

    def _next(self) -> str:
        return self.lexemes[self.at]

    def _is_word(self, word: str) -> bool:
        """Whether the next lexeme is an operator: between two things, else it is a word like another."""
        if self.at >= len(self.lexemes) or self._next().lower() != word:
            return False
        return 0 < self.at < len(self.lexemes) - 1


_NAMES: Final = MappingProxyType(
    {
        "in": f"after “in:” stands one of {', '.join(FIELDS)}.",
        "is": f"after “is:” stands one of {', '.join(sorted(KINDS))}.",
        "before": "after “before:” stands a day, a month or a year, as in 2026-03-31.",
        "after": "after “after:” stands a day, a month or a year, as in 2026-03-31.",
        "saved": "after “saved:” stands a number, as in saved:>3.",
        "site": "after “site:” stands a host.",
        "user": "after “user:” stands a name.",
        "tag": "after “tag:” stands a tag.",
    }
)


def _named(name: str, said: str) -> Node | frozenset[str] | None:
    """What `name:said` means; None for what means nothing."""
    word = said.lower()
    match name:
        case "tag":
            key = tags.key(said.removeprefix("#"))
            return Tagged(key) if key.strip(".") else None
        case "site":
            host = _host(said)
            return OnSite(host) if host else None
        case "user":
            handle = fold(said).removeprefix("@")
            return By(handle) if handle else None
        case "in":
            return FIELDS.get(word)
        case "is":
            return Is(word) if word in KINDS else None
        case "before":
            moment = _moment(said)
            return Saved(until=moment) if moment is not None else None
        case "after":
            moment = _moment(said)
            return Saved(since=moment) if moment is not None else None
        case "saved":
            return _savers(said)
    return None


def _host(said: str) -> str:
    host = said.lower().partition("://")[2] or said.lower()
    return re.split(r"[/?#]", host, maxsplit=1)[0].strip(".")


def _moment(said: str) -> int | None:
    found = _MOMENT.fullmatch(said)
    if found is None or not said.isascii():
        return None
    try:
        day = datetime(*(int(part or 1) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
    return round((day - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000


def _savers(said: str) -> Savers | None:
    found = _AMOUNT.fullmatch(said)
    if found is None or not said.isascii():
        return None
    amount = int(found[2])
    match found[1]:
        case ">":
            return Savers(amount + 1)
        case ">=":
            return Savers(amount)
        case "<":
            return Savers(0, amount - 1)
        case "<=":
            return Savers(0, amount)
    return Savers(amount, amount)


def _all(parts: list[Node]) -> Node | None:
    return (All(tuple(parts)) if len(parts) > 1 else parts[0]) if parts else None


def _any(parts: list[Node]) -> Node:
    return Any(tuple(parts)) if len(parts) > 1 else parts[0]


def _within(node: Node, fields: frozenset[str]) -> Node:
    """The same, its words looked for in some fields, but for those of brackets that named their own."""
    if not fields:
        return node
    match node:
        case Words():
            return node if node.fields else replace(node, fields=fields)
        case All(parts):
            return All(tuple(_within(part, fields) for part in parts))
        case Any(parts):
            return Any(tuple(_within(part, fields) for part in parts))
        case Not(part):
            return Not(_within(part, fields))
    return node


def _wanted(node: Node) -> Iterator[Words]:
    match node:
        case Words():
            yield node
        case All(parts) | Any(parts):
            yield from _each(parts)


def _each(parts: Iterable[Node]) -> Iterator[Words]:
    for part in parts:
        yield from _wanted(part)
