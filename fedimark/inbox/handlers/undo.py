"""Undo: of whatever its actor did before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from fedimark.bookmarks import shares
from fedimark.database import Row
from fedimark.follows import incoming as follows
from fedimark.inbox.receive import Verified
from fedimark.moderation import people
from fedimark.vocab.activities import ActivityRef, Undo

IGNORED = "ignored"

TAKEN_BACK: Mapping[str, Callable[[Row, ActivityRef], Awaitable[str]]] = MappingProxyType(
    {
        "Follow": follows.withdrawn,
        "Block": people.unblocked_from_elsewhere,
        "Like": shares.unlike,
        "Announce": shares.unshare,
    }
)


async def on_undo(received: Verified[Undo]) -> str:
    """They take something back; where only an id was said, it is looked for among everything that can be."""
    kind, ref = received.activity.kind, received.activity.undone
    for take_back in [TAKEN_BACK[kind]] if kind in TAKEN_BACK else TAKEN_BACK.values():
        outcome = await take_back(received.actor, ref)
        if outcome != IGNORED:
            return outcome
    return IGNORED
