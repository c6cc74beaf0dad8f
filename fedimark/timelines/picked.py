"""Bookmarks that a condition picks: among one's own, or among what people here made public."""

from __future__ import annotations

from fedimark.database import Row, fetch, fetch_one
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Viewer
from fedimark.timelines.entries import Entry
from fedimark.timelines.savers import own_entries

MOST_LISTED = 5_000  # of what is public, the newest, among which is picked

Condition = tuple[str, tuple[object, ...]]
"""SQL about bookmarks `b`, with its parameters; of others' it may ask nothing that is not everybody's to know."""

_OWN = """
SELECT b.* FROM bookmark b WHERE b.actor_id = ? AND b.removed_at IS NULL AND NOT b.archived AND {condition}
ORDER BY b.saved_at DESC, b.id DESC LIMIT ?
"""
_HERE = f"""
SELECT b.* FROM (SELECT * FROM bookmark WHERE listed AND removed_at IS NULL ORDER BY saved_at DESC
    LIMIT {MOST_LISTED}) b
JOIN actor a ON a.id = b.actor_id
WHERE b.is_local AND {{condition}} AND (CAST(? AS VARCHAR(40)) = '' OR a.local_name = ?) AND {not_hidden("b.actor_id")}
ORDER BY b.saved_at DESC, b.id DESC LIMIT ?
"""

_OLDER = (
    f"SELECT id FROM bookmark WHERE listed AND removed_at IS NULL ORDER BY saved_at DESC LIMIT 1 OFFSET {MOST_LISTED}"
)


async def picked_own(viewer: Viewer, condition: Condition, limit: int) -> list[Entry]:
    """One's own that a condition picks, newest first, without what is archived."""
    rows = await fetch(_OWN.format(condition=condition[0]), viewer.actor_id, *condition[1], limit)
    return await own_entries(rows, viewer.actor_id, is_owner=True)


async def picked_here(viewer: Viewer | None, condition: Condition, username: str, limit: int) -> list[Entry]:
    """Public ones of people here, of one of them where a name is given, among the newest of all that is public."""
    viewer_id = viewer.actor_id if viewer else 0
    asked = (*condition[1], username, username, viewer_id, limit)
    rows: list[Row] = await fetch(_HERE.format(condition=condition[0]), *asked)
    return await own_entries(rows, viewer_id, is_owner=False)


async def are_all_listed() -> bool:
    """Whether `picked_here` picks among all that is public: nothing is older than what it looks at."""
    return await fetch_one(_OLDER) is None
