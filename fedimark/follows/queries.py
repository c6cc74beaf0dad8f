"""Lists of people: followers, requests, who is followed."""

from __future__ import annotations

from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import NotFound
from fedimark.follows.kinds import NOT_PEOPLE

PAGE = 100

# A follow with the person at its other end; `id` is the follow's, `at` when it was answered, else asked.
_COLUMNS = """
f.id, f.state, f.public_id, a.approves_followers, f.created_at, COALESCE(f.answered_at, f.created_at) AS at,
a.id AS actor_id, a.local_name, a.username, a.host, a.name, a.uri, a.url, a.icon,
a.tag_id, a.kind, a.attributed_to
"""
# Which targets `t` somebody answers for, three times their id: themselves, their tags, as an admin everybody's tags.
ANSWERED_BY = """
t.id = ? OR t.owner_id = ? OR (t.tag_id IS NOT NULL AND t.owner_id = 0 AND EXISTS (
    SELECT 1 FROM account c WHERE c.actor_id = ? AND c.is_admin))
"""
_FOLLOWERS = f"""
SELECT {_COLUMNS} FROM follow f JOIN actor a ON a.id = f.follower_id
WHERE f.target_id = ? AND f.state = ? AND f.id < ? AND a.gone_at IS NULL AND a.suspended_at IS NULL
ORDER BY f.id DESC LIMIT ?
"""
_REQUESTS = f"""
SELECT {_COLUMNS}, CASE WHEN t.tag_id IS NULL AND t.owner_id = 0 THEN '' ELSE t.name END AS tag
FROM follow f JOIN actor a ON a.id = f.follower_id JOIN actor t ON t.id = f.target_id
WHERE f.state = 'requested' AND a.gone_at IS NULL AND a.suspended_at IS NULL
AND t.id IN (SELECT t.id FROM actor t WHERE {ANSWERED_BY})
ORDER BY f.id DESC LIMIT ?
"""
_FOLLOWING = f"""
SELECT {_COLUMNS}, CASE WHEN {NOT_PEOPLE} THEN 1 ELSE 0 END AS is_stream, d.read_at, d.next_at, d.last_error
FROM follow f JOIN actor a ON a.id = f.target_id LEFT JOIN feed d ON d.actor_id = a.id
WHERE f.follower_id = ? AND f.state IN ('accepted', 'requested') AND a.gone_at IS NULL AND a.suspended_at IS NULL
ORDER BY a.username, a.host, a.name, f.id LIMIT ?
"""
_ONE = f"SELECT {_COLUMNS} FROM follow f JOIN actor a ON a.id = f.target_id WHERE f.follower_id = ? AND f.target_id = ?"
_SOME = """
SELECT count(*) AS amount FROM (SELECT 1 AS one FROM follow f JOIN actor a ON a.id = f.follower_id
    WHERE f.target_id = ? AND f.state = 'accepted' AND a.suspended_at IS NULL LIMIT ?) s
"""
MANY = 1_000  # followers: a page counts no more, or whom very many follow would have a slow one
_NEVER = 2**62


async def followers(actor_id: int, before: int | None = None, limit: int = PAGE) -> list[Row]:
    """Accepted followers, the newest first; the next page begins before the last row's `id`."""
    return await fetch(_FOLLOWERS, actor_id, "accepted", before or _NEVER, limit)


async def requests(actor_id: int, limit: int = PAGE) -> list[Row]:
    """Who waits for somebody's answer, newest first: to follow them, or a tag (`tag`, else empty).

    Admins answer for everybody's tags, of which only a crowd has to wait.
    """
    return await fetch(_REQUESTS, *[actor_id] * 3, limit)


async def following(actor_id: int, limit: int = 5_000) -> list[Row]:
    """Whom somebody follows or asked to, people, streams and feeds, by name; `state` tells which, `is_stream` what.

    Of feeds (by their `kind`) also when they were read and what was wrong: for that person's eyes.
    """
    return await fetch(_FOLLOWING, actor_id, limit)


async def one_at(follower_id: int, actor_id: str) -> Row | None:
    """The follow of somebody whose row has an id, as an address names it; None where there is none."""
    is_number = actor_id.isascii() and actor_id.isdigit() and len(actor_id) < 19
    return await fetch_one(_ONE, follower_id, int(actor_id)) if is_number else None


async def one_follow(follower_id: int, target_id: int) -> Row:
    """The follow between two people, with the one followed. Raises NotFound."""
    row = await fetch_one(_ONE, follower_id, target_id)
    if row is None:
        raise NotFound
    return row


async def follower_count(actor_id: int) -> int:
    """How many people follow somebody."""
    return await _count("f.follower_id WHERE f.target_id = ?", actor_id)


async def followers_of_page(actor_id: int) -> int:
    """The same for a page, which says no more than that there are more than `MANY`."""
    row = await fetch_one(_SOME, actor_id, MANY + 1)
    return int(row["amount"]) if row else 0


async def following_count(actor_id: int) -> int:
    """How many people somebody follows; tags, streams and feeds are nobody's business."""
    return await _count(f"f.target_id WHERE f.follower_id = ? AND NOT {NOT_PEOPLE}", actor_id)


async def counts_by_state() -> dict[str, int]:
    """How many follows there are, by state: asked from here and from elsewhere."""
    sql = "SELECT state, count(*) AS amount FROM follow GROUP BY state"
    found = {row["state"]: int(row["amount"]) for row in await fetch(sql)}
    return {state: found.get(state, 0) for state in ("requested", "accepted", "rejected")}


async def _count(at_the_other_end: str, actor_id: int) -> int:
    sql = f"SELECT count(*) AS amount FROM follow f JOIN actor a ON a.id = {at_the_other_end}"
    row = await fetch_one(f"{sql} AND f.state = 'accepted' AND a.suspended_at IS NULL", actor_id)
    return int(row["amount"]) if row else 0
