"""What files bring in waits for the streams of several savers, in rows that are written with it.

Its owner's own lists show it at once; to find its places in all others takes half as long again. They are found after
the file, by whoever brought it in, or by the worker where that came to no end: from the bookmark as it is then, so that
nothing has to know of these rows that changes one meanwhile. Merged twice it stands where it stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fedimark.database import (
    Row,
    Script,
    Statement,
    among,
    ask,
    ask_all,
    fetch,
    inserts_of,
    is_sqlite,
    perform,
    performed,
    several,
)
from fedimark.jobs.waiting import one_at_a_time, work_off
from fedimark.timelines.firsts import let_in_alone
from fedimark.timelines.merge import hold_tags, holding, merge_bookmarks

_AT_ONCE = 250  # SQLite has one writer: savers wait while so many are merged
_LOCK = 72_181
_NAME = "timelines.waiting"

_UNMERGED = {"bookmark_id": "bigint"}
_UNINDEXED = {"bookmark_id": "bigint"}
_WAITING = "SELECT id, bookmark_id FROM unmerged ORDER BY id LIMIT ?"
_ANY = "SELECT id FROM unmerged LIMIT 1"
_SAVERS = "SELECT DISTINCT actor_id AS id FROM bookmark WHERE id"
_LIVE = "SELECT id, link_id FROM bookmark WHERE removed_at IS NULL AND id"
_TAGS = "SELECT DISTINCT tag_id AS id FROM bookmark_tag WHERE bookmark_id"
# Whose places are not their savers', tags' and everybody's alone.
_FOLLOWED = """
SELECT b.id FROM bookmark b WHERE b.id {these}
AND EXISTS (SELECT 1 FROM follow f WHERE f.target_id = b.actor_id AND f.state = 'accepted')
UNION SELECT t.bookmark_id FROM bookmark_tag t JOIN actor h ON h.tag_id = t.tag_id WHERE t.bookmark_id {these}
UNION SELECT s.bookmark_id FROM share s WHERE s.bookmark_id {these}
"""


def to_be_merged(rows: Iterable[Row]) -> list[Statement]:
    """What lets new bookmarks wait, in the transaction that writes them."""
    return inserts_of("unmerged", _UNMERGED, [(row["id"],) for row in rows])


async def merge_some() -> int:
    """Merge some of what waits; returns how many. One at a time."""
    if not await fetch(_ANY):
        return 0
    return await one_at_a_time(_NAME, _LOCK, _merge)


async def merge_what_waits() -> None:
    """Merge all that waits at this moment; what comes meanwhile is left to the worker."""
    await work_off("unmerged", merge_some)


async def _merge() -> int:
    return await (performed(_merging) if is_sqlite() else perform(_merging()))


def _merging() -> Script[int]:
    waiting = yield from ask(_WAITING, _AT_ONCE)
    if not waiting:
        return 0
    ids = sorted({row["bookmark_id"] for row in waiting})
    savers = yield from ask(f"{_SAVERS} {among()}", several(ids))
    # Held, nobody changes these bookmarks, and no follow of their savers or tags begins or ends, until we are done.
    yield from holding("actor", *(row["id"] for row in savers))
    yield from hold_tags(ids)
    live = yield from ask(f"{_LIVE} {among()}", several(ids))
    these = several(ids)
    followed = {row["id"] for row in (yield from ask(_FOLLOWED.format(these=among()), these, these, these))}
    times = Counter(row["link_id"] for row in live)
    alone = {row["id"] for row in live if row["id"] not in followed and times[row["link_id"]] == 1}
    yield from let_in_alone(sorted(alone))
    if others := [row["id"] for row in live if row["id"] not in alone]:
        tags = yield from ask(f"{_TAGS} {among()}", several(others))
        yield from merge_bookmarks(others, [row["id"] for row in tags])
    # Search learns of them from now on.
    sought = inserts_of("unindexed", _UNINDEXED, [(row["id"],) for row in live])
    done: Statement = f"DELETE FROM unmerged WHERE id {among()}", (several(row["id"] for row in waiting),)
    yield from ask_all(*sought, done)
    return len(waiting)
