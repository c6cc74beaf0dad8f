"""What strangers read of people here through Mastodon's door: public bookmarks, and who saved them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fedimark.database import Row, fetch, fetch_one, marks
from fedimark.errors import NotFound
from fedimark.follows.kinds import NOT_PEOPLE
from fedimark.here import MICROS, now
from fedimark.policy.visibility import Visibility
from fedimark.text import tags

LOOKED_AT = 20_000  # of what everybody saved last, how many a page looks through for those of people here

_NAMED = "b.*, a.local_name, l.host AS page_host"
_SHOWN = "b.listed AND b.is_local AND b.removed_at IS NULL AND lower(b.url) LIKE 'http%'"
_ONE = f"""
SELECT {_NAMED} FROM bookmark b JOIN actor a ON a.id = b.actor_id JOIN link l ON l.id = b.link_id
WHERE b.public_id = ? AND {_SHOWN}
"""
# Looked at by the indexes of what is listed, until enough are found, or too many of others were met.
_PUBLIC = f"""
SELECT {_NAMED} FROM bookmark b JOIN actor a ON a.id = b.actor_id JOIN link l ON l.id = b.link_id
WHERE {_SHOWN} {{place}} AND b.saved_at {{within}} COALESCE((
    SELECT b.saved_at FROM bookmark b WHERE b.listed AND b.removed_at IS NULL {{place}}
    ORDER BY b.saved_at {{order}} LIMIT 1 OFFSET {LOOKED_AT}), {{end}})
ORDER BY b.saved_at {{order}}, b.id {{order}} LIMIT ?
"""
_TAGGED = f"""
SELECT {_NAMED} FROM bookmark_tag t JOIN bookmark b ON b.id = t.bookmark_id
JOIN actor a ON a.id = b.actor_id JOIN link l ON l.id = b.link_id
WHERE t.tag_id = ? AND t.listed {{place}} AND {_SHOWN} AND t.saved_at {{within}} COALESCE((
    SELECT t.saved_at FROM bookmark_tag t WHERE t.tag_id = ? AND t.listed {{place}}
    ORDER BY t.saved_at {{order}} LIMIT 1 OFFSET {LOOKED_AT}), {{end}})
ORDER BY t.saved_at {{order}}, t.bookmark_id {{order}} LIMIT ?
"""
_LATEST = 2**62  # later than every moment
_ACCOUNTS = f"""
SELECT o.*, (SELECT count(*) FROM follow f JOIN actor a ON a.id = f.follower_id
    WHERE f.target_id = o.id AND f.state = 'accepted' AND a.suspended_at IS NULL) AS followers,
(SELECT count(*) FROM follow f JOIN actor a ON a.id = f.target_id
    WHERE f.follower_id = o.id AND f.state = 'accepted' AND a.suspended_at IS NULL AND NOT {NOT_PEOPLE}) AS following,
(SELECT COALESCE(sum(y.amount), 0) FROM tally y
    WHERE y.owner_id = o.id AND y.tag_id = 0 AND y.visibility = {int(Visibility.PUBLIC)}) AS bookmarks
FROM actor o WHERE {{which}} AND o.kind = 'Person' AND o.gone_at IS NULL AND o.suspended_at IS NULL
"""
_INSTANCE = f"""
SELECT (SELECT count(*) FROM account c JOIN actor a ON a.id = c.actor_id WHERE a.suspended_at IS NULL) AS people,
(SELECT count(DISTINCT c.id) FROM account c JOIN actor a ON a.id = c.actor_id JOIN session s ON s.account_id = c.id
    WHERE a.suspended_at IS NULL AND s.seen_at > ?) AS month,
(SELECT COALESCE(sum(y.amount), 0) FROM tally y JOIN actor a ON a.id = y.owner_id
    WHERE y.tag_id = 0 AND y.visibility = {int(Visibility.PUBLIC)} AND a.local_name IS NOT NULL
    AND a.suspended_at IS NULL) AS bookmarks,
(SELECT count(DISTINCT host) FROM inbox) AS domains
"""
_MONTH = 30 * 86_400 * MICROS
# A Hashtag cannot hold all that a tag can: of the tags it may mean, the one that most people would type.
_BY_SLUG = "SELECT id FROM tag WHERE key = ? OR slug = ? ORDER BY CASE WHEN key = ? THEN 0 ELSE 1 END, id LIMIT 1"


@dataclass(frozen=True, slots=True)
class Between:
    """Which part of a timeline: older than a bookmark, newer than one, or the first after one; by their ids."""

    max_id: str = ""
    since_id: str = ""
    min_id: str = ""


async def one(public_id: str) -> Row:
    """A public bookmark of somebody here. Raises NotFound for every other, whether there is one or not."""
    row = await fetch_one(_ONE, public_id)
    if row is None:
        raise NotFound
    return row


async def public_timeline(between: Between, limit: int) -> list[Row]:
    """Public bookmarks of people here, newest first; nothing where an id names none."""
    return await _page(_PUBLIC, "b.saved_at, b.id", (), between, limit)


async def tag_timeline(name: str, between: Between, limit: int) -> list[Row]:
    """The same with a tag, by its name or the form of it that Mastodon can carry."""
    key = tags.key(name)
    row = await fetch_one(_BY_SLUG, key, key, key)
    return await _page(_TAGGED, "t.saved_at, t.bookmark_id", (row["id"],), between, limit) if row else []


async def accounts(actor_ids: Sequence[int]) -> dict[int, Row]:
    """People of this server by their actors' ids, each with how many follow them, are followed, and are saved."""
    unique = list(dict.fromkeys(actor_ids))
    if not unique:
        return {}
    rows = await fetch(_ACCOUNTS.format(which=f"o.id IN ({marks(len(unique))})"), *unique)
    return {row["id"]: row for row in rows}


async def account_of(name: str) -> Row:
    """Somebody of this server by name. Raises NotFound."""
    row = await fetch_one(_ACCOUNTS.format(which="o.local_name = ?"), name)
    if row is None:
        raise NotFound
    return row


async def instance_counts() -> dict[str, int]:
    """How many people, those of the last month, public bookmarks, and servers that are told of them."""
    row = await fetch_one(_INSTANCE, now() - _MONTH)
    return {name: int(number) for name, number in (row or {}).items()}


async def _page(sql: str, where: str, parameters: tuple[object, ...], between: Between, limit: int) -> list[Row]:
    # Only `min_id` begins at its end of the timeline; `since_id` is a border of what begins at the newest.
    upwards = bool(between.min_id)
    borders = ((between.max_id, "<"), (between.since_id, ">"), (between.min_id, ">"))
    conditions, placed = [], list(parameters)
    for public_id, sign in borders:
        row = await fetch_one(_ONE, public_id) if public_id else None
        if row is None and public_id:
            return []
        if row is not None:
            conditions.append(f"AND ({where}) {sign} (?, ?)")
            placed += [row["saved_at"], row["id"]]
    order, within, end = ("ASC", "<=", _LATEST) if upwards else ("DESC", ">=", 0)
    filled = sql.format(place=" ".join(conditions), order=order, within=within, end=end)
    rows = await fetch(filled, *placed, *placed, limit)
    return rows[::-1] if upwards else rows
