"""What waits to be sent, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

from fedimark.database import fetch_one

_COUNTS = """
SELECT COALESCE(SUM(CASE WHEN dead_at IS NULL THEN 1 ELSE 0 END), 0) AS waiting,
       COALESCE(SUM(CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END), 0) AS dead
FROM delivery
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """Deliveries on their way, and those that will never arrive."""

    waiting: int
    dead: int


async def counts() -> Counts:
    """How many deliveries wait and how many are dead."""
    row = await fetch_one(_COUNTS)
    return Counts(int(row["waiting"]), int(row["dead"])) if row else Counts(0, 0)
