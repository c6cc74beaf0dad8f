"""Delete, of one's own Note or of oneself; Move."""

from __future__ import annotations

from fedimark.bookmarks import quoting
from fedimark.bookmarks.for_you import forget_all_of
from fedimark.bookmarks.incoming import IGNORED, forget_notes_of
from fedimark.bookmarks.remarks import forget_remarks_of
from fedimark.bookmarks.shares import unshare_some
from fedimark.database import execute
from fedimark.follows import incoming as follows
from fedimark.follows import moving, relays
from fedimark.inbox.handlers import UNFINISHED
from fedimark.inbox.handlers.notes import forgotten
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Delete, Move

BATCH = 200  # bookmarks dropped in one transaction: other writers wait for it


async def on_delete(received: Verified[Delete]) -> str:
    """Somebody elsewhere took a Note away, or left with everything they saved here."""
    actor, object_id = received.actor, received.activity.object_id
    if object_id != actor["uri"]:
        outcome = await forgotten(actor, object_id)
        return await quoting.revoked(actor, object_id) if outcome == IGNORED else outcome
    gone = "UPDATE actor SET gone_at = ? WHERE id = ? AND gone_at IS NULL"
    await execute(gone, received.received_at, actor["id"])
    await follows.forget(actor)
    await relays.forget(actor)
    await forget_remarks_of(actor)
    await forget_all_of(actor)
    dropped = await forget_notes_of(actor, BATCH) + await unshare_some(actor, BATCH)
    return "gone" if dropped < BATCH else UNFINISHED


async def on_move(received: Verified[Move]) -> str:
    """Somebody elsewhere has another account now, which was asked and says so too."""
    new = received.origin.actor if received.origin else None
    if new is None:
        return IGNORED
    followers = await moving.moved(received.actor, new, received.received_at, BATCH)
    if followers == BATCH:
        return UNFINISHED
    return "moved" if followers else IGNORED
