"""Flag."""

from __future__ import annotations

from fedimark.inbox.receive import Verified
from fedimark.moderation import reports
from fedimark.vocab.activities import Flag


async def on_flag(received: Verified[Flag]) -> str:
    """Another server reports somebody here to the admins."""
    return await reports.received(received.actor, received.activity, received.received_at)
