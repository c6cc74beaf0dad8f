"""What a muted server would say if it spoke: shown before it may, and forgotten where it is said already."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.bookmarks import giving
from fedimark.database import execute, fetch, fetch_one
from fedimark.delivery.retry import WEEK
from fedimark.here import now

MOST = 40  # lines that are shown

_LETTERS = """
SELECT d.host, a.kind, count(*) AS amount, min(d.created_at) AS since
FROM delivery d JOIN activity a ON a.id = d.activity_id WHERE d.dead_at IS NULL
GROUP BY d.host, a.kind ORDER BY count(*) DESC, d.host, a.kind LIMIT ?
"""
_SUMS = """
SELECT count(*) AS letters, count(DISTINCT host) AS hosts, min(created_at) AS since,
    COALESCE(sum(CASE WHEN paced_until IS NULL THEN 0 ELSE 1 END), 0) AS paced,
    COALESCE(sum(CASE WHEN created_at < ? THEN 1 ELSE 0 END), 0) AS stale
FROM delivery WHERE dead_at IS NULL
"""
_OTHERS = """
SELECT (SELECT count(*) FROM announcement) + (SELECT count(*) FROM passed_on WHERE said_at IS NULL) AS announcements,
    (SELECT count(*) FROM telling WHERE set_aside_at IS NULL) AS tellings,
    (SELECT count(*) FROM job WHERE kind = ? AND state IN ('waiting', 'running')) AS links,
    (SELECT count(*) FROM follow WHERE state = 'requested') AS asked
"""


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters of one kind for one server; `since` is when the oldest was written."""

    host: str
    kind: str
    amount: int
    since: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What would be said; `lines` are the largest heaps of letters, the numbers count all of them.

    `stale` are older than a week: they go only to servers that answer at once. `asked` are follows without an answer,
    which are asked for again in their time, by new letters.
    """

    lines: tuple[Letters, ...]
    letters: int
    hosts: int
    since: int
    paced: int
    stale: int
    announcements: int
    tellings: int
    links: int
    asked: int

    @property
    def more(self) -> int:
        """Letters that no line counts."""
        return self.letters - sum(line.amount for line in self.lines)


async def waiting() -> Waiting:
    """All that would be said, in three statements."""
    lines = tuple(Letters(**row) for row in await fetch(_LETTERS, MOST))
    sums = await fetch_one(_SUMS, now() - WEEK) or {}
    others = await fetch_one(_OTHERS, giving.JOB) or {}
    return Waiting(lines=lines, **{name: int(value or 0) for name, value in {**sums, **others}.items()})


async def drop() -> None:
    """Forget all of it, inside `write()`; who follows whom, and what people saved, stays as it is.

    For a copy that is older than what others heard already. Answers that others wait for are forgotten too.
    """
    await execute("DELETE FROM delivery WHERE dead_at IS NULL")
    await execute("DELETE FROM telling")
    await execute("DELETE FROM announcement")
    await execute("DELETE FROM passed_on WHERE said_at IS NULL")
    sql = "UPDATE job SET state = 'failed', ended_at = ? WHERE kind = ? AND state IN ('waiting', 'running')"
    await execute(sql, now(), giving.JOB)
