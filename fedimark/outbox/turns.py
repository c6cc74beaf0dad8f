"""When a tag may speak: once a second, whoever's bookmark it is."""

from __future__ import annotations

from fedimark.database import Row, fetch, fetch_one
from fedimark.here import MICROS, now

PAUSE = 1 * MICROS
MOST_WAITING = 300
BATCH = 50

_TURN = "UPDATE actor SET spoke_at = ? WHERE id = ? AND spoke_at <= ? RETURNING id"
_STREAM = "SELECT s.id, s.url, s.owner_id, g.key FROM actor s JOIN tag g ON g.id = s.tag_id WHERE s.id = ?"


async def has_turn(stream_id: int) -> bool:
    """Whether a tag has been silent for a second; it speaks now, inside `write()`."""
    moment = now()
    return bool(await fetch(_TURN, moment, stream_id, moment - PAUSE))


async def stream_of(stream_id: int) -> Row | None:
    """A tag's row: `id`, `url`, `owner_id` and its `key`."""
    return await fetch_one(_STREAM, stream_id)
