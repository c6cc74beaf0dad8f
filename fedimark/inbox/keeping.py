"""What was proven is kept once, in rows that the worker applies in the order they came."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row
from fedimark.here import MICROS, now
from fedimark.inbox.groups import ANYBODY, Kept, commit
from fedimark.vocab.activities import Activity, Announce, Follow, Undo, Unknown

REPEATED_WITHIN = 300 * MICROS

_LONGEST_KIND = 32


async def keep(activity: Activity, actor: Row, body: str, signed_at: int) -> bool:
    """Store an activity for the worker, unless it is there already; whether it was new.

    A Follow and its Undo may be said again under one id, as Betula does: then the last one counts, in its place. Which
    is later is told by the moment they were signed, so the very same request is never taken twice.
    """
    key, at = once(activity), now()
    # Signed at the same moment it is the same.
    came_at, said_before = (signed_at, signed_at) if may_be_said_again(activity) else (at, None)
    row = Kept(key, actor["id"], kind_of(activity), body, came_at, at, ANYBODY, said_before=said_before)
    return await commit(row) == "new"


def may_be_said_again(activity: Activity) -> bool:
    """Whether the same words, signed later, are said anew."""
    return isinstance(activity, Follow) or (isinstance(activity, Undo) and activity.kind == "Follow")


def once(activity: Activity) -> str:
    """What makes two arrivals the same activity: its actor and its id, or what it says where it has none.

    The actor is part of it, so nobody can use up another's id.
    """
    if isinstance(activity, Announce) and activity.id is not None and activity.published is not None:
        # A tag says the same again under the same id once it took it back.
        return addresses.uri_hash(f"{activity.actor} {activity.id} {activity.published}")
    if activity.id is not None:
        return addresses.uri_hash(f"{activity.actor} {activity.id}")
    object_id = getattr(activity, "object_id", None) or getattr(activity, "object", "")
    note = getattr(activity, "note", None)
    updated = (note.updated or note.published) if note is not None else activity.published
    if updated is None:
        # Postmarks says every edit with the same words, an address alone: those of one moment are one.
        updated = now() // REPEATED_WITHIN
    return addresses.uri_hash(f"{activity.actor} {kind_of(activity)} {object_id} {updated}")


def kind_of(activity: Activity) -> str:
    """The type of an activity, as rows and logs name it."""
    word = activity.type if isinstance(activity, Unknown) else type(activity).__name__
    return word[:_LONGEST_KIND]
