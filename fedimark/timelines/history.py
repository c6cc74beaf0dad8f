"""How much was saved when, and what stands on one day: of one person, as far as a viewer may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fedimark.database import fetch, fetch_one, marks
from fedimark.timelines.entries import Entry
from fedimark.timelines.found import Found
from fedimark.timelines.saved import saved
from fedimark.timelines.savers import own_entries
from fedimark.timelines.stream import PersonStream

DAY: Final = 86_400_000_000
"""Microseconds."""

MOST: Final = 200
"""Of what stands on one page of days, in bookmarks."""

Span = tuple[int, int]  # from a moment to before another, in microseconds since 1970


@dataclass(frozen=True, slots=True)
class Saves:
    """How many bookmarks were saved on a day, counted from 1970 in UTC; `tag` is the key, where one is meant."""

    day: int
    amount: int
    tag: str = ""


async def by_day(found: Found) -> tuple[Saves, ...]:
    """A person's saves on each day that has one, the first day first; one statement that reads an index."""
    if found.is_hidden:
        return ()
    where, values = saved(found)
    sql = f"SELECT b.saved_at / {DAY} AS day, count(*) AS amount FROM {where} GROUP BY 1 ORDER BY 1"
    return tuple(Saves(int(row["day"]), int(row["amount"])) for row in await fetch(sql, *values))


async def by_tag(found: Found, keys: Sequence[str]) -> tuple[Saves, ...]:
    """The same for each of a person's tags; `keys` are of tags this viewer may see."""
    if not keys or found.owner is None or found.is_hidden:
        return ()
    sql = f"""
    SELECT g.key, t.saved_at / {DAY} AS day, count(*) AS amount FROM tag g JOIN bookmark_tag t ON t.tag_id = g.id
    WHERE g.key IN ({marks(len(keys))}) AND t.actor_id = ? AND t.visibility >= {int(found.least)}
    GROUP BY g.key, t.saved_at / {DAY}
    """
    rows = await fetch(sql, *keys, found.owner["id"])
    return tuple(Saves(int(row["day"]), int(row["amount"]), row["key"]) for row in rows)


async def within(found: Found, spans: Sequence[Span], limit: int = MOST) -> tuple[Entry, ...]:
    """What a person saved within some spans of time, the newest first."""
    if not spans or found.is_hidden or not isinstance(found.stream, PersonStream):
        return ()
    where, values = saved(found)
    either = " OR ".join(["(b.saved_at >= ? AND b.saved_at < ?)"] * len(spans))
    sql = f"SELECT b.* FROM {where} AND ({either}) ORDER BY b.saved_at DESC, b.id DESC LIMIT ?"
    rows = await fetch(sql, *values, *(moment for span in spans for moment in span), limit)
    return tuple(await own_entries(rows, found.viewer_id, is_owner=found.is_owner))


async def oldest(found: Found, before: int, limit: int) -> tuple[Entry, ...]:
    """What a person saved before a moment, the oldest first: of what is to read, what was forgotten."""
    where, values = saved(found)
    sql = f"SELECT b.* FROM {where} AND b.saved_at < ? ORDER BY b.saved_at, b.id LIMIT ?"
    rows = await fetch(sql, *values, before, limit)
    return tuple(await own_entries(rows, found.viewer_id, is_owner=found.is_owner))


async def neighbours(found: Found, span: Span) -> Span:
    """When a person saved something last before a span of time, and first after it; 0 where they did not."""
    if found.is_hidden:
        return 0, 0
    where, values = saved(found)
    row = await fetch_one(
        f"""
        SELECT (SELECT b.saved_at FROM {where} AND b.saved_at < ? ORDER BY b.saved_at DESC LIMIT 1) AS earlier,
        (SELECT b.saved_at FROM {where} AND b.saved_at >= ? ORDER BY b.saved_at LIMIT 1) AS later
        """,
        *values,
        span[0],
        *values,
        span[1],
    )
    return (row["earlier"] or 0, row["later"] or 0) if row else (0, 0)


async def somewhere(found: Found, chance: float) -> str | None:
    """The public id of one of a person's bookmarks, as a chance from 0 to 1 picks a moment of all their years."""
    where, values = saved(found)
    ends = await fetch_one(f"SELECT min(b.saved_at) AS first, max(b.saved_at) AS last FROM {where}", *values)
    if ends is None or ends["first"] is None:
        return None
    at = ends["first"] + int((ends["last"] - ends["first"]) * chance)
    row = await fetch_one(
        f"SELECT b.public_id FROM {where} AND b.saved_at >= ? ORDER BY b.saved_at, b.id LIMIT 1", *values, at
    )
    return row["public_id"] if row else None
