"""Bookmarks that are the first of their links, by whom nobody follows: their places are known without looking.

A library that comes in is nearly all of these. Where nothing stood before, nothing can be moved, and no two places
meet: so they are written as they are, which takes half as long as merging.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from functools import lru_cache
from typing import Any

from fedimark.database import Row, Script, among, ask, several
from fedimark.timelines.merge import PLACED, TO_RECENT, TO_SAVER, TO_TAGS, merge_bookmarks

_WORTH = 16  # fewer are merged before it is found out that they need not be
_FOLLOWED = """
SELECT f.target_id AS saver_id, CAST(NULL AS BIGINT) AS tag_id FROM follow f
WHERE f.target_id {savers} AND f.state = 'accepted'
UNION SELECT NULL, h.tag_id FROM actor h WHERE h.tag_id {tags}
"""
_LET_IN = f"""
INSERT INTO entry (stream, owner_id, link_id, position, is_said)
SELECT w.stream, w.owner_id, w.link_id, w.at, FALSE
FROM ({TO_SAVER} UNION ALL {TO_TAGS} UNION ALL {TO_RECENT}) w WHERE TRUE
ORDER BY w.link_id, w.stream, w.owner_id {PLACED}
"""


def let_in(
    rows: Sequence[Row], tagged: Sequence[tuple[Any, ...]], tag_ids: Collection[int], firsts: Set[int], new: Set[int]
) -> Script[None]:
    """Let live bookmarks into the streams that show them, as `merge_bookmarks` does, whose conditions hold here too.

    `tagged` begin with a bookmark's id and that of one of its tags. `firsts` are links that are new with one of these
    bookmarks, which somebody here just saved: it is in no other's hands yet, nobody can have shared it. `new` are all
    links that were made in this transaction.
    """
    alone: list[int] = []
    if len(firsts) >= _WORTH:
        savers = {row["actor_id"] for row in rows}
        found = yield from ask(_asking(among()), several(sorted(savers)), several(sorted(tag_ids)))
        followed = {row["saver_id"] for row in found}
        shown = {row["tag_id"] for row in found}
        asked_for = {bookmark_id for bookmark_id, tag_id, *_ in tagged if tag_id in shown} if found else set()
        alone = [
            row["id"]
            for row in rows
            if row["link_id"] in firsts and row["actor_id"] not in followed and row["id"] not in asked_for
        ]
    yield from let_in_alone(alone)
    if len(alone) < len(rows):
        others = {row["id"] for row in rows} - set(alone)
        placed = "" if {row["link_id"] for row in rows} <= new else PLACED
        yield from merge_bookmarks(sorted(others), {tag_id for each, tag_id, *_ in tagged if each in others}, placed)


def let_in_alone(ids: Sequence[int]) -> Script[None]:
    """Let bookmarks in, each alone among them with its link, whose savers and tags nobody follows and nobody shared."""
    if ids:
        these = several(ids)
        yield from ask(_letting_in(among()), these, these, these)


@lru_cache
def _asking(these: str) -> str:
    return _FOLLOWED.format(savers=these, tags=these)


@lru_cache
def _letting_in(these: str) -> str:
    return _LET_IN.format(these=these)
