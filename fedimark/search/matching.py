"""Which bookmarks hold what is searched for, as SQL: the one place that asks the index.

Nearly everything is asked of the index in one expression: what is not in it (marks, moments, how many saved a page) are
conditions on bookmarks `b`. An expression is never empty, so a `not` always has something to be taken from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from fedimark.database import Sql, is_sqlite
from fedimark.search.documents import (
    FOLLOWERS,
    LISTED,
    by_actor,
    by_handle,
    noted_word,
    on_site,
    own_tagged,
    tagged,
)
from fedimark.search.places import LAST
from fedimark.text.query import (
    All,
    Any,
    By,
    Is,
    Node,
    Not,
    OnSite,
    Query,
    Saved,
    Savers,
    Tagged,
    Words,
)

NOBODY = 0  # searches what is public alone
EVERYTHING = Sql("TRUE")

_SAYS = {
    "unread": "b.to_read",
    "starred": "b.starred",
    "archived": "b.archived",
    "private": "b.visibility = 0",
}
# Private tags have no visibility: to all others what has no other is untagged.
_HAS_TAGS = """
EXISTS (SELECT 1 FROM bookmark_tag t WHERE t.bookmark_id = b.id AND (t.visibility > 0 OR t.actor_id = ?))
"""
_SAVERS = "(SELECT l.savers FROM link l WHERE l.id = b.link_id)"
_NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Reach:
    """Among what is searched, as tokens one of which a bookmark has, and by whom; none of `without` may be there.

    The searcher's private notes and private tags are found where they are the owner of all of it.
    """

    among: tuple[str, ...]
    viewer_id: int = NOBODY
    is_own: bool = False
    without: tuple[str, ...] = ()


def own(actor_id: int) -> Reach:
    """One person's own, private ones too."""
    return Reach((by_actor(actor_id),), actor_id, is_own=True)


def listed(viewer_id: int, hidden: Iterable[int] = ()) -> Reach:
    """What stands on public pages, without that of some actors."""
    return Reach((LISTED,), viewer_id, without=tuple(by_actor(each) for each in hidden))


def public_of(actor_id: int) -> Reach:
    """What one person shows on public pages."""
    return Reach((by_actor(actor_id),))


def of_network(viewer_id: int, hidden: Iterable[int] = ()) -> Reach:
    """One's own, and whatever others might show one; who shows it is asked of the rows."""
    return Reach((by_actor(viewer_id), FOLLOWERS), viewer_id, without=tuple(by_actor(each) for each in hidden))


@dataclass(frozen=True, slots=True)
class Matches:
    """What a query means: an expression for the index, and a condition on `b`, with its parameters."""

    expression: str
    rest: Sql
    is_whole: bool  # whether the expression says all of it


def compiled(query: Query, reach: Reach) -> Matches:
    """What of some reach a query finds; an empty query finds all of it."""
    parts = _conjuncts(query.root)
    texts = [part for part in parts if _is_text(part)]
    others = [part for part in parts if not _is_text(part)]
    words = _Words(reach)
    rest = EVERYTHING
    for part in others:
        rest &= _condition(part, words)
    return Matches(words.whole(texts), rest, is_whole=not others)


def newest(matches: Matches, below: int | None, limit: int) -> Sql:
    """A select of the newest places that the index knows of, as `place`."""
    if is_sqlite():
        sql = f"""
        SELECT w.rowid AS place FROM search_words w WHERE search_words MATCH ? AND w.rowid < ?
        ORDER BY w.rowid DESC LIMIT {limit}
        """
    else:
        sql = f"""
        SELECT w.place FROM search_words w WHERE w.words @@ CAST(? AS tsquery) AND w.place < ?
        ORDER BY w.place DESC LIMIT {limit}
        """
    return Sql(sql, (matches.expression, LAST if below is None else below))


def own_matches(query: Query, actor_id: int) -> Sql:
    """A condition on bookmarks `b` of one person that their query finds; TRUE where it asks for nothing.

    For NOBODY it is one on what is on public pages.
    """
    if not query:
        return EVERYTHING
    matches = compiled(query, listed(NOBODY) if actor_id == NOBODY else own(actor_id))
    match = _MATCH_SQLITE if is_sqlite() else _MATCH_POSTGRES
    found = f"b.id IN (SELECT p.bookmark_id FROM search_words w JOIN search_place p ON {match})"
    return Sql(found, (matches.expression,)) & matches.rest


_MATCH_SQLITE = "p.place = w.rowid WHERE search_words MATCH ?"
_MATCH_POSTGRES = "p.place = w.place WHERE w.words @@ CAST(? AS tsquery)"
# One bookmark, looked at by itself.
_HOLDS_SQLITE = """
EXISTS (SELECT 1 FROM search_place p JOIN search_words w ON w.rowid = p.place
WHERE p.bookmark_id = b.id AND search_words MATCH ?)
"""
_HOLDS_POSTGRES = """
EXISTS (SELECT 1 FROM search_place p JOIN search_words w ON w.place = p.place
WHERE p.bookmark_id = b.id AND w.words @@ CAST(? AS tsquery))
"""


def one_holds(matches: Matches) -> Sql:
    """A condition on one bookmark `b`: that the expression finds it."""
    return Sql(_HOLDS_SQLITE if is_sqlite() else _HOLDS_POSTGRES, (matches.expression,))


def _conjuncts(root: Node | None) -> tuple[Node, ...]:
    if root is None:
        return ()
    if isinstance(root, All):
        return tuple(each for part in root.parts for each in _conjuncts(part))
    return (root,)


def _is_text(node: Node) -> bool:
    match node:
        case All(parts) | Any(parts):
            return all(map(_is_text, parts))
        case Not(part):
            return _is_text(part)
    return isinstance(node, Words | Tagged | OnSite | By)


def _condition(node: Node, words: _Words) -> Sql:
    """A condition on one bookmark."""
    if _is_text(node):
        return Sql(_HOLDS_SQLITE if is_sqlite() else _HOLDS_POSTGRES, (words.whole([node]),))
    viewer_id = words.reach.viewer_id
    match node:
        case All(parts):
            return _joined(" AND ", (_condition(part, words) for part in parts))
        case Any(parts):
            return _joined(" OR ", (_condition(part, words) for part in parts))
        case Not(part):
            inner = _condition(part, words)
            return Sql(f"NOT ({inner.text})", inner.values)
        case Saved(since, until):
            bounds = [("b.saved_at >= ?", since), ("b.saved_at < ?", until)]
            return _joined(" AND ", (Sql(text, (value,)) for text, value in bounds if value is not None))
        case Savers(least, most):
            floor = Sql(f"{_SAVERS} >= ?", (least,))
            return floor if most is None else floor & Sql(f"{_SAVERS} <= ?", (most,))
        case Is("untagged"):
            return Sql(f"NOT {_HAS_TAGS}", (viewer_id,))
        case Is("copied"):
            return Sql("b.via <> ''")
        case Is(kind):
            return Sql(f"({_SAYS[kind]} AND b.actor_id = ?)", (viewer_id,))
    raise AssertionError(node)


def _joined(word: str, some: Iterable[Sql]) -> Sql:
    parts = list(some)
    return Sql(f"({word.join(part.text for part in parts)})", tuple(value for part in parts for value in part.values))


class _Words:
    """Expressions for the index of this database."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self._write: _Writing = _Fts5() if is_sqlite() else _Tsquery()
        self._base = self._either([self._write.token(token) for token in reach.among])

    def whole(self, nodes: Iterable[Node]) -> str:
        write = self._write
        found = write.both([self._base, *map(self._said, nodes)])
        without = [write.token(token) for token in self.reach.without]
        return write.without(found, self._either(without)) if without else found

    def _said(self, node: Node) -> str:
        write, reach = self._write, self.reach
        match node:
            case All(parts):
                return write.both([self._said(part) for part in parts])
            case Any(parts):
                return self._either([self._said(part) for part in parts])
            case Not(part):
                return write.without(self._base, self._said(part))
            case Tagged(key):
                own_ones = [write.token(own_tagged(key))] if reach.is_own else []
                return self._either([write.token(tagged(key)), *own_ones])
            case OnSite(host):
                return write.token(on_site(host))
            case By(handle):
                return write.token(by_handle(handle))
            case Words():
                return self._worded(node)
        raise AssertionError(node)

    def _worded(self, words: Words) -> str:
        shown = words.fields - {_NOTES}
        found = []
        if shown or not words.fields:
            found.append(self._write.words(words.tokens, words.goes_on, shown))
        if self.reach.is_own and (not words.fields or _NOTES in words.fields):
            noted = tuple(map(noted_word, words.tokens))
            found.append(self._write.words(noted, words.goes_on, frozenset()))
        # Others have no notes.
        return self._either(found) if found else self._write.without(self._base, self._base)

    def _either(self, some: list[str]) -> str:
        return some[0] if len(some) == 1 else f"({self._write.either(some)})"


class _Writing(Protocol):
    """How expressions are written. Tokens hold letters, digits and characters of nobody's: nothing is to be quoted."""

    def either(self, some: list[str], /) -> str: ...

    def both(self, some: list[str], /) -> str: ...

    def token(self, token: str) -> str: ...

    def words(self, tokens: tuple[str, ...], goes_on: bool, fields: frozenset[str]) -> str: ...

    def without(self, base: str, other: str) -> str: ...


class _Fts5:
    either = staticmethod(" OR ".join)
    both = staticmethod(" AND ".join)

    def token(self, token: str) -> str:
        return f'rest : "{token}"'

    def words(self, tokens: tuple[str, ...], goes_on: bool, fields: frozenset[str]) -> str:
        named = f"{{{' '.join(sorted(fields))}}} : " if fields else ""
        return f'{named}"{" ".join(tokens)}"{" *" if goes_on else ""}'

    def without(self, base: str, other: str) -> str:
        return f"(({base}) NOT ({other}))"


_WEIGHTS = {"title": "A", "description": "B", "url": "C"}


class _Tsquery:
    either = staticmethod(" | ".join)
    both = staticmethod(" & ".join)

    def token(self, token: str) -> str:
        return f"'{token}'"

    def words(self, tokens: tuple[str, ...], goes_on: bool, fields: frozenset[str]) -> str:
        weights = "".join(sorted(_WEIGHTS[each] for each in fields))
        marks = [("*" if goes_on and place == len(tokens) else "") + weights for place in range(1, len(tokens) + 1)]
        written = [f"'{token}'" + (f":{mark}" if mark else "") for token, mark in zip(tokens, marks, strict=True)]
        return written[0] if len(written) == 1 else f"({' <-> '.join(written)})"

    def without(self, base: str, other: str) -> str:
        return f"({base} & !({other}))"
