"""Which saves stand around the links of a page, as far as this reader may see: read as values, many for each line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, cast

from fedimark.database import Values, at_once, fetch_values, is_sqlite, marks, several
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import SHAREABLE
from fedimark.timelines.saves import Around, S, Save, Saver, Seen, in_order

NAMED: Final = 4  # savers a line can name: the one whose words it shows, and three more

WHO: Final = "a.local_name, a.username, a.host AS at_host, a.name AS person_name, a.url AS person_url"
_SAVER = f"b.link_id, b.id, b.actor_id, b.saved_at, b.is_save, b.listed, COALESCE(b.uri_hash, b.public_id), {WHO}"
_MARKED = f"{_SAVER}, b.public_id, b.visibility, b.to_read, b.starred, b.archived"
SAVE: Final = f"{_MARKED}, b.tags, b.url, b.title, b.description, b.uri, b.page_url, b.is_local, b.updated_at"
"""The columns of a `Save`, of bookmarks `b` and their savers `a`."""
_UNSAID = f"{_MARKED}, '', '', '', '', NULL, '', b.is_local, b.updated_at"
# Each link's first public savers by one index probe a link, however many saved it. One text for any number of links:
# PostgreSQL would plan fifty of them anew for every page, in ten times the time that they take.
_FIRST = """
SELECT {columns} FROM bookmark b WHERE b.link_id = w.value AND b.listed AND b.removed_at IS NULL{seen}
ORDER BY b.saved_at, COALESCE(b.uri_hash, b.public_id) LIMIT ?
"""
_LISTED_SQLITE = f"""
SELECT {{save}} FROM json_each(?) w
CROSS JOIN bookmark b ON b.id IN ({_FIRST.replace("{columns}", "b.id")}) JOIN actor a ON a.id = b.actor_id
"""
_LISTED_POSTGRES = f"""
SELECT {{save}} FROM unnest(CAST(? AS bigint[])) AS w (value)
CROSS JOIN LATERAL ({_FIRST.replace("{columns}", "b.*")}) b JOIN actor a ON a.id = b.actor_id
"""
# For readers: of strangers nobody is asked whom they block or mute.
_UNHIDDEN = f" AND {not_hidden('b.actor_id')}"
SHARED_TO = f"""(EXISTS (
    SELECT 1 FROM share s JOIN follow f ON f.target_id = s.actor_id JOIN actor x ON x.id = s.actor_id
    WHERE s.bookmark_id = b.id AND f.follower_id = ? AND f.state = 'accepted' AND x.suspended_at IS NULL
    AND {not_hidden("x.id")}) AND {SHAREABLE} AND {not_hidden("b.actor_id")})"""
"""A condition on bookmarks `b` with three parameters, all the viewer: that somebody they follow and see shared it.

What is asked first is what rules out most: SQLite asks in this order.
"""
# Hardly any bookmark was shared, which SQLite asks first in half the time; PostgreSQL has a reader's shares at hand.
_WAS_SHARED = "EXISTS (SELECT 1 FROM share y WHERE y.bookmark_id = b.id)"
# What only this reader sees, or sees first: their own saves, those of people they follow, and what these shared.
_NEAR = """
SELECT {save} FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE b.link_id IN ({links}) AND b.removed_at IS NULL
AND (b.actor_id = ? OR (b.visibility >= {least} AND EXISTS (
    SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.target_id = b.actor_id AND f.state = 'accepted')) OR {shared})
AND a.suspended_at IS NULL AND {seen}
"""


async def around(link_ids: Iterable[int], viewer_id: int, of_each: int = NAMED) -> dict[int, Around[Save]]:
    """What stands around some links, with all their words; of the first public saves so many of each."""
    return await _around(link_ids, viewer_id, of_each, (SAVE, SAVE), Save._make)


async def named(link_ids: Iterable[int], viewer_id: int) -> dict[int, Around[Seen]]:
    """Who stands around some links whose words are not wanted; those near have their marks."""
    return await _around(link_ids, viewer_id, NAMED, (_SAVER, _UNSAID), Saver._make)


async def _around(
    link_ids: Iterable[int],
    viewer_id: int,
    of_each: int,
    columns: tuple[str, str],
    read: Callable[[Values], S],
) -> dict[int, Around[S]]:
    unique = list(dict.fromkeys(link_ids))
    found: dict[int, Around[S]] = defaultdict(Around)
    if not unique:
        return found
    reads = [partial(_first_listed, unique, viewer_id, of_each, columns[0])]
    reads += [partial(_near, unique, viewer_id, columns[1])] if viewer_id else []
    first, *others = await at_once(*reads)
    known = set()
    for row in others[0] if others else ():
        save = Save._make(row)
        known.add(save.id)
        found[save.link_id].near.append(save)
    for row in first:
        link_id, save_id = row[0], row[1]
        if save_id not in known:
            found[link_id].all.append(read(row))
    for group in found.values():
        if group.near:
            group.near = in_order(group.near)
            group.all += cast("list[S]", group.near)
        group.all = in_order(group.all)
    return found


async def _first_listed(link_ids: Sequence[int], viewer_id: int, limit: int, columns: str) -> Sequence[Values]:
    sql = _LISTED_SQLITE if is_sqlite() else _LISTED_POSTGRES
    sql = sql.format(save=columns, seen=_UNHIDDEN if viewer_id else "")
    return await fetch_values(sql, several(link_ids), *((viewer_id,) if viewer_id else ()), limit)


async def _near(link_ids: Sequence[int], viewer_id: int, columns: str) -> Sequence[Values]:
    least, seen = int(Visibility.FOLLOWERS), not_hidden("b.actor_id")
    shared = f"({_WAS_SHARED} AND {SHARED_TO})" if is_sqlite() else SHARED_TO
    sql = _NEAR.format(save=columns, links=marks(len(link_ids)), least=least, seen=seen, shared=shared)
    return await fetch_values(sql, *link_ids, *[viewer_id] * 6)
