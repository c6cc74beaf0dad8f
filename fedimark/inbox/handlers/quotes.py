"""QuoteRequest, and answers: of who was followed, and of who is to be quoted. (FEP-044f)"""

from __future__ import annotations

from fedimark.bookmarks import quoting, stamps
from fedimark.bookmarks.remarks import store_remark
from fedimark.bookmarks.spoken_of import is_remark
from fedimark.inbox.handlers import follows
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Accept, QuoteRequest, Reject

IGNORED = "ignored"


async def on_request(received: Verified[QuoteRequest]) -> str:
    """Somebody elsewhere wants to quote what was written here; where the whole quote came too, it is kept at once."""
    activity = received.activity
    outcome = await stamps.asked(received.actor, activity.object_id, activity.instrument, activity.id)
    is_whole = activity.note is not None and activity.note.quote == activity.object_id
    if outcome == "granted" and activity.note is not None and is_whole and is_remark(activity.note):
        await store_remark(received.actor, activity.note, received.received_at)
    return outcome


async def on_accept(received: Verified[Accept]) -> str:
    """They let somebody here follow them, or quote them: then their server showed the leave they gave."""
    activity, origin = received.activity, received.origin
    outcome = IGNORED if activity.kind == "QuoteRequest" else await follows.on_accept(received)
    if outcome != IGNORED or origin is None or not origin.stamp:
        return outcome
    return await quoting.granted(received.actor, activity.answered, origin.stamp)


async def on_reject(received: Verified[Reject]) -> str:
    """They do not, or not any longer."""
    activity = received.activity
    outcome = IGNORED if activity.kind == "QuoteRequest" else await follows.on_reject(received)
    return await quoting.refused(received.actor, activity.answered) if outcome == IGNORED else outcome
