"""A person's own bookmarks as programs ask for them: by tags, days and moments, and what changed since one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from fedimark.bookmarks.traces import TRACES_LAST
from fedimark.database import Row, among, fetch, fetch_one, several
from fedimark.here import now
from fedimark.text import urls

DAY: Final = 86_400_000_000
MOST_TAGS: Final = 10
_PAGE: Final = 500
_END: Final = 2**62

_OWN = "b.actor_id = ? AND b.is_local AND b.removed_at IS NULL"
_ALL = f"FROM bookmark b WHERE {_OWN}"
# With a tag, its index leads: of a hundred thousand bookmarks few carry one.
_TAGGED = f"""
FROM bookmark_tag t JOIN bookmark b ON b.id = t.bookmark_id
WHERE t.tag_id = (SELECT id FROM tag WHERE key = ?) AND t.actor_id = ? AND {_OWN}
"""
_TAGGED_TOO = """
 AND EXISTS (SELECT 1 FROM bookmark_tag o JOIN tag g ON g.id = o.tag_id WHERE o.bookmark_id = b.id AND g.key = ?)
"""
_DAYS = "SELECT {day} AS day, count(*) AS amount {of} GROUP BY 1 ORDER BY 1 DESC"
# Midnight of a moment's day, of moments before 1970 too.
_DAY_OF = f"(b.saved_at - ((b.saved_at % {DAY}) + {DAY}) % {DAY})"
_UPDATED = "SELECT updated_at AS at, url_md5 FROM bookmark WHERE actor_id = ? AND is_local AND updated_at > ?"
_TRACED = "SELECT changed_at AS at, url_md5 FROM trace WHERE actor_id = ? AND changed_at > ?"
_CHANGED = f"""
SELECT url_md5, max(at) AS at FROM ({_UPDATED} UNION ALL {_TRACED}) c
GROUP BY url_md5 HAVING max(at) <= ? ORDER BY 2, 1 LIMIT ?
"""

_LATE: Final = 10_000_000  # no transaction is longer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of one's bookmarks: with all of some tags (by key), saved after and before moments (both exclusive)."""

    keys: tuple[str, ...] = ()
    after: int = -_END
    before: int = _END


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a moment: bookmarks as they are now, and the MD5 of the addresses of those that are gone.

    `until` is the moment to ask from next; `more` tells that there is more to ask for at once; `complete` is False
    where the moment is so long ago that what went meanwhile is forgotten.
    """

    rows: tuple[Row, ...]
    gone: tuple[str, ...]
    until: int
    more: bool
    complete: bool


async def by_url(actor_id: int, url: str) -> Row | None:
    """One's live bookmark of an exact URL."""
    return await fetch_one(f"SELECT b.* {_ALL} AND b.url_md5 = ?", actor_id, urls.md5(url))


async def newest(actor_id: int, wanted: Wanted, limit: int) -> list[Row]:
    """The newest of some of one's bookmarks."""
    return await _page(actor_id, wanted, (_END, _END), 0, limit)


async def every(actor_id: int, wanted: Wanted, start: int = 0, limit: int = _END) -> AsyncIterator[Row]:
    """Some of one's bookmarks, newest first, from the `start`th on, read a few hundred at a time."""
    place = (_END, _END)
    while limit > 0 and (page := await _page(actor_id, wanted, place, start, min(limit, _PAGE))):
        for row in page:
            yield row
        place, start, limit = (page[-1]["saved_at"], page[-1]["id"]), 0, limit - len(page)


async def days(actor_id: int, wanted: Wanted) -> list[tuple[int, int]]:
    """How many of some of one's bookmarks were saved on each day (its first moment, UTC), newest first."""
    of, values = _of(actor_id, wanted)
    rows = await fetch(_DAYS.format(day=_DAY_OF, of=of), *values)
    return [(int(row["day"]), int(row["amount"])) for row in rows]


async def last_change(actor_id: int) -> int:
    """When anything of one's bookmarks changed last; 0 when nothing ever did."""
    rows = await fetch(
        "SELECT max(updated_at) AS at FROM bookmark WHERE actor_id = ? AND is_local "
        "UNION ALL SELECT max(changed_at) AS at FROM trace WHERE actor_id = ?",
        actor_id,
        actor_id,
    )
    return max((int(row["at"]) for row in rows if row["at"] is not None), default=0)


async def changes(actor_id: int, since: int, limit: int) -> Changes:
    """What changed of one's bookmarks since a moment, the oldest change first; about `limit` of them.

    What was written a moment ago is told once more next time: a change that was committed late is missed by nobody.
    """
    asked_at = now()
    found = await fetch(_CHANGED, actor_id, since, actor_id, since, _END, limit + 1)
    more = len(found) > limit
    if more:
        # All of one moment belong together: the next time begins after it.
        found = await fetch(_CHANGED, actor_id, since, actor_id, since, found[limit - 1]["at"], _END)
    hashes = [row["url_md5"] for row in found]
    rows = await fetch(f"SELECT b.* {_ALL} AND b.url_md5 {among('text')}", actor_id, several(hashes)) if hashes else []
    live = {row["url_md5"]: row for row in rows}
    until = int(found[-1]["at"]) if more else max(since, asked_at - _LATE)
    return Changes(
        rows=tuple(live[name] for name in hashes if name in live),
        gone=tuple(name for name in hashes if name not in live),
        until=until,
        more=more,
        complete=since >= asked_at - TRACES_LAST,
    )


def _of(actor_id: int, wanted: Wanted) -> tuple[str, list[object]]:
    """Where the wanted stand, as SQL after a SELECT, with its parameters."""
    of: str = _ALL
    parameters: list[object] = [actor_id]
    keys = wanted.keys[:MOST_TAGS]
    if keys:
        of, parameters = _TAGGED, [keys[0], actor_id, actor_id]
    for key in keys[1:]:
        of, parameters = of + _TAGGED_TOO, [*parameters, key]
    return f"{of} AND b.saved_at > ? AND b.saved_at < ?", [*parameters, wanted.after, wanted.before]


async def _page(actor_id: int, wanted: Wanted, place: tuple[int, int], start: int, limit: int) -> list[Row]:
    of, values = _of(actor_id, wanted)
    sql = f"SELECT b.* {of} AND (b.saved_at, b.id) < (?, ?) ORDER BY b.saved_at DESC, b.id DESC LIMIT ? OFFSET ?"
    return await fetch(sql, *values, *place, limit, start)
