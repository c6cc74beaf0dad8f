"""Follow, Accept, Reject."""

from __future__ import annotations

from fedimark.follows import incoming
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Accept, Follow, Reject


async def on_follow(received: Verified[Follow]) -> str:
    """Somebody elsewhere wants to follow somebody here."""
    return await incoming.asked(received.actor, received.activity.object, received.activity.id)


async def on_accept(received: Verified[Accept]) -> str:
    """They let somebody here follow them."""
    return await incoming.accepted(received.actor, received.activity.follow)


async def on_reject(received: Verified[Reject]) -> str:
    """They do not, or not any longer."""
    return await incoming.rejected(received.actor, received.activity.follow)
