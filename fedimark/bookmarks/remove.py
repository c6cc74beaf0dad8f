"""Removing: hidden at once, final when the time for an undo has run out."""

from __future__ import annotations

from fedimark.bookmarks import giving, rows
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.publications import end_bookmark
from fedimark.bookmarks.remarks import forget_remarks_of
from fedimark.bookmarks.untold import LANE
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import NotFound
from fedimark.here import MICROS, here, now
from fedimark.jobs.bell import ring
from fedimark.policy.visibility import Visibility
from fedimark.timelines.merge import hold

_LIVE = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NULL"
_REMOVED = "SELECT * FROM bookmark WHERE actor_id = ? AND public_id = ? AND removed_at IS NOT NULL"
# Each with its owner's name.
_OVERDUE = """
SELECT b.*, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE b.is_local AND b.removed_at IS NOT NULL AND b.removed_at <= ? AND a.suspended_at IS NULL
ORDER BY b.removed_at LIMIT 100
"""


async def remove_bookmark(owner: Owner, public_id: str) -> None:
    """Hide a bookmark everywhere; for `undo_s` it can come back. Raises NotFound."""

    async def work() -> None:
        await hold_owner(owner)
        row = await fetch_one(_LIVE, owner.actor_id, public_id)
        if row is None:
            raise NotFound
        await hide(row)

    await atomically(work)


async def hide(row: Row) -> None:
    """Hide a live bookmark, inside `write()`, its owner held."""
    await rows.change(row, {"removed_at": now(), "listed": False})


async def bring_back(row: Row) -> None:
    """Show a removed bookmark again as it was, inside `write()`, its owner held. Set `here().wake` after the commit."""
    await rows.change(row, {"removed_at": None, "listed": row["visibility"] == Visibility.PUBLIC})
    await giving.given_again(row)
    # What was not told yet waited for this.
    await ring(LANE)


async def undo_remove(owner: Owner, public_id: str) -> None:
    """Bring a removed bookmark back as it was. Raises NotFound when its time has run out."""

    async def work() -> None:
        await hold_owner(owner)
        row = await fetch_one(_REMOVED, owner.actor_id, public_id)
        if row is None:
            raise NotFound("It is too late: the bookmark is gone. You can save it again.")
        await bring_back(row)

    await atomically(work)
    here().wake.set()


async def finish_removals() -> int:
    """End the removed bookmarks whose undo has run out: tombstone, Delete to whoever got them; returns how many."""
    overdue = await fetch(_OVERDUE, now() - here().settings.undo_s * MICROS)
    for found in overdue:
        await atomically(lambda found=found: _finish(found))  # type: ignore[misc]
    return len(overdue)


async def remove_all(owner: Owner) -> None:
    """Take out everything a person saved and wrote, inside `write()`; other servers hear the account's own Delete."""
    for row in await fetch("SELECT * FROM bookmark WHERE actor_id = ?", owner.actor_id):
        await rows.drop(row)
    await forget_remarks_of({"id": owner.actor_id})
    await execute("DELETE FROM bundle WHERE owner_id = ?", owner.actor_id)


async def _finish(found: Row) -> None:
    # Looked at again inside the transaction: it may have come back, or another worker was here first.
    await hold("actor", found["actor_id"])
    row = await fetch_one(_REMOVED, found["actor_id"], found["public_id"])
    if row is not None and row["removed_at"] == found["removed_at"]:
        owner = Owner(row["actor_id"], found["local_name"], Visibility.PRIVATE, privacy_lock=False)
        await end_bookmark(owner, row)
