"""What a tag passes on: public bookmarks of people here, whether it ever said so aloud or not.

What it passes on of people elsewhere stands at its own address alone: an outbox is read by streams too, and to them
goes only what was saved here. (`outbox.passed_on`)
"""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.outbox.consent import GIVEN, SPEAKS
from fedimark.outbox.tag_actors import TagActor

_ROW = "SELECT id FROM actor WHERE tag_id = ? AND owner_id = ?"
_FOLLOWERS = "SELECT count(*) AS amount FROM follow WHERE target_id = ? AND state = 'accepted'"
# `listed` is what the page asks too.
_CARRIED = f"""
FROM bookmark_tag t JOIN bookmark b ON b.id = t.bookmark_id JOIN actor a ON a.id = t.actor_id
WHERE t.tag_id = ? AND t.listed AND b.is_local AND lower(b.url) LIKE 'http%' AND {SPEAKS}
"""
_EVERYBODYS = f"{_CARRIED} AND {GIVEN}"
_ONE_PERSONS = f"{_CARRIED} AND t.actor_id = ?"
_SHOWN = "SELECT b.public_id, b.saved_at, a.local_name"
_ORDER = "ORDER BY t.saved_at DESC, t.bookmark_id DESC LIMIT ?"
_OF_OTHERS = """
SELECT p.uri, p.uri_hash, p.said_at, p.ended_at FROM passed_on p JOIN actor s ON s.id = p.stream_id
WHERE s.tag_id = ? AND s.owner_id = ? AND p.uri_hash = ? AND p.said_at IS NOT NULL
"""
_BURIED = "SELECT deleted_at FROM tombstone WHERE uri_hash = ?"


async def follower_count(actor: TagActor) -> int:
    """How many follow a tag, here and elsewhere."""
    row = await fetch_one(_ROW, actor.tag["id"], actor.owner_id)
    counted = await fetch_one(_FOLLOWERS, row["id"]) if row else None
    return int(counted["amount"]) if counted else 0


async def amount(actor: TagActor) -> int:
    """How many bookmarks a tag's outbox holds."""
    carried, parameters = _carried(actor)
    row = await fetch_one(f"SELECT count(*) AS amount {carried}", *parameters)
    return int(row["amount"]) if row else 0


async def page(actor: TagActor, before: tuple[int, str] | None, limit: int) -> list[Row]:
    """Bookmarks of a tag's outbox, newest first: `public_id`, `saved_at` and their owner's `local_name`.

    The next page begins before the last row's (saved_at, public_id).
    """
    carried, parameters = _carried(actor)
    if before is None:
        return await fetch(f"{_SHOWN} {carried} {_ORDER}", *parameters, limit)
    at, public_id = before
    # The place is looked up among the same bookmarks: a private one's id would tell that it exists.
    place = f"(?, COALESCE((SELECT t.bookmark_id {carried} AND b.public_id = ?), 0))"
    sql = f"{_SHOWN} {carried} AND (t.saved_at, t.bookmark_id) < {place} {_ORDER}"
    return await fetch(sql, *parameters, at, *parameters, public_id, limit)


async def one(actor: TagActor, public_id: str) -> Row | None:
    """One bookmark of a tag's outbox, or None."""
    carried, parameters = _carried(actor)
    return await fetch_one(f"{_SHOWN} {carried} AND b.public_id = ?", *parameters, public_id)


async def one_of_others(actor: TagActor, uri_hash: str) -> Row | None:
    """What a tag passes on of somebody elsewhere, or passed on once: `uri`, `uri_hash`, `said_at`, `ended_at`."""
    return await fetch_one(_OF_OTHERS, actor.tag["id"], actor.owner_id, uri_hash)


async def taken_back_at(actor: TagActor, public_id: str) -> int | None:
    """When a tag took an Announce back, or None."""
    uri = addresses.announcement(actor.uri, public_id)
    row = await fetch_one(_BURIED, addresses.uri_hash(uri))
    return int(row["deleted_at"]) if row else None


def _carried(actor: TagActor) -> tuple[str, tuple[int, ...]]:
    if actor.owner_id:
        return _ONE_PERSONS, (actor.tag["id"], actor.owner_id)
    return _EVERYBODYS, (actor.tag["id"],)
