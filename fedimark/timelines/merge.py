"""Merging when written: one entry per link in every stream that has several savers. (decision 0005)

An entry's place is the earliest moment among the saves seen through the stream; a save that somebody followed only
shared is seen there since it was shared, one with a tag that is followed since it was saved. In a reader's network it
is moved up by whom they follow, where these save it with words of their own: then it is the moment of the latest such
save (decision 0060). All of it runs inside `write()`, in the transaction that changes the bookmark or the follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache

from fedimark.database import Row, Script, Statement, among, ask, execute, fetch, is_sqlite, looked_up, perform, several
from fedimark.policy.blocks import not_hidden
from fedimark.policy.visibility import Visibility


class Merged(IntEnum):
    """The streams that are kept merged; the number is what the database holds."""

    NETWORK = 1  # owner: the reading actor
    TAG = 2  # owner: the tag
    RECENT = 3  # owner: EVERYWHERE or HERE


EVERYWHERE, HERE = 0, 1  # whose saves a recent stream holds: everybody's, or those of this server's people

# Of moments `at` and, of words of people followed, `said_at`. What was said was saved too, and so is never earlier than
# the earliest: of two places the said one counts, of two said ones the later, of two others the earlier.
_PLACE = "COALESCE(max(w.said_at), min(w.at)), max(w.said_at) IS NOT NULL"
PLACED = """
ON CONFLICT (link_id, stream, owner_id) DO UPDATE SET position = CASE
    WHEN entry.is_said AND NOT excluded.is_said THEN entry.position
    WHEN excluded.is_said AND NOT entry.is_said THEN excluded.position
    WHEN (excluded.position > entry.position) = excluded.is_said THEN excluded.position ELSE entry.position END,
is_said = entry.is_said OR excluded.is_said
"""
_UNSAID = "CAST(NULL AS BIGINT) AS said_at"
# When the saver `s` of a bookmark `b` said something of their own with it; what feeds say is no person's.
_SAID = "CASE WHEN b.description <> '' AND s.kind <> 'Feed' THEN b.saved_at END AS said_at"
# Who reads here: people. What the server's own actor follows, it follows for them.
_READS = "a.local_name IS NOT NULL AND a.kind = 'Person'"
# Readers here of one saver: the saver, and accepted followers with an account on this server, unless the saver is
# suspended or they mute them.
_READERS = f"""
SELECT a.id FROM actor a WHERE {_READS} AND a.id IN (
    SELECT CAST(? AS BIGINT) UNION ALL SELECT f.follower_id FROM follow f JOIN actor s ON s.id = f.target_id
    WHERE s.suspended_at IS NULL AND ? >= {Visibility.FOLLOWERS} AND f.target_id = ? AND f.state = 'accepted'
    AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id = s.id))
"""
# Which bookmarks `b` can be seen through somebody who shared them. Those of an author elsewhere who is suspended are as
# if removed.
SHAREABLE = f"""b.removed_at IS NULL AND (b.listed OR (b.visibility >= {Visibility.UNLISTED} AND NOT EXISTS (
    SELECT 1 FROM actor u WHERE u.id = b.actor_id AND u.local_name IS NOT NULL AND u.suspended_at IS NOT NULL)))"""
_SHARED = f"""
SELECT f.follower_id AS id, b.link_id, s.shared_at AS at FROM bookmark b JOIN share s ON s.bookmark_id = b.id
JOIN follow f ON f.target_id = s.actor_id AND f.state = 'accepted' JOIN actor a ON a.id = f.follower_id
JOIN actor x ON x.id = s.actor_id WHERE {_READS} AND x.suspended_at IS NULL AND {SHAREABLE}
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id IN (b.actor_id, x.id))
"""
# Which taggings `t` a tag `g` that is followed shows: what its page shows, everybody's or its person's.
_IS_OF = "g.tag_id = t.tag_id AND (g.owner_id = 0 OR g.owner_id = t.actor_id) AND g.suspended_at IS NULL"
_SHOWS = f"{_IS_OF} AND t.listed"
_TAGGED = f"""
SELECT f.follower_id AS id, t.link_id, t.saved_at AS at FROM bookmark_tag t JOIN actor g ON {_SHOWS}
JOIN follow f ON f.target_id = g.id AND f.state = 'accepted' JOIN actor a ON a.id = f.follower_id WHERE {_READS}
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id = t.actor_id)
"""
# What this server's tags `g` show of what streams elsewhere shared that they follow: it may bear another tag there.
# Found from the bookmark on: sums are no plain columns, or SQLite would read all that a stream shared, or everybody.
PASSED_ON = """
bookmark b JOIN share s ON s.bookmark_id = b.id
JOIN follow f ON f.target_id = s.actor_id + 0 AND f.state = 'accepted'
JOIN actor g ON g.id = f.follower_id JOIN actor x ON x.id = f.target_id
WHERE g.tag_id IS NOT NULL AND g.owner_id + 0 = 0 AND x.suspended_at IS NULL AND b.listed AND b.removed_at IS NULL
"""
_PASSED_ON_BY = PASSED_ON.replace("s.actor_id + 0", "s.actor_id")
_TO_PAGES = f"""
INSERT INTO entry (stream, owner_id, link_id, position)
SELECT {Merged.TAG}, g.tag_id, b.link_id, min(s.shared_at) FROM {{which}} GROUP BY g.tag_id, b.link_id {PLACED}
"""
# Every place that some bookmarks take: with their savers' readers, with readers of who shared them or of their tags,
# in the streams of their tags, and among the recent ones. Nobody has shared yet what is new and of this server: of that
# `_SEEN` says all; and these three, for which nobody has to be asked, where nobody follows either. (timelines.firsts)
TO_SAVER = f"""
SELECT {Merged.NETWORK} AS stream, b.actor_id AS owner_id, b.link_id, b.saved_at AS at, {_UNSAID}
FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.id {{these}} AND {_READS}
"""
TO_TAGS = f"""
SELECT {Merged.TAG}, t.tag_id, t.link_id, t.saved_at, NULL FROM bookmark_tag t
WHERE t.bookmark_id {{these}} AND t.listed
"""
TO_RECENT = f"""
SELECT {Merged.RECENT}, r.which, b.link_id, b.saved_at, NULL
FROM bookmark b JOIN (SELECT {EVERYWHERE} AS which UNION ALL SELECT {HERE}) r ON r.which = {EVERYWHERE} OR b.is_local
WHERE b.id {{these}} AND b.listed
"""
_SEEN = f"""
{TO_SAVER}
UNION ALL SELECT {Merged.NETWORK}, f.follower_id, b.link_id, b.saved_at, {_SAID}
FROM bookmark b JOIN actor s ON s.id = b.actor_id
JOIN follow f ON f.target_id = b.actor_id AND f.state = 'accepted' JOIN actor a ON a.id = f.follower_id
WHERE b.id {{these}} AND b.visibility >= {Visibility.FOLLOWERS} AND s.suspended_at IS NULL AND {_READS}
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id = s.id)
UNION ALL SELECT {Merged.NETWORK}, w.id, w.link_id, w.at, NULL FROM ({_TAGGED} AND t.bookmark_id {{these}}
    AND EXISTS (SELECT 1 FROM actor h WHERE h.tag_id {{theirs}})) w
UNION ALL {TO_TAGS} UNION ALL {TO_RECENT}
"""
_PLACES = f"""{_SEEN}
UNION ALL SELECT {Merged.NETWORK}, w.id, w.link_id, w.at, NULL FROM ({_SHARED} AND s.bookmark_id {{these}}) w
UNION ALL SELECT {Merged.TAG}, g.tag_id, b.link_id, s.shared_at, NULL FROM {PASSED_ON} AND b.id {{these}}
"""
_MERGE = f"""
INSERT INTO entry (stream, owner_id, link_id, position, is_said)
SELECT w.stream, w.owner_id, w.link_id, {_PLACE} FROM ({{places}}) w
WHERE TRUE GROUP BY w.link_id, w.stream, w.owner_id ORDER BY w.link_id, w.stream, w.owner_id {{placed}}
"""


def _merging_saved(places: str, placed: str = PLACED) -> str:
    """The same of bookmarks that stand in the statement as `saved`, and their taggings as `marked`."""
    over = re.sub(r"\bbookmark_tag t\b", "marked t", re.sub(r"\bbookmark b\b", "saved b", looked_up(places)))
    theirs = "= ANY (ARRAY(SELECT tag_id FROM marked))"
    return _MERGE.format(places=over.format(these="IS NOT NULL", theirs=theirs), placed=placed)


MERGING_SAVED = _merging_saved(_SEEN)
"""For new bookmarks of this server, in the statement that writes them on PostgreSQL."""
# These are the few, whatever PostgreSQL expects.
_MERGE_THESE = """
WITH saved AS MATERIALIZED (
    SELECT id, actor_id, link_id, description, is_local, visibility, listed, saved_at, removed_at
    FROM bookmark WHERE id = ANY (CAST(? AS bigint[]))),
marked AS MATERIALIZED (
    SELECT bookmark_id, tag_id, actor_id, link_id, listed, saved_at
    FROM bookmark_tag WHERE bookmark_id = ANY (CAST(? AS bigint[])))
"""

_FOLLOWS_STILL = """
SELECT f.id FROM follow f JOIN actor a ON a.id = f.target_id
WHERE f.follower_id = ? AND f.target_id = ? AND f.state = 'accepted' AND a.suspended_at IS NULL
"""
# SQLite takes `listed = TRUE` for a part of the index and `listed` alone for none: it would read all of a tag.
# What is left for one reader's entry once a bookmark is out of it: the earliest of what they still see of that link.
_LEFT_FOR_READER = f"""
(SELECT b.id, b.saved_at AS at, CASE WHEN b.actor_id <> entry.owner_id AND b.description <> ''
    AND EXISTS (SELECT 1 FROM actor s WHERE s.id = b.actor_id AND s.kind <> 'Feed') THEN b.saved_at END AS said_at
FROM bookmark b WHERE b.link_id = entry.link_id AND b.removed_at IS NULL
AND (b.actor_id = entry.owner_id OR (b.visibility >= {Visibility.FOLLOWERS} AND EXISTS (
    SELECT 1 FROM follow f JOIN actor s ON s.id = f.target_id
    WHERE f.follower_id = entry.owner_id AND f.target_id = b.actor_id AND f.state = 'accepted'
    AND s.suspended_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = f.follower_id AND k.blocked_id = s.id))))
UNION ALL
SELECT b.id, s.shared_at, NULL FROM bookmark b JOIN share s ON s.bookmark_id = b.id
JOIN follow f ON f.target_id = s.actor_id JOIN actor x ON x.id = s.actor_id
WHERE b.link_id = entry.link_id AND f.follower_id = entry.owner_id AND f.state = 'accepted' AND x.suspended_at IS NULL
AND {SHAREABLE}
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = entry.owner_id AND k.blocked_id IN (b.actor_id, x.id))
UNION ALL
SELECT t.bookmark_id, t.saved_at, NULL FROM follow f JOIN actor g ON g.id = f.target_id JOIN bookmark_tag t ON {_IS_OF}
WHERE f.follower_id = entry.owner_id AND f.state = 'accepted' AND t.listed = TRUE AND t.link_id = entry.link_id
AND NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = entry.owner_id AND k.blocked_id = t.actor_id)
) w WHERE w.id <> ?
"""
_LEFT_IN_TAG = f"""
(SELECT t.bookmark_id AS id, t.saved_at AS at, {_UNSAID} FROM bookmark_tag t
WHERE t.tag_id = entry.owner_id AND t.link_id = entry.link_id AND t.listed = TRUE
UNION ALL SELECT b.id, s.shared_at, NULL FROM {PASSED_ON} AND g.tag_id = entry.owner_id AND b.link_id = entry.link_id
) w WHERE w.id <> ?
"""
_LEFT_IN_RECENT = f"""
(SELECT b.id, b.saved_at AS at, {_UNSAID} FROM bookmark b
WHERE b.link_id = entry.link_id AND b.listed AND b.removed_at IS NULL
AND (entry.owner_id = {EVERYWHERE} OR b.is_local)
) w WHERE w.id <> ?
"""


async def hold(table: str, *ids: int) -> None:
    """Take some rows for the transaction around us, in the order of their ids.

    Who writes a bookmark holds its saver and its link; who begins or ends a follow holds both people. So each sees
    what the other did, whoever comes first. SQLite lets one transaction write at a time: nothing is to be taken.
    """
    if not is_sqlite():
        await perform(holding(table, *ids))


def holding(table: str, *ids: int) -> Script[None]:
    """The same as `hold`, in a script."""
    if not is_sqlite():
        yield holding_of(table, ids)


def holding_of(table: str, ids: Iterable[int]) -> Statement:
    """The same as a statement of PostgreSQL."""
    return f"SELECT id FROM {table} WHERE id {among()} ORDER BY id FOR UPDATE", (several(ids),)


def merge_bookmarks(ids: Sequence[int], tag_ids: Iterable[int], placed: str = PLACED) -> Script[None]:
    """Let live bookmarks into the streams that show them; their tag index must be written before, their tags held.

    `tag_ids` are all the tags they have: where nobody follows any, as nearly always, none is asked for its followers.
    `placed` may be empty where their links were made in this transaction: no place is taken yet.
    """
    these, theirs = several(ids), several(sorted(tag_ids))
    if not is_sqlite():
        yield from ask(_merging_these(placed), these, these)
        return
    yield from ask(_merging(among(), placed), these, these, these, theirs, these, these, these, these)


@lru_cache
def _merging(these: str, placed: str) -> str:
    return _MERGE.format(places=_PLACES.format(these=these, theirs=these), placed=placed)


@lru_cache
def _merging_these(placed: str) -> str:
    return _MERGE_THESE + _merging_saved(_PLACES, placed)


def tags_held(tag_ids: Iterable[int]) -> list[Statement]:
    """What holds the tags of bookmarks that anybody follows: a follow that begins at this moment would miss a merge."""
    if is_sqlite():
        return []
    # A sum is no column: PostgreSQL goes through all people in the order of their ids where it expects few.
    return [(f"SELECT id FROM actor WHERE tag_id {among()} ORDER BY id + 0 FOR UPDATE", (several(sorted(tag_ids)),))]


def unmerge_bookmark(row: Row) -> Script[None]:
    """Take a bookmark out of the streams that showed it; what others saved of the same link stays, at its own place.

    To be called while the row and its tag index are still as they were.
    """
    bookmark_id, actor_id, link_id = row["id"], row["actor_id"], row["link_id"]
    yield from _hold_sharers(bookmark_id)
    yield from hold_tags([bookmark_id])
    readers = f"""stream = {Merged.NETWORK} AND link_id = ?
    AND (owner_id IN ({_READERS}) OR owner_id IN (SELECT w.id FROM ({_SHARED} AND s.bookmark_id = ?
    UNION ALL {_TAGGED} AND t.bookmark_id = ?) w))"""
    parameters = (link_id, actor_id, row["visibility"], actor_id, bookmark_id, bookmark_id)
    yield from _recompute(readers, parameters, _LEFT_FOR_READER, bookmark_id)
    if row["listed"]:
        in_tags = f"""stream = {Merged.TAG} AND link_id = ?
        AND owner_id IN (SELECT tag_id FROM bookmark_tag WHERE bookmark_id = ? AND listed
        UNION ALL SELECT g.tag_id FROM {PASSED_ON} AND b.id = ?)"""
        yield from _recompute(in_tags, (link_id, bookmark_id, bookmark_id), _LEFT_IN_TAG, bookmark_id)
        recent = f"stream = {Merged.RECENT} AND owner_id IN ({EVERYWHERE}, {HERE}) AND link_id = ?"
        yield from _recompute(recent, (link_id,), _LEFT_IN_RECENT, bookmark_id)


def unmerge_alone(link_ids: Iterable[int]) -> Statement:
    """What takes bookmarks out of all streams, each alone with its link, which nobody shared: nothing of it stays."""
    return f"DELETE FROM entry WHERE link_id {among()}", (several(sorted(link_ids)),)


async def share_began(bookmark: Row, sharer_id: int) -> None:
    """Show a bookmark to the readers here of somebody who shared it, and on the pages of tags that follow them; the
    share must be written already.
    """
    sql = f"""
    INSERT INTO entry (stream, owner_id, link_id, position)
    SELECT {Merged.NETWORK}, w.id, w.link_id, w.at FROM ({_SHARED} AND s.bookmark_id = ? AND s.actor_id = ?) w
    WHERE TRUE {PLACED}
    """
    await execute(sql, bookmark["id"], sharer_id)
    await execute(_TO_PAGES.format(which=f"{PASSED_ON} AND b.id = ? AND x.id = ?"), bookmark["id"], sharer_id)


async def share_ended(bookmark: Row, *sharers: int) -> None:
    """Take a bookmark out of where it was seen through people who shared it; their shares are gone."""
    through = f"""stream = {Merged.NETWORK} AND link_id = ? AND owner_id IN (
    SELECT follower_id FROM follow WHERE target_id {among()} AND state = 'accepted')"""
    await _recomputed(through, (bookmark["link_id"], several(sharers)), _LEFT_FOR_READER, 0)
    in_tags = f"""stream = {Merged.TAG} AND link_id = ? AND owner_id IN (
    SELECT g.tag_id FROM follow f JOIN actor g ON g.id = f.follower_id
    WHERE f.target_id {among()} AND f.state = 'accepted' AND g.tag_id IS NOT NULL AND g.owner_id = 0)"""
    await _recomputed(in_tags, (bookmark["link_id"], several(sharers)), _LEFT_IN_TAG, 0)


async def follow_began(follower_id: int, target_id: int) -> None:
    """Show a reader here what is known of somebody, or of a tag, that they follow now, each at its own moment.

    Where it is a tag of this server that follows, its page shows what they shared; the server itself reads nothing.
    """
    sql = f"""
    INSERT INTO entry (stream, owner_id, link_id, position, is_said)
    SELECT {Merged.NETWORK}, CAST(? AS BIGINT), w.link_id, {_PLACE} FROM (
        SELECT b.link_id, b.saved_at AS at, {_SAID} FROM bookmark b JOIN actor s ON s.id = b.actor_id
        WHERE b.actor_id = ? AND b.visibility >= {Visibility.FOLLOWERS} AND b.removed_at IS NULL
        AND {not_hidden("b.actor_id")}
        UNION ALL
        SELECT b.link_id, s.shared_at, NULL FROM share s JOIN bookmark b ON b.id = s.bookmark_id
        WHERE s.actor_id = ? AND {SHAREABLE} AND {not_hidden("b.actor_id")} AND {not_hidden("s.actor_id")}
        UNION ALL
        SELECT t.link_id, t.saved_at, NULL FROM actor g JOIN bookmark_tag t ON {_SHOWS}
        WHERE g.id = ? AND {not_hidden("t.actor_id")}) w
    WHERE EXISTS (SELECT 1 FROM actor a WHERE a.id = ? AND {_READS}) GROUP BY w.link_id {PLACED}
    """
    await hold("actor", follower_id, target_id)
    them = (target_id, follower_id)
    await execute(sql, follower_id, *them, *them, follower_id, *them, follower_id)
    await execute(_TO_PAGES.format(which=f"{_PASSED_ON_BY} AND g.id = ? AND x.id = ?"), follower_id, target_id)


async def block_began(reader_id: int, author_id: int) -> None:
    """Take out of a reader's network what they saw of somebody, or through them, whom they block or mute now; that must
    be written.
    """
    await follow_ended(reader_id, author_id)


async def block_ended(reader_id: int, author_id: int) -> None:
    """Show a reader again what people and tags they follow pass on of somebody, whom they may follow too where it was a
    mute; it must be gone already.
    """
    sql = f"""
    INSERT INTO entry (stream, owner_id, link_id, position)
    SELECT {Merged.NETWORK}, w.id, w.link_id, min(w.at) FROM ({_SHARED} AND f.follower_id = ? AND b.actor_id = ?
    UNION ALL {_TAGGED} AND f.follower_id = ? AND t.actor_id = ?) w
    WHERE TRUE GROUP BY w.id, w.link_id {PLACED}
    """
    await hold("actor", reader_id, author_id)
    await execute(sql, reader_id, author_id, reader_id, author_id)
    if await fetch(_FOLLOWS_STILL, reader_id, author_id):
        await follow_began(reader_id, author_id)


async def follow_ended(follower_id: int, target_id: int) -> None:
    """Take out of a reader's network, or of a tag's page, what was seen there through one person or tag alone; the
    follow must be gone already, or that person suspended.
    """
    through = f"""stream = {Merged.NETWORK} AND owner_id = ? AND link_id IN (
    SELECT link_id FROM bookmark WHERE actor_id = ?
    UNION ALL SELECT b.link_id FROM share s JOIN bookmark b ON b.id = s.bookmark_id WHERE s.actor_id = ?
    UNION ALL SELECT t.link_id FROM actor g JOIN bookmark_tag t ON t.tag_id = g.tag_id WHERE g.id = ?)"""
    await hold("actor", follower_id, target_id)
    await _recomputed(through, (follower_id, target_id, target_id, target_id), _LEFT_FOR_READER, 0)
    in_tag = f"""stream = {Merged.TAG} AND owner_id = (
    SELECT g.tag_id FROM actor g WHERE g.id = ? AND g.tag_id IS NOT NULL AND g.owner_id = 0)
    AND link_id IN (SELECT b.link_id FROM share s JOIN bookmark b ON b.id = s.bookmark_id WHERE s.actor_id = ?)"""
    await _recomputed(in_tag, (follower_id, target_id), _LEFT_IN_TAG, 0)


def _hold_sharers(bookmark_id: int) -> Script[None]:
    """A follow of one of them that begins at this moment would miss the change, and the change the follow."""
    if not is_sqlite():
        sharers = "SELECT actor_id FROM share WHERE bookmark_id = ?"
        yield from ask(f"SELECT id FROM actor WHERE id IN ({sharers}) ORDER BY id FOR UPDATE", bookmark_id)


def hold_tags(ids: Sequence[int]) -> Script[None]:
    """Hold the tags of some bookmarks that anybody follows: a follow that begins now would miss the change."""
    if not is_sqlite():
        followed = looked_up(f"SELECT g.id FROM bookmark_tag t JOIN actor g ON {_SHOWS} WHERE t.bookmark_id {among()}")
        yield from ask(f"SELECT id FROM actor WHERE id = ANY (ARRAY({followed})) ORDER BY id FOR UPDATE", several(ids))


def _recompute(which: str, parameters: tuple[object, ...], left: str, without: int) -> Script[None]:
    """Set the place of some entries to what is left of them without one bookmark, and drop those with nothing left."""
    if not is_sqlite():
        # A statement sees what was committed before it began: what is left is looked at once nobody else can add to it.
        yield from ask(f"SELECT id FROM entry WHERE {which} ORDER BY id FOR UPDATE", *parameters)
    yield from ask(f"DELETE FROM entry WHERE {which} AND NOT EXISTS (SELECT 1 FROM {left})", *parameters, without)
    sql = f"UPDATE entry SET (position, is_said) = (SELECT {_PLACE} FROM {left}) WHERE {which}"
    yield from ask(sql, without, *parameters)


async def _recomputed(which: str, parameters: tuple[object, ...], left: str, without: int) -> None:
    await perform(_recompute(which, parameters, left, without))
