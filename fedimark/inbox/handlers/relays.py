"""Announce by a relay this server is subscribed to: what it forwarded, or announced."""

from __future__ import annotations

from fedimark.bookmarks.incoming import forget_note, store_brought, store_from_origin
from fedimark.database import fetch_one
from fedimark.inbox import relayed
from fedimark.inbox.origin import NOTHING
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Announce

_AUTHOR = "SELECT * FROM actor WHERE id = ?"


async def on_relayed(received: Verified[Announce]) -> str:
    """Keep what somebody here waits for, as its author proved it or their server shows it; drop what is gone there.

    The relay shares nothing and nobody sees its name: it is the way a bookmark came.
    """
    origin, at = received.origin or NOTHING, received.received_at
    if origin.note is not None and origin.author is not None:
        return await (store_brought if origin.is_proven else store_from_origin)(origin.author, origin.note, at)
    known = await relayed.known(received.activity)
    if origin.is_gone and known is not None and not known["is_local"]:
        author = await fetch_one(_AUTHOR, known["actor_id"])
        return relayed.PASSED if author is None else await forget_note(author, known["uri"])
    return relayed.PASSED
