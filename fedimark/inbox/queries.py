"""What was received and waits to be applied, in numbers."""

from __future__ import annotations

from fedimark.database import fetch_one


async def waiting() -> int:
    """How many activities are stored and not applied yet."""
    row = await fetch_one("SELECT count(*) AS waiting FROM received_activity WHERE applied_at IS NULL")
    return int(row["waiting"]) if row else 0
