"""What somebody elsewhere lets others see, where that was learned by asking their server and not from themselves."""

from __future__ import annotations

import json

from fedimark.bookmarks.incoming import follow_consent
from fedimark.database import Row, atomically, fetch_one
from fedimark.jobs import queue

_BATCH = 200  # bookmarks in one transaction: other writers wait for it
_AUTHOR = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL"


async def follow_along(job: Row) -> None:
    """The worker's part: bring their bookmarks onto public pages or off them, as they allow now."""
    actor_id, done = int(json.loads(job["payload"])["actor_id"]), 0

    async def some() -> int:
        author = await fetch_one(_AUTHOR, actor_id)
        return await follow_consent(author, _BATCH) if author is not None else 0

    while changed := await atomically(some):
        done += changed
        await queue.progress(job["id"], done)
    await queue.finish(job["id"], {"bookmarks": done})
