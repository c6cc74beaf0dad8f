"""What others said about bookmarks, for whoever may read it.

What is public or unlisted stands on the page of the bookmark it was said to. On the page of a link stands what its
author lets stand on public pages, or was said by somebody the viewer follows. What is for followers, or for one person,
is seen by the bookmark's owner alone. Who is suspended, or hidden by the viewer, or stands behind a block with the
bookmark's owner, says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fedimark import addresses
from fedimark.database import Row, fetch
from fedimark.policy.blocks import no_block_between, not_hidden
from fedimark.policy.visibility import Visibility
from fedimark.timelines.entries import Person
from fedimark.timelines.found import Found
from fedimark.timelines.saved import saved
from fedimark.timelines.stream import Cursor

SHOWN = 50

_COLUMNS = """
r.uri_hash, r.page_url, r.is_reply, r.description, r.visibility, r.said_at,
a.local_name, a.username, a.host, a.name, a.url, b.public_id, b.page_url AS about_url,
o.local_name AS owner_local, o.username AS owner_username, o.host AS owner_host, o.name AS owner_name,
o.url AS owner_url
"""
_SPEAKS = f"""
a.suspended_at IS NULL AND a.gone_at IS NULL AND {no_block_between("a.id", "b.actor_id")} AND {not_hidden("a.id")}
"""
_JOINED = "JOIN remark r ON r.bookmark_id = b.id JOIN actor a ON a.id = r.actor_id JOIN actor o ON o.id = b.actor_id"
_TO_ALL = f"r.visibility >= {int(Visibility.UNLISTED)}"
_BELOW = "AND (r.said_at, r.uri_hash) < (?, ?)"
_ORDER = "ORDER BY r.said_at DESC, r.uri_hash DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said: `person` said `text` at a moment, of the bookmark of `about`, which stands at `about_href`.

    `href` is where it can be read at its origin. `reach` says of what is not for everybody who reads it, else is empty.
    """

    person: Person
    text: str
    at: int
    href: str
    is_reply: bool
    about: Person
    about_href: str
    reach: str


@dataclass(frozen=True, slots=True)
class Talk:
    """Some of what was said, in the order it was said, with the cursor of what was said before."""

    said: tuple[Said, ...] = ()
    earlier: str | None = None


async def about_bookmark(row: Row, viewer_id: int, before: Cursor | None) -> Talk:
    """What was said about one bookmark of somebody here, its newest 50 or those before; `row` is one they may see."""
    shown = "TRUE" if row["actor_id"] == viewer_id else _TO_ALL
    return await _talk(f"bookmark b {_JOINED} WHERE b.id = ? AND {shown}", (row["id"],), viewer_id, before)


async def about_link(found: Found, before: Cursor | None) -> Talk:
    """The same about every save of a page that the viewer sees."""
    where, parameters = saved(found)
    tables, _, conditions = where.partition(" WHERE ")
    near = """EXISTS (SELECT 1 FROM follow f
    WHERE f.follower_id = ? AND f.target_id = r.actor_id AND f.state = 'accepted')"""
    shown = f"(b.actor_id = ? OR ({_TO_ALL} AND (r.listed OR {near})))"
    chosen = f"{tables} {_JOINED} WHERE {conditions} AND {shown}"
    return await _talk(chosen, (*parameters, found.viewer_id, found.viewer_id), found.viewer_id, before)


async def _talk(chosen: str, parameters: tuple[Any, ...], viewer_id: int, before: Cursor | None) -> Talk:
    place, placed = (_BELOW, (before.at, before.tie)) if before else ("", ())
    sql = f"SELECT {_COLUMNS} FROM {chosen} AND {_SPEAKS} {place} {_ORDER}"
    rows = await fetch(sql, *parameters, viewer_id, *placed, SHOWN + 1)
    shown = rows[:SHOWN]
    earlier = str(Cursor(shown[-1]["said_at"], shown[-1]["uri_hash"])) if len(rows) > SHOWN else None
    return Talk(tuple(_said(row) for row in reversed(shown)), earlier)


def _said(row: Row) -> Said:
    owner = row["owner_local"]
    return Said(
        Person(row["username"], row["host"], row["name"] or row["username"], row["url"]),
        row["description"],
        row["said_at"],
        row["page_url"],
        bool(row["is_reply"]),
        Person(
            row["owner_username"],
            row["owner_host"],
            row["owner_name"] or row["owner_username"],
            addresses.person(owner) if owner else row["owner_url"],
        ),
        addresses.bookmark(owner, row["public_id"]) if owner else row["about_url"],
        {Visibility.PRIVATE: "to you alone", Visibility.FOLLOWERS: "followers"}.get(row["visibility"], ""),
    )
