"""Taking due deliveries under a lease.

Whoever dies with them loses them when the lease runs out, so each is sent at least once.
"""

from __future__ import annotations

from collections.abc import Sequence

from fedimark.database import Row, atomically, execute, fetch, is_sqlite, marks
from fedimark.here import MICROS, here, now

BATCH = 50

_LEASE = 60 * MICROS
_SETTLING = 5 * MICROS  # beyond the time one try may take

# First said, first sent, within an inbox: a row is free when nothing older for its inbox waits for its time or is
# being sent. So the rows of one inbox in a batch are its oldest, without a gap.
_CLAIM = """
UPDATE delivery SET lease_until = ? WHERE id IN (
    SELECT d.id FROM delivery d
    WHERE d.dead_at IS NULL AND d.next_at <= ? AND d.lease_until <= ? AND NOT EXISTS (
        SELECT 1 FROM delivery o WHERE o.inbox_hash = d.inbox_hash AND o.id < d.id AND o.dead_at IS NULL
        AND (o.next_at > ? OR o.lease_until > ?))
    ORDER BY d.id LIMIT ?{lock})
RETURNING id
"""
_CLAIMED = """
SELECT d.*, a.kind, a.actor_id, COALESCE(y.body, a.body) AS body FROM delivery d JOIN activity a ON a.id = d.activity_id
LEFT JOIN activity_body y ON y.activity_id = d.activity_id AND y.profile = d.profile
WHERE d.id IN ({marks}) ORDER BY d.id
"""
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(72178002)"


def one_try() -> int:
    """How long one delivery may take with its settling, in microseconds."""
    return int(here().settings.delivery_total_s * MICROS) + _SETTLING


async def claim() -> list[list[Row]]:
    """Up to 50 due deliveries, leased for a minute or more: one list for each inbox, oldest first.

    Rows of `delivery` with their activity's `kind`, `actor_id` and `body`.
    """
    rows = await atomically(_claimed)
    inboxes: dict[str, list[Row]] = {}
    for row in rows:
        inboxes.setdefault(row["inbox_hash"], []).append(row)
    return list(inboxes.values())


async def release(deliveries: Sequence[Row]) -> None:
    """Give deliveries back that were not tried after all."""
    if deliveries:
        numbers = [each["id"] for each in deliveries]
        await execute(f"UPDATE delivery SET lease_until = 0 WHERE id IN ({marks(len(numbers))})", *numbers)


async def take_over() -> None:
    """Free what a worker had taken that is no more; for its successor, before it claims anything."""
    moment = now()
    # Not to nothing: that a try was under way is remembered, for it may have arrived. (outbox.publish)
    await execute("UPDATE delivery SET lease_until = ? WHERE lease_until > ?", moment, moment)


async def _claimed() -> list[Row]:
    lock = ""
    if not is_sqlite():
        # Two claims at once would each see the other's rows as free, and a younger delivery would overtake.
        await fetch(_ONE_AT_A_TIME)
        lock = " FOR UPDATE SKIP LOCKED"
    moment = now()
    until = moment + max(_LEASE, 2 * one_try())
    taken = await fetch(_CLAIM.format(lock=lock), until, moment, moment, moment, moment, BATCH)
    if not taken:
        return []
    numbers = [row["id"] for row in taken]
    return await fetch(_CLAIMED.format(marks=marks(len(numbers))), *numbers)
