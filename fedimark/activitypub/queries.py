"""What strangers on other servers may read: public and unlisted bookmarks, and who people are."""

from __future__ import annotations

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import Forbidden, NotFound
from fedimark.here import MICROS, now
from fedimark.policy.blocks import no_block_between
from fedimark.policy.visibility import Visibility
from fedimark.remote.known import local_person

_DEPARTED = "SELECT * FROM actor WHERE local_name = ? AND kind = 'Person' AND gone_at IS NOT NULL"
_NOTE = f"""
SELECT * FROM bookmark WHERE public_id = ? AND actor_id = ? AND is_local AND removed_at IS NULL
AND visibility >= {int(Visibility.UNLISTED)} AND lower(url) LIKE 'http%'
"""
_TOMBSTONE = "SELECT * FROM tombstone WHERE uri_hash = ?"
_PUBLIC = f"""
FROM bookmark WHERE actor_id = ? AND visibility = {int(Visibility.PUBLIC)} AND removed_at IS NULL
AND lower(url) LIKE 'http%'
"""
# The place a cursor names is looked up among the same bookmarks: a private one's id would tell that it exists.
_OUTBOX = f"""
SELECT * {_PUBLIC} AND (saved_at, id) < (?, COALESCE((SELECT id {_PUBLIC} AND public_id = ?), 0))
ORDER BY saved_at DESC, id DESC LIMIT ?
"""
_NEWEST = f"SELECT * {_PUBLIC} ORDER BY saved_at DESC, id DESC LIMIT ?"
# What somebody here shared, as long as everybody may read it; named as `outbox.reactions.standing` wants it.
_SHARE = f"""
SELECT s.public_id AS share_id, s.shared_at, b.is_local, b.public_id, b.uri, a.uri AS author_uri,
a.local_name AS author_name
FROM share s JOIN bookmark b ON b.id = s.bookmark_id JOIN actor a ON a.id = b.actor_id
WHERE s.public_id = ? AND s.actor_id = ? AND b.removed_at IS NULL AND b.visibility >= {int(Visibility.UNLISTED)}
AND a.suspended_at IS NULL AND a.gone_at IS NULL
"""
_DIGEST_DAYS = "FROM digest_day y JOIN digest d ON d.stream_id = y.stream_id WHERE d.owner_id = ?"
_DIGEST_FOLLOWERS = """
SELECT count(*) AS amount FROM follow f JOIN digest d ON d.stream_id = f.target_id
WHERE d.owner_id = ? AND f.state = 'accepted'
"""
# Our own public saves of one page; `listed` falls when their saver is suspended or leaves.
_OWN_SAVES = """
FROM link l JOIN bookmark b ON b.link_id = COALESCE(l.root_id, l.id) JOIN actor a ON a.id = b.actor_id
WHERE l.hash = ? AND b.is_local AND b.listed AND b.removed_at IS NULL AND lower(b.url) LIKE 'http%'
"""
_SAVES_BELOW = f"AND (b.saved_at, b.id) < (?, COALESCE((SELECT b.id {_OWN_SAVES} AND b.public_id = ?), 0))"
_SAVES_NEWEST = "ORDER BY b.saved_at DESC, b.id DESC LIMIT ?"
# Of nobody who is suspended or stands behind a block with the bookmark's owner; no more than are kept of one.
_ANSWERS = f"""
SELECT r.uri FROM remark r JOIN actor a ON a.id = r.actor_id JOIN bookmark b ON b.id = r.bookmark_id
WHERE {{to}} AND r.is_reply AND r.visibility = {int(Visibility.PUBLIC)} AND r.hidden_at IS NULL
AND b.removed_at IS NULL AND b.visibility >= {int(Visibility.UNLISTED)}
AND a.suspended_at IS NULL AND a.gone_at IS NULL AND {no_block_between("a.id", "b.actor_id")}
ORDER BY r.said_at, r.id
"""


async def person(username: str) -> Row:
    """Somebody of this server. Raises NotFound, Gone for who left, Forbidden for who is suspended, which may pass."""
    row = await local_person(username)
    if row["suspended_at"] is not None:
        raise Forbidden("This account is suspended.")
    return row


async def departed(username: str) -> Row | None:
    """Somebody who left this server, or None."""
    return await fetch_one(_DEPARTED, username)


async def shown_bookmark(owner: Row, public_id: str) -> Row:
    """A bookmark that anybody may read. Raises NotFound for every other, whether there is one or not."""
    row = await fetch_one(_NOTE, public_id, owner["id"])
    if row is None:
        raise NotFound
    return row


async def tombstone(uri: str) -> Row | None:
    """What is left of an object of ours that ended, or None."""
    return await fetch_one(_TOMBSTONE, addresses.uri_hash(uri))


async def standing_share(sharer: Row, share_id: str) -> Row | None:
    """What somebody here shared, with the bookmark's names; None once it was taken back, or is not to be read."""
    return await fetch_one(_SHARE, share_id, sharer["id"])


async def public_count(owner: Row) -> int:
    """How many bookmarks an outbox holds."""
    row = await fetch_one(f"SELECT count(*) AS amount {_PUBLIC}", owner["id"])
    return int(row["amount"]) if row else 0


async def outbox_page(owner: Row, before: tuple[int, str] | None, limit: int) -> list[Row]:
    """Public bookmarks, newest first; the next page begins before the last row's (saved_at, public_id)."""
    if before is None:
        return await fetch(_NEWEST, owner["id"], limit)
    at, public_id = before
    return await fetch(_OUTBOX, owner["id"], at, owner["id"], public_id, limit)


async def newest_public(owner: Row, limit: int) -> list[Row]:
    """The newest public bookmarks of somebody."""
    return await fetch(_NEWEST, owner["id"], limit)


async def most_used_tags(owner: Row, limit: int) -> list[str]:
    """The keys of the tags somebody uses most, of public bookmarks."""
    sql = f"""
    SELECT g.key, y.amount FROM tally y JOIN tag g ON g.id = y.tag_id
    WHERE y.owner_id = ? AND y.visibility = {int(Visibility.PUBLIC)} AND y.amount > 0
    ORDER BY y.amount DESC, g.key LIMIT ?
    """
    return [row["key"] for row in await fetch(sql, owner["id"], limit)]


async def own_saves_count(link_hash: str) -> int:
    """How many public bookmarks of a page people here have."""
    row = await fetch_one(f"SELECT count(*) AS amount {_OWN_SAVES}", link_hash)
    return int(row["amount"]) if row else 0


async def own_saves(link_hash: str, before: tuple[int, str] | None, limit: int) -> list[Row]:
    """Public bookmarks of a page by people here, with their `local_name`, newest first."""
    place, parameters = (_SAVES_BELOW, (before[0], link_hash, before[1])) if before else ("", ())
    return await fetch(f"SELECT b.*, a.local_name {_OWN_SAVES} {place} {_SAVES_NEWEST}", link_hash, *parameters, limit)


async def answers(bookmark_id: int) -> list[str]:
    """The ids of the public answers to a bookmark, the oldest first."""
    return [row["uri"] for row in await fetch(_ANSWERS.format(to="r.bookmark_id = ?"), bookmark_id)]


async def answers_to_remark(remark_id: int) -> list[str]:
    """The same to something written here."""
    return [row["uri"] for row in await fetch(_ANSWERS.format(to="r.parent_id = ?"), remark_id)]


async def remark(owner: Row, public_id: str) -> Row:
    """A reply or remark of somebody here: all of them may be read by anybody. Raises NotFound."""
    row = await fetch_one("SELECT * FROM remark WHERE actor_id = ? AND public_id = ?", owner["id"], public_id)
    if row is None:
        raise NotFound
    return row


async def stamp(owner: Row, public_id: str) -> Row:
    """A QuoteAuthorization that somebody here gave, revoked or not. Raises NotFound."""
    sql = "SELECT * FROM stamp WHERE owner_id = ? AND public_id = ?"
    row = await fetch_one(sql, owner["id"], public_id)
    if row is None:
        raise NotFound
    return row


async def digest_count(owner_id: int) -> int:
    """Of how many days somebody's digest told."""
    row = await fetch_one(f"SELECT count(*) AS amount {_DIGEST_DAYS}", owner_id)
    return int(row["amount"]) if row else 0


async def digest_days(owner_id: int, before: str, limit: int) -> list[Row]:
    """The days it told of, the newest first, or those before a day."""
    return await fetch(
        f"SELECT y.* {_DIGEST_DAYS} AND y.day < ? ORDER BY y.day DESC LIMIT ?", owner_id, before or "9", limit
    )


async def digest_day(owner_id: int, day: str) -> Row:
    """One of them. Raises NotFound."""
    row = await fetch_one(f"SELECT y.* {_DIGEST_DAYS} AND y.day = ?", owner_id, day)
    if row is None:
        raise NotFound
    return row


async def digest_followers(owner_id: int) -> int:
    """How many follow somebody's digest."""
    row = await fetch_one(_DIGEST_FOLLOWERS, owner_id)
    return int(row["amount"]) if row else 0


async def usage() -> dict[str, int]:
    """What NodeInfo counts: people, those seen in a month and half a year, public bookmarks of people here.

    Nobody who left or is suspended counts.
    """
    people = "FROM account c JOIN actor a ON a.id = c.actor_id {} WHERE a.suspended_at IS NULL"
    seen = people.format("JOIN session s ON s.account_id = c.id") + " AND s.seen_at > ?"
    sql = f"""
    SELECT (SELECT count(*) {people.format("")}) AS people,
    (SELECT count(DISTINCT c.id) {seen}) AS month,
    (SELECT count(DISTINCT c.id) {seen}) AS half_year,
    (SELECT COALESCE(sum(y.amount), 0) FROM tally y JOIN actor a ON a.id = y.owner_id
        WHERE y.tag_id = 0 AND y.visibility = {int(Visibility.PUBLIC)} AND a.local_name IS NOT NULL
        AND a.suspended_at IS NULL) AS bookmarks
    """
    row = await fetch_one(sql, now() - 30 * _DAY, now() - 183 * _DAY)
    return {name: int(number) for name, number in (row or {}).items()}


_DAY = 86_400 * MICROS
