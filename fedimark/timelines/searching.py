"""What somebody finds here, as pages of entries: among their own, in their network, or among what everybody may see.

The index is asked for the newest places; who may see what stands there is asked of the rows, as on every page. Looked
at are a few of the newest that the index knows of, and where too few of these pass, the newest 20,000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fedimark.database import Row, Sql, among, fetch, several
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Viewer
from fedimark.search import matching
from fedimark.search.matching import Matches, compiled, newest, one_holds
from fedimark.search.ranking import scores
from fedimark.text.query import Query
from fedimark.timelines.entries import Entry, Page
from fedimark.timelines.merge import Merged
from fedimark.timelines.reactions import with_reactions
from fedimark.timelines.saved import SEEN_OF_LINK
from fedimark.timelines.savers import OF_BOOKMARK, own_entries, unmuted
from fedimark.timelines.stream import Cursor

FURTHEST = 20_000  # of what the index knows of, the newest, among which rows may pass
RANKED = 300  # of the newest that were found, among which the best come first

_AT_ONCE = 3  # so many rows are looked through for each line: several may be of one page
_HIDDEN = "SELECT blocked_id AS id FROM block WHERE blocker_id = ? ORDER BY id LIMIT 200"
_IN_NETWORK = f"""
EXISTS (SELECT 1 FROM entry e WHERE e.stream = {Merged.NETWORK} AND e.owner_id = ? AND e.link_id = b.link_id)
"""
_FOUND = """
WITH c AS MATERIALIZED ({newest})
SELECT p.place, {columns} FROM c JOIN search_place p ON p.place = c.place JOIN bookmark b ON b.id = p.bookmark_id
WHERE b.removed_at IS NULL AND {passing} ORDER BY p.place DESC LIMIT {limit}
"""
_ABOVE = """
SELECT DISTINCT b.link_id FROM bookmark b JOIN search_place y ON y.bookmark_id = b.id
WHERE b.link_id {these} AND y.place >= ? AND b.removed_at IS NULL AND {passing}
"""
_LIGHT = "b.id, b.link_id"
_READ = "b.id, b.link_id, b.title, b.description, b.url, b.tags"


class Scope(StrEnum):
    """Among what somebody searches; the words that addresses have."""

    MINE = "mine"
    NETWORK = "network"
    HERE = "here"  # everything known here that everybody may see


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for, where, and what comes first."""

    query: Query
    scope: Scope = Scope.HERE
    order: Order = Order.NEWEST


@dataclass(frozen=True, slots=True)
class _Search:
    """A query in a scope, for somebody: what the index is asked, and which rows pass."""

    matches: Matches
    passing: Sql
    is_own: bool
    viewer_id: int


async def search(viewer: Viewer | None, sought: Sought, before: Cursor | None, limit: int) -> Page:
    """A page of what is sought; the cursors are of this search alone. A stranger searches what is public."""
    asked = await _asked(viewer, sought.scope, sought.query)
    if sought.order is Order.BEST and sought.query.words:
        return await _best(asked, sought.query, before, limit)
    below = before.at if before else None
    rows = await _rows(asked, _LIGHT, below, (limit + 1) * (1 if asked.is_own else _AT_ONCE), limit)
    lines = _once(rows, asked)
    if below is not None and not asked.is_own and lines:
        above = await _above(asked, lines[: 3 * limit], below)
        lines = [line for line in lines if line["link_id"] not in above]
    shown = lines[:limit]
    last = shown[-1]["place"] if len(lines) > limit else None
    if last is None and not asked.is_own and len(rows) == (limit + 1) * _AT_ONCE:
        last = rows[-1]["place"]
    return Page(await _entries(asked, [line["id"] for line in shown]), str(Cursor(last, "p")) if last else None)


async def _best(asked: _Search, query: Query, before: Cursor | None, limit: int) -> Page:
    """The best first, of the newest: with the same rows there, a page goes on where the one before ended."""
    columns = f"{_READ}, b.private_note" if asked.is_own else _READ
    rows = await _rows(asked, columns, None, RANKED, limit)
    ranked = sorted(zip(scores(rows, query.words), rows, strict=True), key=lambda each: (-each[0], -each[1]["place"]))
    lines = _once([{**row, "score": score} for score, row in ranked], asked)
    if before:
        at = (before.at, int(before.tie) if before.tie.isdigit() else 0)
        lines = [line for line in lines if (line["score"], line["place"]) < at]
    shown = lines[:limit]
    cursor = str(Cursor(shown[-1]["score"], str(shown[-1]["place"]))) if len(lines) > limit else None
    return Page(await _entries(asked, [line["id"] for line in shown]), cursor)


async def _asked(viewer: Viewer | None, scope: Scope, query: Query) -> _Search:
    viewer_id = viewer.actor_id if viewer else matching.NOBODY
    if scope is Scope.MINE:
        return _Search(
            compiled(query, matching.own(viewer_id)),
            Sql("b.actor_id = ?", (viewer_id,)),
            is_own=True,
            viewer_id=viewer_id,
        )
    hidden = [row["id"] for row in await fetch(_HIDDEN, viewer_id)] if viewer_id else []
    if scope is Scope.NETWORK:
        passing = Sql(SEEN_OF_LINK, (viewer_id,) * 6) & Sql(_IN_NETWORK, (viewer_id,))
        return _Search(compiled(query, matching.of_network(viewer_id, hidden)), passing, False, viewer_id)
    passing = Sql("b.listed") & Sql(not_hidden("b.actor_id"), (viewer_id,))
    return _Search(compiled(query, matching.listed(viewer_id, hidden)), passing, False, viewer_id)


async def _rows(asked: _Search, columns: str, below: int | None, most: int, wanted: int) -> list[Row]:
    """The newest rows that pass, at most so many, with their places."""
    rows: list[Row] = []
    for looked_at in (2 * most, FURTHEST):
        found = newest(asked.matches, below, looked_at)
        passing = asked.passing & asked.matches.rest
        sql = _FOUND.format(newest=found.text, columns=columns, passing=passing.text, limit=most)
        rows = await fetch(sql, *found.values, *passing.values)
        if len(rows) > wanted:
            break
    return rows


async def _above(asked: _Search, lines: Sequence[Row], below: int) -> set[int]:
    """Which pages of some lines were shown already, at a newer save that is found too."""
    holds = one_holds(asked.matches)
    passing = asked.passing & asked.matches.rest & holds
    sql = _ABOVE.format(these=among(), passing=passing.text)
    links = several({line["link_id"] for line in lines})
    return {row["link_id"] for row in await fetch(sql, links, below, *passing.values)}


def _once(rows: Iterable[Row], asked: _Search) -> list[Row]:
    """One line for each page, at the first of its saves; of one's own each."""
    if asked.is_own:
        return list(rows)
    lines: dict[int, Row] = {}
    for row in rows:
        lines.setdefault(row["link_id"], row)
    return list(lines.values())


async def _entries(asked: _Search, ids: Sequence[int]) -> tuple[Entry, ...]:
    """Entries in the words of the saves that were found."""
    found = await fetch(f"SELECT {OF_BOOKMARK} FROM bookmark b WHERE b.id {among()}", several(ids)) if ids else []
    rows = {row["id"]: row for row in found}
    lines = [rows[each] for each in ids if each in rows]
    if asked.is_own:
        return tuple(await own_entries(lines, asked.viewer_id, is_owner=True))
    lines = await unmuted(lines, asked.viewer_id)
    entries = await own_entries(lines, asked.viewer_id, is_owner=False)
    return tuple(await with_reactions(entries, asked.viewer_id) if asked.viewer_id else entries)
