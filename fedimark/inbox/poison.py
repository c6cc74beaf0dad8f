"""What was taken in and could not be applied, five times over: set aside, for an admin to look at.

It holds up nobody, and stays until an admin lets it be tried again or forgets it, or until it is as old as all that
was applied.
"""

from __future__ import annotations

from typing import NamedTuple

from fedimark.database import execute, fetch, fetch_one
from fedimark.here import here, now
from fedimark.jobs.bell import ring

PAGE = 50

# As a range, in the words of a partial index.
_IS_POISON = "outcome >= 'poison' AND outcome < 'poisoo' AND applied_at IS NOT NULL"
_SOME = f"""
SELECT r.id, r.kind, a.uri, r.outcome, r.received_at, r.applied_at FROM received_activity r
LEFT JOIN actor a ON a.id = r.actor_id WHERE {_IS_POISON} AND r.id < ? ORDER BY r.id DESC LIMIT ?
"""
_COUNT = f"SELECT count(*) AS amount FROM received_activity WHERE {_IS_POISON}"
_AGAIN = f"""
UPDATE received_activity SET applied_at = NULL, tries = 0, next_at = ?, outcome = '' WHERE id = ? AND {_IS_POISON}
"""
_FORGET = f"UPDATE received_activity SET outcome = 'forgotten' WHERE id = ? AND {_IS_POISON}"
_NEWEST = 2**62


class SetAside(NamedTuple):
    """An activity that was set aside: its kind, who said it, why (a word of ours), when it came and was given up."""

    id: int
    kind: str
    actor: str
    reason: str
    received_at: int
    given_up_at: int


async def some(before: int | None = None) -> list[SetAside]:
    """The newest of what was set aside, those before one by its number; at most 50."""
    rows = await fetch(_SOME, _NEWEST if before is None else before, PAGE)
    return [
        SetAside(
            row["id"],
            row["kind"],
            row["uri"] or "",
            row["outcome"].removeprefix("poison: "),
            row["received_at"],
            row["applied_at"],
        )
        for row in rows
    ]


async def amount() -> int:
    """How many are set aside."""
    row = await fetch_one(_COUNT)
    return int(row["amount"]) if row else 0


async def try_again(row_id: int) -> bool:
    """Let one be applied once more, with five new tries; False where it is not set aside."""
    changed = await execute(_AGAIN, now(), row_id) > 0
    if changed:
        await ring("inbox")
        here().wake.set()
    return changed


async def forget(row_id: int) -> bool:
    """Trouble nobody with one any more; it stays known, so that it is not taken in again. False as `try_again`."""
    return await execute(_FORGET, row_id) > 0
