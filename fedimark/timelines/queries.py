"""Pages of streams, in a fixed number of statements: find the stream, one page of lines, their savers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from fedimark.database import Row, at_once, fetch, fetch_one, is_sqlite, marks, together
from fedimark.errors import NotFound
from fedimark.policy.blocks import not_hidden
from fedimark.policy.mutes import Mutes, mutes_of
from fedimark.policy.visibility import Viewer, Visibility
from fedimark.text.query import parse
from fedimark.timelines.amounts import put_away
from fedimark.timelines.entries import Entry, Page
from fedimark.timelines.found import Found, find
from fedimark.timelines.link import with_sources
from fedimark.timelines.merge import EVERYWHERE, HERE, PASSED_ON, Merged
from fedimark.timelines.narrowed import candidates, entries_of
from fedimark.timelines.popular import popular_lines
from fedimark.timelines.reactions import with_reactions, with_sharers
from fedimark.timelines.saved import saved, tagged
from fedimark.timelines.savers import OF_BOOKMARK, merged_entries, own_entries, seen_by, unmuted
from fedimark.timelines.searching import Sought, search
from fedimark.timelines.stream import (
    Cursor,
    LinkStream,
    NetworkStream,
    PersonStream,
    PopularStream,
    RecentStream,
    SearchStream,
    TagStream,
)
from fedimark.timelines.tag_actors import was_public
from fedimark.timelines.ways import network_of

__all__ = [
    "Found",
    "at_once",
    "cloud",
    "find",
    "link_of_md5",
    "page",
    "related",
    "together",
    "whole_network",
]

# Of the streams everybody reads: that a link has a saver whom this viewer neither blocks nor mutes.
_UNBLOCKING = "NOT EXISTS (SELECT 1 FROM block k WHERE k.blocker_id = ?)"
_SOMEBODY_SEEN = {
    Merged.TAG: f"""({_UNBLOCKING} OR EXISTS (SELECT 1 FROM bookmark_tag t
    WHERE t.tag_id = e.owner_id AND t.link_id = e.link_id AND t.listed = TRUE AND {not_hidden("t.actor_id")})
    OR EXISTS (SELECT 1 FROM {PASSED_ON} AND g.tag_id = e.owner_id AND b.link_id = e.link_id
    AND {not_hidden("b.actor_id")}))""",
    Merged.RECENT: f"""({_UNBLOCKING} OR EXISTS (SELECT 1 FROM bookmark b
    WHERE b.link_id = e.link_id AND b.listed AND (e.owner_id = {EVERYWHERE} OR b.is_local)
    AND {not_hidden("b.actor_id")}))""",
}
_LINK = "SELECT id FROM link WHERE hash = ?"
_LOOKS = 4  # at so many parts of a network at most, while nothing in them passes
_HASHES = "SELECT id, hash FROM link WHERE id IN ({})"
_LAST = 2**62  # beyond every id
_NEVER = 2**31 - 1  # so often no tag is used


async def page(found: Found, cursor: Cursor | None, limit: int) -> Page:
    """One page of a stream, newest first, with the cursors of its neighbours.

    Raises NotFound for a tag or a link of which this viewer sees nothing, so it answers exactly like an unknown one;
    but a tag that was public once stays, empty, for whoever follows it.
    """
    if isinstance(found.stream, PopularStream):
        lines = await popular_lines(found.stream, found.tag_ids, found.viewer_id)
        entries = await merged_entries(lines, found.viewer_id)
        return Page(tuple(await with_reactions(entries, found.viewer_id) if found.viewer else entries))
    if isinstance(found.stream, SearchStream):
        return await search(found.viewer, Sought(parse(found.stream.text)), cursor, limit)
    mutes: Mutes | None = None
    if isinstance(found.stream, NetworkStream):
        mutes = await mutes_of(found.viewer_id)
        if mutes or not found.stream.is_whole:
            return await _narrowed(found, mutes, cursor, limit)
    lines = [] if found.is_hidden else await _lines(found, cursor, limit + 1)
    more = len(lines) > limit
    if not lines and (found.tag_ids or found.link) and not await _is_known(found):
        raise NotFound
    lines = lines[:limit]
    newer = cursor is not None and cursor.newer
    if newer:
        lines.reverse()
    first, last = (_cursor_of(lines[0]), _cursor_of(lines[-1])) if lines else (None, None)
    if isinstance(found.stream, PersonStream):
        entries = await own_entries(lines, found.viewer_id, is_owner=found.is_owner)
    elif isinstance(found.stream, LinkStream):
        lines = await unmuted(lines, found.viewer_id)
        entries = await with_sources(found, lines, await own_entries(lines, found.viewer_id, is_owner=False))
    else:
        entries = await merged_entries(lines, found.viewer_id, mutes=mutes)
        if len(entries) < len(lines):  # what moves to another link between two statements stands there now
            lines = (await _lines(found, cursor, limit + 1))[:limit]
            entries = await merged_entries(lines[::-1] if newer else lines, found.viewer_id)
    # Strangers see numbers where one page is spoken of alone; with one's own nothing can be done.
    if isinstance(found.stream, NetworkStream):
        entries = await _passed_on(entries, found.viewer_id)
    elif (found.viewer and not found.is_owner) or isinstance(found.stream, LinkStream):
        entries = await with_reactions(entries, found.viewer_id)
    return Page(
        tuple(entries),
        earlier=str(last) if last and (more or newer) else None,
        later=str(first) if first and cursor and (more or not newer) else None,
    )


async def _narrowed(found: Found, mutes: Mutes, cursor: Cursor | None, limit: int) -> Page:
    """A page of a network from which something is left out: of twice as many lines as it shows, those that pass."""
    newer = cursor is not None and cursor.newer
    lines, more = await _looked_at(found, cursor, 2 * limit)
    shown, looked_at, beyond = await entries_of(found, lines, mutes), await _ends(lines), _LOOKS - 1
    while more and not shown and looked_at and beyond:
        last_seen = _cursor_of(looked_at[-1])
        lines, more = await _looked_at(found, Cursor(last_seen.at, last_seen.tie, newer), 2 * limit)
        shown, looked_at, beyond = await entries_of(found, lines, mutes), await _ends(lines) or looked_at, beyond - 1
    if len(shown) > limit:
        shown, more = shown[:limit], True
        looked_at = [shown[0][0], shown[-1][0]]
    if newer:
        shown.reverse()
        looked_at.reverse()
    first, last = (str(_cursor_of(looked_at[0])), str(_cursor_of(looked_at[-1]))) if looked_at else (None, None)
    return Page(
        tuple(await _passed_on([entry for _, entry in shown], found.viewer_id)),
        earlier=last if more or newer else None,
        later=first if cursor and (more or not newer) else None,
    )


async def _passed_on(entries: Sequence[Entry], viewer_id: int) -> list[Entry]:
    """Entries of a network, with whom of it shared them and what the reader can do with them."""
    shared, reacted = await at_once(
        partial(with_sharers, entries, viewer_id), partial(with_reactions, entries, viewer_id)
    )
    return [
        other._replace(sharers=one.sharers) if one.sharers else other
        for one, other in zip(shared, reacted, strict=True)
    ]


async def _looked_at(found: Found, cursor: Cursor | None, limit: int) -> tuple[list[Row], bool]:
    if not network_of(found).is_whole:
        return await candidates(found, cursor, limit)
    rows = await _lines(found, cursor, limit + 1)
    return rows[:limit], len(rows) > limit


async def _ends(lines: Sequence[Row]) -> list[Row]:
    """The first and the last of some lines, with the hash of their links."""
    ends = [lines[0], lines[-1]] if lines else []
    rows = await fetch(_HASHES.format(marks(len(ends))), *(line["link_id"] for line in ends)) if ends else []
    hashes = {row["id"]: row["hash"] for row in rows}
    return [{**line, "hash": hashes[line["link_id"]]} for line in ends if line["link_id"] in hashes]


async def whole_network(viewer: Viewer) -> list[Entry]:
    """Everything in a reader's network timeline with every saver named, for the command line."""
    found = Found(NetworkStream(), viewer)
    lines = await _lines(found, None, 1_000_000)
    entries: list[Entry] = []
    for start in range(0, len(lines), 200):
        entries += await merged_entries(lines[start : start + 200], viewer.actor_id, name_at_most=100_000)
    return entries


async def related(found: Found, limit: int = 12) -> list[tuple[str, int]]:
    """Tags that stand beside a stream's own, with how often, over its newest 200 bookmarks.

    Of everybody's tags those of most people come first, so that nobody weighs more by saving more.
    """
    if not isinstance(found.stream, PersonStream | TagStream) or not found.tag_ids or found.is_hidden:
        return []
    where, parameters = tagged(found)
    people = "0" if found.owner else "count(DISTINCT t.actor_id)"
    # The tags of a private kind have visibility 0 on their taggings, so only their owner meets them here.
    sql = f"""
    SELECT g.key, c.amount FROM (
        SELECT t.tag_id, count(*) AS amount, {people} AS people FROM (
            SELECT t0.bookmark_id FROM {where} ORDER BY t0.saved_at DESC, t0.bookmark_id DESC LIMIT 200) s
        JOIN bookmark_tag t ON t.bookmark_id = s.bookmark_id
        WHERE t.visibility >= {int(found.least)} AND t.tag_id NOT IN ({marks(len(found.tag_ids))})
        GROUP BY t.tag_id) c
    JOIN tag g ON g.id = c.tag_id ORDER BY c.people DESC, c.amount DESC, g.key LIMIT ?
    """
    rows = await fetch(sql, *parameters, *found.tag_ids, limit)
    return [(row["key"], int(row["amount"])) for row in rows]


async def cloud(found: Found, limit: int = 30) -> list[tuple[str, int]]:
    """A person's most used tags that this viewer may see."""
    if found.owner is None or found.is_hidden or found.is_elsewhere:
        return []
    # Summed up are only tags that can be among the most used, however many others there are. A tag has a tally for each
    # visibility, so the first `limit * kinds` tallies are of `limit` tags or more, and a tag that is used as much as
    # the last of those has one tally of a `kinds`-th of it at least. Where that leaves none out, all are summed up in
    # one go. Which of the two it is stands in what the index is asked for: SQLite would read every line before it looks
    # at a condition beside that. Conditions on owner and tag stand in the text for the partial index, and the tag's
    # number is no plain column, or SQLite would rather read all of them in order. PostgreSQL's index knows no amounts
    # but their ranks, one for each doubling: it finds some more to sum up.
    kinds = len(Visibility) - int(found.least)
    fewer = (kinds - 1).bit_length()  # ranks below: a `kinds`-th
    by, least, part = ("amount", kinds, f"/ {kinds}") if is_sqlite() else ("rank", fewer + 1, f"- {fewer}")
    theirs = f"owner_id = ? AND owner_id > 0 AND tag_id > 0 AND visibility >= {int(found.least)}"
    sql = f"""
    WITH f AS MATERIALIZED (SELECT COALESCE((
        SELECT {by} FROM tally WHERE {theirs} AND {by} >= {least}
        ORDER BY {by} DESC LIMIT 1 OFFSET ?) {part}, 1) AS few)
    SELECT g.key, y.amount FROM (
        SELECT w.tag_id, sum(w.amount) AS amount FROM (SELECT tag_id + 0 AS tag_id, amount FROM tally
            WHERE {theirs} AND {by} >= (SELECT CASE WHEN few <= 1 THEN 1 ELSE {_NEVER} END FROM f)) w GROUP BY w.tag_id
        UNION ALL
        SELECT c.tag_id, (SELECT sum(amount) FROM tally WHERE {theirs} AND tag_id = c.tag_id) FROM (
            SELECT DISTINCT tag_id + 0 AS tag_id FROM tally
            WHERE {theirs} AND {by} >= (SELECT CASE WHEN few > 1 THEN few ELSE {_NEVER} END FROM f)) c
        ORDER BY 2 DESC, 1 LIMIT ?) y
    JOIN tag g ON g.id = y.tag_id ORDER BY 2 DESC, 1
    """
    owner_id = found.owner["id"]
    rows = await fetch(sql, owner_id, limit * kinds - 1, *[owner_id] * 3, limit)
    return [(row["key"], int(row["amount"])) for row in rows]


async def _lines(found: Found, cursor: Cursor | None, limit: int) -> list[Row]:
    """The rows of a page in its own order: bookmarks of one person or link, else entries of a merged stream."""
    beyond, order = (">", "ASC") if cursor and cursor.newer else ("<", "DESC")
    place, placed = _place(found, cursor) if cursor else ("", ())
    stream = found.stream
    if isinstance(stream, PersonStream | LinkStream):
        where, parameters = saved(found)
        # The same moment and id stand in the tag index, where they need no sorting.
        at, tie = ("t0.saved_at", "t0.bookmark_id") if found.tag_ids else ("b.saved_at", "b.id")
        if place:
            where += f" AND ({at}, {tie}) {beyond} {place}"
        # What a save was copied from stands on the page of its link alone.
        columns = f"{OF_BOOKMARK}, b.via" if found.link else OF_BOOKMARK
        sql = f"SELECT {columns} FROM {where} ORDER BY {at} {order}, {tie} {order} LIMIT ?"
        return await fetch(sql, *parameters, *placed, limit)
    if isinstance(stream, TagStream) and len(stream.tags) > 1:
        where, parameters = tagged(found)
        # Grouped while read: an intersection is too rare to be kept merged.
        having = f"HAVING (min(t0.saved_at), t0.link_id) {beyond} {place}" if place else ""
        lines = f"SELECT t0.link_id, min(t0.saved_at) AS position FROM {where} GROUP BY t0.link_id {having}"
    else:
        kind, owner_id = _merged(found)
        parameters = (owner_id,)
        lines = f"SELECT e.link_id, e.position FROM entry e WHERE e.stream = {kind} AND e.owner_id = ?"
        if found.viewer is not None and kind in _SOMEBODY_SEEN:
            seen = _SOMEBODY_SEEN[kind]
            lines += f" AND {seen}"
            parameters += (found.viewer_id,) * seen.count("?")
        if place:
            lines += f" AND (e.position, e.link_id) {beyond} {place}"
    # By number: of several taggings joined, each has a link_id.
    lines += f" ORDER BY 2 {order}, 1 {order} LIMIT ?"
    counted = seen_by(found.viewer_id)
    sql = f"""
    SELECT e.link_id, e.position, l.hash, l.canonical, l.host, l.title, {counted.text} FROM ({lines}) e
    JOIN link l ON l.id = e.link_id ORDER BY e.position {order}, e.link_id {order}
    """
    return await fetch(sql, *counted.values, *parameters, *placed, limit)


def _place(found: Found, cursor: Cursor) -> tuple[str, tuple[object, ...]]:
    """A cursor's moment, and the id of the row that breaks the tie there: so that no address shows how many there are.

    The row is looked for among what this viewer sees of the stream, lest a cursor tell whether anything else exists.
    When it has gone since, a page begins with all of its moment: better twice than never.
    """
    if isinstance(found.stream, PersonStream | LinkStream):
        where, parameters = saved(found)
        name = "uri_hash" if len(cursor.tie) == 40 else "public_id"
        row = f"SELECT b.id FROM {where} AND b.{name} = ?"
    elif len(found.tag_ids) > 1:
        where, parameters = tagged(found)
        row = f"SELECT t0.link_id FROM {where} AND t0.link_id = ({_LINK}) LIMIT 1"
    else:
        kind, owner_id = _merged(found)
        parameters = (owner_id,)
        row = f"SELECT link_id FROM entry WHERE stream = {kind} AND owner_id = ? AND link_id = ({_LINK})"
    gone = 0 if cursor.newer else _LAST
    return f"(?, COALESCE(({row}), {gone}))", (cursor.at, *parameters, cursor.tie)


def _merged(found: Found) -> tuple[Merged, int]:
    if isinstance(found.stream, TagStream):
        return Merged.TAG, found.tag_ids[0]
    if isinstance(found.stream, NetworkStream):
        return Merged.NETWORK, found.viewer_id
    return Merged.RECENT, HERE if isinstance(found.stream, RecentStream) and found.stream.here else EVERYWHERE


async def _is_known(found: Found) -> bool:
    """Whether an empty stream of a tag stays: everybody knew it once, or its owner archived all of it."""
    return await was_public(found) or (found.is_owner and bool(await put_away(found, Visibility.PRIVATE)))


def _cursor_of(line: Row) -> Cursor:
    if "position" in line:
        return Cursor(line["position"], line["hash"])
    return Cursor(line["saved_at"], line["public_id"] or line["uri_hash"])


async def link_of_md5(md5: str, viewer: Viewer | None) -> str:
    """The hash of the link that somebody saved under the exact URL with this md5 (Pinboard's `hash`).

    Raises NotFound when this viewer sees no such save.
    """
    sql = """
    SELECT l.hash FROM bookmark b JOIN link l ON l.id = b.link_id
    WHERE b.url_md5 = ? AND b.removed_at IS NULL AND (b.listed OR b.actor_id = ?) LIMIT 1
    """
    row = await fetch_one(sql, md5.lower(), viewer.actor_id if viewer else 0)
    if row is None:
        raise NotFound
    return str(row["hash"])
