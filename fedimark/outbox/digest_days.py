"""Once a day each digest tells what its person saved: by the worker, exactly once, however often that dies.

A day is told of when it has ended where its person lives. That it was told and the letters stand in one transaction. Of
days that nobody was there to tell of, those of the last week are told, each in a Note of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.delivery.enqueue import say
from fedimark.here import MICROS, here, now
from fedimark.outbox import digests, hearers
from fedimark.outbox.consent import SPEAKS
from fedimark.policy.blocks import inboxes_of_estranged
from fedimark.policy.visibility import Visibility
from fedimark.remote.signing import instance_actor

LATEST = 7 * 86_400 * MICROS  # days before are told of no more

_DUE = "SELECT id FROM digest WHERE is_on AND next_at <= ? ORDER BY next_at LIMIT ?"
_ONE = "SELECT d.*, c.time_zone FROM digest d JOIN account c ON c.actor_id = d.owner_id WHERE d.id = ? AND d.is_on"
_TAKEN = "UPDATE digest SET told_until = ?, next_at = ? WHERE id = ? AND told_until = ? AND is_on RETURNING id"
_OWNER = f"SELECT a.* FROM actor a WHERE a.id = ? AND {SPEAKS}"
_SAVES = f"""
FROM bookmark WHERE actor_id = ? AND saved_at >= ? AND saved_at < ? AND visibility = {int(Visibility.PUBLIC)}
AND removed_at IS NULL AND is_local AND lower(url) LIKE 'http%'
"""
_TOLD = "SELECT id FROM digest_day WHERE stream_id = ? AND day = ?"
_TELL = "INSERT INTO digest_day (stream_id, day, from_at, until_at, said_at) VALUES (?, ?, ?, ?, ?) RETURNING *"
_WAIT = "UPDATE digest SET next_at = ? WHERE id = ?"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SOME = 20


async def tell_days() -> int:
    """Tell of one ended day of each digest that is due; returns of how many."""
    due = await fetch(_DUE, now(), _SOME)
    for row in due:
        await atomically(partial(_tell, row["id"]))
    if due:
        here().wake.set()
    return len(due)


async def saves_of(owner_id: int, day: Row) -> tuple[list[Row], int]:
    """What a day's Note lists now: the first public bookmarks saved then, and how many there are."""
    span = owner_id, day["from_at"], day["until_at"]
    counted = await fetch_one(f"SELECT count(*) AS amount {_SAVES}", *span)
    rows = await fetch(f"SELECT title, url {_SAVES} ORDER BY saved_at, id LIMIT ?", *span, digests.MOST_LISTED)
    return rows, int(counted["amount"]) if counted else 0


def next_midnight(at: int, time_zone: str) -> int:
    """When the day of a moment ends there, in microseconds since 1970, UTC."""
    zone = _zone(time_zone)
    tomorrow = _local(at, zone).date() + timedelta(days=1)
    return (datetime.combine(tomorrow, time(), zone) - _EPOCH) // timedelta(microseconds=1)


async def _tell(digest_id: int) -> None:
    digest = await fetch_one(_ONE, digest_id)
    if digest is None:
        return
    zone = digest["time_zone"]
    begins = max(digest["told_until"], next_midnight(now() - LATEST, zone))
    ends = next_midnight(begins, zone)
    # The same date again, after its person went west: told together with the next one.
    while await fetch_one(_TOLD, digest["stream_id"], _date_before(ends, zone)):
        ends = next_midnight(ends, zone)
    if ends > now():  # or its person lives elsewhere now
        await execute(_WAIT, ends, digest_id)
    elif await fetch(_TAKEN, ends, next_midnight(ends, zone), digest_id, digest["told_until"]):
        await _say(digest, begins, ends)


async def _say(digest: Row, begins: int, ends: int) -> None:
    owner = await fetch_one(_OWNER, digest["owner_id"])
    saves, amount = await saves_of(digest["owner_id"], {"from_at": begins, "until_at": ends})
    if owner is None or not amount:  # of who is suspended, or moved, it is silent
        return
    day = _date_before(ends, digest["time_zone"])
    told = await fetch(_TELL, digest["stream_id"], day, begins, ends, now())
    create = digests.proven(digests.create(owner, told[0], saves, amount), await instance_actor(), now())
    inboxes = await hearers.followers(digest["stream_id"]) - await inboxes_of_estranged(owner["id"])
    note_uri = str(create["object"]["id"])  # type: ignore[index]
    await say(digest["stream_id"], "Create", note_uri, create, sorted(inboxes), here().new_id())


def _date_before(ends: int, time_zone: str) -> str:
    return _local(ends - 1, _zone(time_zone)).date().isoformat()


def _local(at: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
