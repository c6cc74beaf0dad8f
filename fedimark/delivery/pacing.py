"""Somebody who publishes a lot at once is heard bit by bit: after so many new bookmarks the rest go out one a minute.

What is paced stands in no inbox's queue until its moment has come, so nobody else's letters wait behind it. What is
said of a bookmark whose Create is paced has the same moment, and comes after it.
"""

from __future__ import annotations

from fedimark.database import Row, execute, fetch, fetch_one, is_sqlite, marks
from fedimark.here import MICROS, here, now

PACE = 60 * MICROS

_AT_ONCE = 500  # rows that join their queues in one transaction
_LAST = (
    "SELECT MAX(paced_until) AS moment FROM delivery WHERE paced_by = ? AND paced_until IS NOT NULL AND dead_at IS NULL"
)
_LATELY = """
SELECT COUNT(*) AS amount FROM (
    SELECT id FROM activity WHERE actor_id = ? AND kind = 'Create' AND created_at > ? LIMIT ?) c
"""
_OF_OBJECT = """
SELECT MAX(paced_until) AS moment FROM delivery WHERE object_hash = ? AND paced_until IS NOT NULL AND dead_at IS NULL
"""
_DUE = """
SELECT id, paced_by, paced_until FROM delivery WHERE paced_until IS NOT NULL AND dead_at IS NULL AND paced_until <= ?
ORDER BY paced_until, id LIMIT ?
"""
# Whoever is publishing, editing or removing this moment is passed over: their rows may just be changing.
_HOLD = "SELECT id FROM actor WHERE id IN ({marks}) ORDER BY id FOR UPDATE SKIP LOCKED"
# It is older than what waits in its queue, and must not be tried before that may be.
_JOIN = """
UPDATE delivery SET paced_by = NULL, paced_until = NULL, next_at = COALESCE((
    SELECT CASE WHEN o.next_at > ? THEN o.next_at END FROM delivery o WHERE o.id = (
        SELECT MIN(e.id) FROM delivery e WHERE e.host = delivery.host AND e.inbox_hash = delivery.inbox_hash
        AND e.dead_at IS NULL AND e.paced_until IS NULL)), ?)
WHERE id IN ({marks}) RETURNING host
"""
_SHIFT = """
UPDATE delivery SET paced_until = paced_until + ?, next_at = paced_until + ?
WHERE paced_by = ? AND paced_until > ? AND dead_at IS NULL
"""


async def moment_of_new(actor_id: int) -> int | None:
    """When the Create of a person's new bookmark may go out, None for at once; inside `write()`, the person held.

    A minute after their last that waits, or after now where they published settings.paced_after_bookmarks within
    settings.paced_window_s.
    """
    row, at, settings = await fetch_one(_LAST, actor_id), now(), here().settings
    if row is not None and row["moment"] is not None:
        return max(int(row["moment"]), at) + PACE
    since = at - settings.paced_window_s * MICROS
    lately = await fetch_one(_LATELY, actor_id, since, settings.paced_after_bookmarks)
    is_burst = lately is not None and lately["amount"] >= settings.paced_after_bookmarks
    return at + PACE if is_burst else None


async def moment_of_more(object_hash: str) -> int | None:
    """When more may be said of a bookmark: with its Create where that is paced, else None; the person held."""
    row = await fetch_one(_OF_OBJECT, object_hash)
    return None if row is None or row["moment"] is None else int(row["moment"])


async def admit(moment: int) -> set[str]:
    """Let what is paced until now join the queues, inside `write()`; returns the hosts that may be due then.

    Of each person one bookmark: where several are due because nobody worked for a while, the rest moves on, so that
    they still go one a minute.
    """
    due = await fetch(_DUE, moment, _AT_ONCE)
    if not due:
        return set()
    held = await _held({row["paced_by"] for row in due})
    firsts: dict[int, int] = {}
    for row in due:
        if row["paced_by"] in held:
            firsts.setdefault(row["paced_by"], row["paced_until"])
    joining = [row["id"] for row in due if firsts.get(row["paced_by"]) == row["paced_until"]]
    late = {row["paced_by"] for row in due if row["paced_until"] > firsts.get(row["paced_by"], moment)}
    for actor_id in sorted(late):
        by = moment - firsts[actor_id]
        await execute(_SHIFT, by, by, actor_id, firsts[actor_id])
    if not joining:
        return set()
    return {row["host"] for row in await fetch(_JOIN.format(marks=marks(len(joining))), moment, moment, *joining)}


async def _held(actors: set[int]) -> set[int]:
    if is_sqlite():
        return actors
    found: list[Row] = await fetch(_HOLD.format(marks=marks(len(actors))), *sorted(actors))
    return {row["id"] for row in found}
