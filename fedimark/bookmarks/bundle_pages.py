"""What a bundle holds, as a page of a stream of its owner's."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.bookmarks.bundles import held_by
from fedimark.database import Row, fetch, fetch_one
from fedimark.policy.visibility import Viewer
from fedimark.timelines.entries import Page
from fedimark.timelines.savers import own_entries
from fedimark.timelines.stream import Cursor

HELD = "bookmark b WHERE b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND NOT b.archived AND {condition}"
_PLACE = "(?, COALESCE((SELECT x.id FROM bookmark x WHERE x.actor_id = ? AND x.public_id = ?), {gone}))"
_LAST = 2**62  # beyond every id


@dataclass(frozen=True, slots=True)
class BundlePage:
    """A page of what a bundle holds, and how much that is in all."""

    page: Page
    count: int


async def page_of(viewer: Viewer, bundle: Row, cursor: Cursor | None, limit: int) -> BundlePage:
    """A page of a bundle of the viewer's own, newest first."""
    condition, values = held_by(bundle)
    where, parameters = HELD.format(condition=condition), (viewer.actor_id, *values)
    counted = await fetch_one(f"SELECT count(*) AS amount FROM {where}", *parameters)
    beyond, order = (">", "ASC") if cursor and cursor.newer else ("<", "DESC")
    placed: tuple[object, ...] = ()
    if cursor is not None:
        where += f" AND (b.saved_at, b.id) {beyond} {_PLACE.format(gone=0 if cursor.newer else _LAST)}"
        placed = (cursor.at, viewer.actor_id, cursor.tie)
    sql = f"SELECT b.* FROM {where} ORDER BY b.saved_at {order}, b.id {order} LIMIT ?"
    found = await fetch(sql, *parameters, *placed, limit + 1)
    more, lines = len(found) > limit, found[:limit]
    newer = cursor is not None and cursor.newer
    if newer:
        lines.reverse()
    entries = await own_entries(lines, viewer.actor_id, is_owner=True)
    first, last = ([f"{row['saved_at']}-{row['public_id']}" for row in (lines[0], lines[-1])]) if lines else ("", "")
    earlier = last if last and (more or newer) else None
    later = first if first and cursor and (more or not newer) else None
    return BundlePage(Page(tuple(entries), earlier, later), int(counted["amount"]) if counted else 0)
