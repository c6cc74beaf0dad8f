"""A bookmark that a program or an edit of many made private: hidden here at once, its publication ends ten minutes on.

Programs say `shared: false` by mistake and take it back, and so does who chose too many; other servers hear of neither.
Inside `write()`, the owner held.
"""

from __future__ import annotations

from typing import Final

from fedimark.bookmarks import untold
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.publications import end_publication, withdrawn
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.here import MICROS, here, now
from fedimark.outbox.consent import is_spoken
from fedimark.policy.visibility import Visibility, leaves, same_publication
from fedimark.timelines.merge import hold

GRACE: Final = 600 * MICROS

_PUT_OFF = """
INSERT INTO withdrawal (bookmark_id, actor_id, visibility, due_at) VALUES (?, ?, ?, ?)
ON CONFLICT (bookmark_id) DO UPDATE SET visibility = excluded.visibility, due_at = excluded.due_at
"""
# What waits for an undo ends with it, or comes back as it was.
_DUE = """
SELECT w.bookmark_id, w.actor_id, a.local_name FROM withdrawal w JOIN bookmark b ON b.id = w.bookmark_id
JOIN actor a ON a.id = w.actor_id
WHERE w.due_at <= ? AND b.removed_at IS NULL AND a.suspended_at IS NULL ORDER BY w.due_at, w.id LIMIT 100
"""
_STILL = """
SELECT b.* FROM withdrawal w JOIN bookmark b ON b.id = w.bookmark_id
WHERE w.bookmark_id = ? AND w.due_at <= ? AND b.removed_at IS NULL
"""


async def put_off(owner: Owner, before: Row) -> bool:
    """Let a publication that is made private end later; returns False where nobody was told of it and it can end now.

    `before` is the bookmark as it was spoken of.
    """
    if await untold.is_unheard(before):
        return False
    due_at = now() + GRACE
    await execute(_PUT_OFF, before["id"], owner.actor_id, before["visibility"], due_at)
    return True


async def taken_back(owner: Owner, before: Row, after: Visibility) -> Row | None:
    """Before a private bookmark is shown again: as it was spoken of, where its publication is to go on.

    None where no publication waits to end; one that cannot go on as `after` ends now.
    """
    spoken = await withdrawn(before)
    if spoken is None:
        return None
    if is_spoken(spoken) and same_publication(Visibility(spoken["visibility"]), after):
        return spoken
    await end_publication(owner, spoken)
    await _begin_anew(before["id"])
    return None


async def finish_withdrawals() -> int:
    """End the publications whose time has run out; returns how many. A step of the worker."""
    due = await fetch(_DUE, now())
    for found in due:
        await atomically(lambda found=found: _finish(found))  # type: ignore[misc]
    return len(due)


async def _finish(found: Row) -> None:
    # Looked at again inside the transaction: it may have been shown again meanwhile.
    await hold("actor", found["actor_id"])
    row = await fetch_one(_STILL, found["bookmark_id"], now())
    if row is None:
        return
    spoken = await withdrawn(row)
    # A file that was read meanwhile may show it again, and tells nobody: then they know no better than what it says.
    if spoken is not None and not leaves(Visibility(row["visibility"])):
        owner = Owner(found["actor_id"], found["local_name"], Visibility.PRIVATE, privacy_lock=False)
        await end_publication(owner, spoken)
        await _begin_anew(row["id"])


async def _begin_anew(bookmark_id: int) -> None:
    await execute("UPDATE bookmark SET public_id = ? WHERE id = ?", here().new_id(), bookmark_id)
