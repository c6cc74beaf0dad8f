"""Follow, Accept, Reject: of people and tags, and where the server itself follows or is followed, of relays."""

from __future__ import annotations

from fedimark import addresses
from fedimark.accounts import links
from fedimark.follows import incoming, relays
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Accept, Follow, Reject


async def on_follow(received: Verified[Follow]) -> str:
    """Somebody elsewhere wants to follow somebody here."""
    if addresses.local_path(received.activity.object) == addresses.INSTANCE_ACTOR:
        return await relays.asked_back(received.actor, received.activity.id)
    return await incoming.asked(received.actor, received.activity.object, received.activity.id)


async def on_accept(received: Verified[Accept]) -> str:
    """They let somebody here follow them."""
    outcome = await incoming.accepted(received.actor, received.activity.answered)
    if outcome == "accepted":
        await links.keep_links_of(received.actor)
    is_no_persons = outcome == incoming.IGNORED
    return await relays.answered(received.actor, received.activity.answered, "accepted") if is_no_persons else outcome


async def on_reject(received: Verified[Reject]) -> str:
    """They do not, or not any longer."""
    outcome = await incoming.rejected(received.actor, received.activity.answered)
    is_no_persons = outcome == incoming.IGNORED
    return await relays.answered(received.actor, received.activity.answered, "rejected") if is_no_persons else outcome
