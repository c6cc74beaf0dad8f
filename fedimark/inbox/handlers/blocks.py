"""Block."""

from __future__ import annotations

from fedimark.inbox.receive import Verified
from fedimark.moderation import people
from fedimark.vocab.activities import Block


async def on_block(received: Verified[Block]) -> str:
    """Somebody elsewhere wants nothing to do with somebody here."""
    return await people.blocked_from_elsewhere(received.actor, received.activity.object, received.activity.id)
