"""What others said about bookmarks, for whoever may read it: threads, read from their newest answers.

What is public or unlisted stands on the page of the bookmark it was said to. On the page of a link stands what its
author lets stand on public pages, or was said by somebody the viewer follows. What is for followers, or for one person,
is seen by the bookmark's owner alone. Who is suspended, or hidden by the viewer, or stands behind a block with the
bookmark's owner, says nothing; nor does what the owner hides, and what quotes them though they do not let it.

A page holds the newest 50, or those before or after a place. An answer stands below what it answers where that is on
the page, four deep at most; below that they stand side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fedimark import addresses
from fedimark.database import Row, fetch, fetch_one
from fedimark.outbox.quotes import Quote
from fedimark.policy.blocks import no_block_between, not_hidden
from fedimark.policy.interactions import Act, is_open
from fedimark.policy.visibility import Visibility
from fedimark.timelines.entries import Person
from fedimark.timelines.found import Found
from fedimark.timelines.remark import was_edited
from fedimark.timelines.saved import saved
from fedimark.timelines.stream import Cursor

SHOWN = 50
DEEPEST = 4  # levels drawn one inside the other

# Two parameters, the viewer.
_COLUMNS = """
r.id, r.parent_id, r.uri, r.uri_hash, r.page_url, r.is_reply, r.description, r.visibility, r.said_at, r.updated_at,
r.quote_state,
r.public_id AS own_id, r.actor_id, a.local_name, a.username, a.host, a.name, a.url,
b.public_id, b.is_save, b.page_url AS about_url, b.actor_id AS owner_id,
o.local_name AS owner_local, o.username AS owner_username,
o.host AS owner_host, o.name AS owner_name, o.url AS owner_url,
EXISTS (SELECT 1 FROM stamp s WHERE s.instrument_hash = r.uri_hash AND s.owner_id = b.actor_id
    AND s.revoked_at IS NULL) AS has_stamp,
r.allows, b.allows AS about_allows,
EXISTS (SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.target_id = r.actor_id AND f.state = 'accepted')
    AS follows,
EXISTS (SELECT 1 FROM follow f WHERE f.follower_id = ? AND f.target_id = b.actor_id AND f.state = 'accepted')
    AS follows_owner
"""
_SPEAKS = f"""
a.suspended_at IS NULL AND a.gone_at IS NULL AND {no_block_between("a.id", "b.actor_id")} AND {not_hidden("a.id")}
"""
_JOINED = "JOIN remark r ON r.bookmark_id = b.id JOIN actor a ON a.id = r.actor_id JOIN actor o ON o.id = b.actor_id"
_TO_ALL = f"r.visibility >= {int(Visibility.UNLISTED)}"
_STANDS = f"r.hidden_at IS NULL AND r.quote_state <> {int(Quote.REFUSED)}"
_BELOW = "AND (r.said_at, r.uri_hash) < (?, ?)"
_ABOVE = "AND (r.said_at, r.uri_hash) > (?, ?)"
_NEWEST = "ORDER BY r.said_at DESC, r.uri_hash DESC LIMIT ?"
_OLDEST = "ORDER BY r.said_at, r.uri_hash LIMIT ?"
# Answers to one of them, and theirs, as deep as any is kept.
_THREAD = f"""
WITH RECURSIVE thread(id, level) AS (
    SELECT id, 0 FROM remark WHERE parent_id = ?
    UNION ALL SELECT r.id, t.level + 1 FROM thread t JOIN remark r ON r.parent_id = t.id WHERE t.level < 40)
SELECT {_COLUMNS} FROM thread t JOIN remark r ON r.id = t.id JOIN bookmark b ON b.id = r.bookmark_id
JOIN actor a ON a.id = r.actor_id JOIN actor o ON o.id = b.actor_id
"""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said: `person` said `text` at a moment, of the bookmark of `about`, which stands at `about_href`.

    `href` is where it can be read, at its origin. `reach` says of what is not for everybody who reads it, else is
    empty. `level` is how many of those above it on the page it answers. `name` is what forms call it, `uri` its id.
    `about_action` is where the forms of the owner, the viewer, stand; empty for everybody else. `is_quoting` says that
    its author has the owner's leave to quote them, `may_answer` that neither keeps the viewer from answering, and
    `about_is_save` that what it is about is a bookmark, and no note that only mentions the page.
    """

    person: Person
    text: str
    at: int
    href: str
    is_reply: bool
    about: Person
    about_href: str
    reach: str
    level: int = 0
    name: str = ""
    uri: str = ""
    about_action: str = ""
    is_quoting: bool = False
    is_mine: bool = False
    was_edited: bool = False
    may_answer: bool = False
    about_is_save: bool = True


@dataclass(frozen=True, slots=True)
class Talk:
    """Some of what was said, each below what it answers, with the cursors of what was said before and after."""

    said: tuple[Said, ...] = ()
    earlier: str | None = None
    later: str | None = None


async def about_bookmark(row: Row, viewer_id: int, place: Cursor | None) -> Talk:
    """What was said about one bookmark of somebody here, its newest 50 or those at a place; they may see `row`."""
    shown = "TRUE" if row["actor_id"] == viewer_id else _TO_ALL
    chosen = f"bookmark b {_JOINED} WHERE b.id = ? AND {shown} AND {_STANDS}"
    return await _talk(chosen, (row["id"],), viewer_id, place)


async def about_link(found: Found, place: Cursor | None) -> Talk:
    """The same about every save of a page that the viewer sees."""
    where, parameters = saved(found)
    tables, _, conditions = where.partition(" WHERE ")
    # Of people whom the viewer follows, what they wrote themselves, and what answers that.
    near = """r.actor_id = ? OR EXISTS (SELECT 1 FROM follow f
    WHERE f.follower_id = ? AND f.target_id = r.actor_id AND f.state = 'accepted')
    OR EXISTS (SELECT 1 FROM remark p WHERE p.id = r.parent_id AND p.actor_id = ?)"""
    shown = f"(b.actor_id = ? OR ({_TO_ALL} AND (r.listed OR {near}))) AND {_STANDS}"
    chosen = f"{tables} {_JOINED} WHERE {conditions} AND {shown}"
    return await _talk(chosen, (*parameters, *[found.viewer_id] * 4), found.viewer_id, place)


async def about_remark(row: Row, viewer_id: int) -> Talk:
    """The answers to something written here, and theirs; the newest 50."""
    where = f"WHERE {_TO_ALL} AND {_STANDS} AND b.removed_at IS NULL AND {_SPEAKS}"
    rows = await fetch(f"{_THREAD} {where} {_NEWEST}", row["id"], *[viewer_id] * 3, SHOWN)
    return Talk(_threads(rows, viewer_id))


async def hidden_about(row: Row) -> Talk:
    """What the owner of a bookmark hides under it, the newest 50; for them alone."""
    chosen = f"bookmark b {_JOINED} WHERE b.id = ? AND r.hidden_at IS NOT NULL"
    return await _talk(chosen, (row["id"],), row["actor_id"], None)


async def hidden_count(bookmark_id: int) -> int:
    """How much the owner of a bookmark hides under it."""
    sql = "SELECT count(*) AS amount FROM remark WHERE bookmark_id = ? AND hidden_at IS NOT NULL"
    row = await fetch_one(sql, bookmark_id)
    return int(row["amount"]) if row else 0


async def _talk(chosen: str, parameters: tuple[Any, ...], viewer_id: int, place: Cursor | None) -> Talk:
    is_later = place is not None and place.newer
    which, placed = ("", ()) if place is None else (_ABOVE if is_later else _BELOW, (place.at, place.tie))
    sql = f"SELECT {_COLUMNS} FROM {chosen} AND {_SPEAKS} {which} {_OLDEST if is_later else _NEWEST}"
    rows = await fetch(sql, viewer_id, viewer_id, *parameters, viewer_id, *placed, SHOWN + 1)
    shown, has_more = rows[:SHOWN], len(rows) > SHOWN
    if is_later:
        shown.reverse()
    earlier = _cursor(shown[-1]) if shown and (has_more or is_later) else None
    later = _cursor(shown[0]) if shown and place is not None and (has_more or not is_later) else None
    return Talk(_threads(shown, viewer_id), earlier, later)


def _cursor(row: Row) -> str:
    return str(Cursor(row["said_at"], row["uri_hash"]))


def _threads(rows: Sequence[Row], viewer_id: int) -> tuple[Said, ...]:
    """Rows, newest first, as they are read: the oldest first, each thread as a whole."""
    below: dict[int | None, list[Row]] = {}
    ids = {row["id"] for row in rows}
    for row in reversed(rows):
        below.setdefault(row["parent_id"] if row["parent_id"] in ids else None, []).append(row)
    said: list[Said] = []
    waiting = [(row, 0) for row in reversed(below.get(None, ()))]
    while waiting:
        row, level = waiting.pop()
        said.append(_said(row, viewer_id, min(level, DEEPEST - 1)))
        waiting += [(answer, level + 1) for answer in reversed(below.pop(row["id"], ()))]
    return tuple(said)


def _said(row: Row, viewer_id: int, level: int) -> Said:
    owner = row["owner_local"]
    about_href = addresses.bookmark(owner, row["public_id"]) if owner else row["about_url"]
    is_owner = bool(viewer_id) and row["owner_id"] == viewer_id
    return Said(
        _person(row["local_name"], row["username"], row["host"], row["name"], row["url"]),
        row["description"],
        row["said_at"],
        row["page_url"],
        bool(row["is_reply"]),
        _person(owner, row["owner_username"], row["owner_host"], row["owner_name"], row["owner_url"]),
        about_href,
        {Visibility.PRIVATE: "to you alone", Visibility.FOLLOWERS: "followers"}.get(row["visibility"], ""),
        level,
        row["uri_hash"],
        row["uri"],
        about_href if is_owner and owner else "",
        bool(row["has_stamp"]),
        bool(viewer_id) and row["actor_id"] == viewer_id,
        row["own_id"] is not None and was_edited(row),
        bool(viewer_id) and _may_answer(row, viewer_id),
        bool(row["is_save"]),
    )


def _may_answer(row: Row, viewer_id: int) -> bool:
    said_so = row["actor_id"] == viewer_id or is_open(row["allows"], Act.REPLY, follows=bool(row["follows"]))
    is_owner = row["owner_id"] == viewer_id
    return said_so and (is_owner or is_open(row["about_allows"], Act.REPLY, follows=bool(row["follows_owner"])))


def _person(local: str | None, username: str, host: str, name: str, url: str) -> Person:
    return Person(username, host, name or username, addresses.person(local) if local else url)
