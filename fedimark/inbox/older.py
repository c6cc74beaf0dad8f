"""Reading the outbox of somebody followed here further back than following them did, a part at a time.

Each time goes on where the one before ended; once an hour at most, so that no server is asked much through us.
"""

from __future__ import annotations

import json

from fedimark.database import Row, fetch_one
from fedimark.errors import Forbidden, TooMany
from fedimark.here import MICROS, here, now
from fedimark.inbox.backfill import Bounds, read_outbox
from fedimark.jobs import queue

JOB = "older"
BOUNDS = Bounds(things=200, pages=20, fetches=60)

_HOUR = 3_600
_LAST = "SELECT state, done, report FROM job WHERE kind = ? AND payload = ? ORDER BY id DESC LIMIT 1"
_ENDED = "SELECT report FROM job WHERE kind = ? AND payload = ? AND state = 'done' ORDER BY id DESC LIMIT 1"
_AUTHOR = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL"


async def ask(author: Row | None, *, follows: bool) -> None:
    """Let the worker read on; `follows` is whether who asks follows them. Raises Forbidden, TooMany."""
    if author is None or not follows or author["local_name"] is not None:
        raise Forbidden("Only of people you follow, on other servers, more is read.")
    about = {"actor_id": author["id"]}
    if await queue.was_added(JOB, about, now() - _HOUR * MICROS):
        raise TooMany(_HOUR, "That was read within this hour. Please go on later.")
    await queue.add_errand(JOB, about)
    here().wake.set()


async def last(actor_id: int) -> Row | None:
    """The last time: its `state`, how many things were read (`done`), and its `report`."""
    return await fetch_one(_LAST, JOB, json.dumps({"actor_id": actor_id}))


async def read_older(job: Row) -> None:
    """The worker's part. Raises Unreachable, so that the job is tried again."""
    author = await fetch_one(_AUTHOR, json.loads(job["payload"])["actor_id"])
    before = await fetch_one(_ENDED, JOB, job["payload"])
    begin = json.loads(before["report"]).get("next") if before is not None else None
    report = await read_outbox(job, author, BOUNDS, begin) if author is not None else {}
    await queue.finish(job["id"], report)
