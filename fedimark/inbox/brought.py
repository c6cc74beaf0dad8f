"""What relays bring: believed by its author's proof, or asked of its own server where somebody here waits for it."""

from __future__ import annotations

from fedimark.bookmarks.wanted import is_wanted
from fedimark.errors import NotFound, Untrustworthy
from fedimark.inbox import announced, relayed
from fedimark.inbox.at_origin import note_at, with_author
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified
from fedimark.remote.budget import for_announced
from fedimark.vocab.activities import Announce


async def look(received: Verified[Announce]) -> Origin | None:
    """What is known without asking anybody, or is not worth asking; None where its own server must be asked."""
    activity = received.activity
    if await relayed.known(activity) is not None:
        return None if activity.about != "Create" else NOTHING
    if activity.about == "Delete" or (activity.note is not None and not await is_wanted(activity.note)):
        return NOTHING
    return await announced.offline(received)


async def ask(received: Verified[Announce]) -> Origin:
    """The Note that a relay brought, if somebody here waits for it; nobody asks for the author of any other.

    Raises Unreachable, Untrustworthy, Unreadable.
    """
    activity = received.activity
    kept = await relayed.known(activity)
    uri = activity.object_id if kept is None else kept["uri"]
    try:
        note = await note_at(uri, for_announced)
    except NotFound:
        note = None
    except Untrustworthy:
        relayed.remember_in_vain(uri)
        raise
    if note is None:
        return Origin(is_gone=True)
    if not note.is_public or (kept is None and not await is_wanted(note)):
        relayed.remember_in_vain(uri)
        return NOTHING
    return await with_author(note, for_announced)
