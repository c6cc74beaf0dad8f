"""A reader's network, narrowed: what they see through a list, one person or a tag, and without what they mute.

An entry is there through a save that passes; its place is the moment of the earliest such save, or of the latest words
that whoever is followed saved it with (decision 0060), and its words are those of such saves. Looked at are the newest
saves of each one followed, and of all those a bounded number: so a page may hold fewer entries than it could, and goes
on from the last save looked at. (decision 0028)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fedimark.database import Row, Sql, Values, fetch, fetch_one, fetch_values, for_each, marks
from fedimark.policy.mutes import Mutes
from fedimark.timelines.around import SAVE
from fedimark.timelines.entries import Entry
from fedimark.timelines.found import Found
from fedimark.timelines.merge import Merged
from fedimark.timelines.savers import entry_of, seen_by
from fedimark.timelines.saves import Around, Save, in_order
from fedimark.timelines.stream import Cursor
from fedimark.timelines.ways import FOLLOWED, Way, followed_by, network_of, own_way, ways

_AT_MOST = 20_000  # saves looked at for one page, of all who are followed together
_AT_LEAST = 8  # of each of them
_LAST = 2**62

_UNREAD = """
NOT EXISTS (SELECT 1 FROM bookmark o WHERE o.actor_id = ? AND o.link_id = b.link_id AND o.removed_at IS NULL)
"""
_LINK = f"""
SELECT e.link_id FROM entry e WHERE e.stream = {Merged.NETWORK} AND e.owner_id = ?
AND e.link_id = (SELECT l.id FROM link l WHERE l.hash = ?)
"""
_LINKS = "SELECT l.id AS link_id, l.hash, l.canonical, l.host, l.title, {seen} FROM link l WHERE l.id IN ({links})"
_FOLLOWS = "SELECT count(*) AS amount FROM follow WHERE follower_id = ? AND state = 'accepted'"
_MEMBERS = "SELECT count(*) AS amount FROM list_member WHERE list_id = ?"
_OWN = """
SELECT b.id, CAST(NULL AS BIGINT) AS at, 0 AS speaks FROM bookmark b WHERE b.link_id IN ({links}) AND b.actor_id = ?
"""


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a stream is looked at: from `place` on, newer or older, so many of each one followed."""

    place: tuple[int, int] | None
    newer: bool
    of_each: int

    @property
    def beyond(self) -> str:
        """How moments compare with the place."""
        return ">" if self.newer else "<"

    @property
    def order(self) -> str:
        """How moments are ordered."""
        return "ASC" if self.newer else "DESC"


async def candidates(found: Found, cursor: Cursor | None, limit: int) -> tuple[list[Row], bool]:
    """The newest moments at which something came, `link_id` and `position`, and whether there are more.

    A link may come at several moments: `entries_of` knows which of them is its place.
    """
    place = await _place(found, cursor) if cursor else None
    of_each = min(limit + 1, max(_AT_LEAST, _AT_MOST // max(await _followed(found), 1)))
    window = Window(place, cursor is not None and cursor.newer, of_each)
    branches = [_brought(found, way, window) for way in ways(found)]
    own = own_way(found)
    if own is not None:
        branches.append(_newest(found, own, "0", Sql(own.by), window))
    numbered = [f"SELECT {number} AS way, y.* FROM ({each.text}) y" for number, each in enumerate(branches)]
    # Beyond the last row of somebody who has more, others' rows are not all there is: the page ends before them.
    order, beyond = window.order, window.beyond
    sql = f"""
    WITH c AS MATERIALIZED ({" UNION ALL ".join(numbered)}),
    horizon AS (SELECT z.at, z.link_id FROM (SELECT c.at, c.link_id,
        row_number() OVER (PARTITION BY c.way, c.who ORDER BY c.at {order}, c.link_id {order}) AS number FROM c) z
        WHERE z.number = {of_each} ORDER BY z.at {order}, z.link_id {order} LIMIT 1)
    SELECT c.link_id, c.at AS position, (SELECT count(*) FROM horizon) AS cut FROM c
    WHERE NOT EXISTS (SELECT 1 FROM horizon h WHERE (c.at, c.link_id) {beyond} (h.at, h.link_id))
    GROUP BY c.link_id, c.at ORDER BY 2 {order}, 1 {order} LIMIT {limit + 1}
    """
    rows = await fetch(sql, *(value for branch in branches for value in branch.values))
    return rows[:limit], len(rows) > limit or bool(rows and rows[0]["cut"])


async def entries_of(found: Found, lines: Sequence[Row], mutes: Mutes) -> list[tuple[Row, Entry]]:
    """Those lines that are places of links, in their order, each with its entry in the words of the saves that pass.

    In the whole network every line is the place of its link.
    """
    link_ids = list(dict.fromkeys(line["link_id"] for line in lines))
    if not link_ids:
        return []
    own: dict[int, list[Save]] = defaultdict(list)
    saves: dict[int, dict[int, Save]] = defaultdict(dict)
    places: dict[int, int] = {}
    said: dict[int, int] = {}
    for at, is_word, *columns in await _passing(found, link_ids):
        save = Save._make(columns)
        link_id, is_own = save.link_id, save.actor_id == found.viewer_id
        if is_own:
            own[link_id].append(save)
        if at is not None and (is_own or not mutes or not mutes.hide(save._asdict())):
            saves[link_id][save.id] = save
            places[link_id] = min(at, places.get(link_id, _LAST))
            if is_word and save.description and not is_own:
                said[link_id] = max(at, said.get(link_id, 0))
    places |= said
    viewer_id, seen = found.viewer_id, seen_by(found.viewer_id)
    sql = _LINKS.format(seen=seen.text, links=marks(len(link_ids)))
    links = {row["link_id"]: row for row in await fetch(sql, *seen.values, *link_ids)}
    is_whole, kept = network_of(found).is_whole, []
    # What leaves is read by whoever has its key: the reader's own saves speak there as to everybody.
    reader_id = 0 if network_of(found).leaves else viewer_id
    for line in lines:
        link_id, at = line["link_id"], line["position"]
        if link_id in places and link_id in links and (is_whole or places[link_id] == at):
            place = {**links[link_id], "position": at}
            passing = in_order(saves[link_id].values())
            kept.append((place, entry_of(place, Around(passing, passing), reader_id, mine=own[link_id])))
    return kept


async def _place(found: Found, cursor: Cursor) -> tuple[int, int]:
    """A cursor's moment, and the row of the link that breaks the tie there, of those in the reader's network."""
    row = await fetch_one(_LINK, found.viewer_id, cursor.tie)
    return cursor.at, int(row["link_id"]) if row else (0 if cursor.newer else _LAST)


async def _followed(found: Found) -> int:
    """How many are followed in this stream."""
    stream = network_of(found)
    if stream.from_id:
        return 1
    sql, value = (_MEMBERS, stream.list_id) if stream.list_id else (_FOLLOWS, found.viewer_id)
    row = await fetch_one(sql, value)
    return int(row["amount"]) if row else 0


def _brought(found: Found, way: Way, window: Window) -> Sql:
    """The newest of what each one followed brought in one way: `who`, `link_id`, `at`."""
    inner, followed = _newest(found, way, "m.id", Sql(way.by), window), followed_by(found)
    # Nobody is asked for what only a tag brings, or only others.
    followed &= Sql("m.tag_id IS NOT NULL" if way.from_tag else "m.tag_id IS NULL")
    text = for_each(("who", "link_id", "at"), FOLLOWED, inner.text, followed.text)
    return Sql(text, (*inner.values, *followed.values))


def _newest(found: Found, way: Way, who: str, chosen: Sql, window: Window) -> Sql:
    chosen &= way.where
    if window.place:
        chosen &= Sql(f"({way.at}, b.link_id) {window.beyond} (?, ?)", window.place)
    since = network_of(found).unread_since
    if since is not None:
        chosen &= Sql(f"{way.at} > ? AND {_UNREAD}", (since, found.viewer_id))
    sql = f"""
    SELECT q.who, q.link_id, q.at FROM (
        SELECT {who} AS who, b.link_id, {way.at} AS at FROM {way.tables} WHERE {chosen.text}
        ORDER BY {way.at} {window.order}, b.link_id {window.order} LIMIT {window.of_each}) q
    """
    return Sql(sql, chosen.values)


async def _passing(found: Found, link_ids: Sequence[int]) -> Sequence[Values]:
    """The saves of some links that pass, each after the moment since which it does, and whether its words are those of
    somebody followed.

    The reader's own come besides, with no moment, for their marks.
    """
    of_links = Sql(f"b.link_id IN ({marks(len(link_ids))})", tuple(link_ids))
    parts = [_passing_by(found, way, of_links) for way in ways(found)]
    own = own_way(found)
    if own is not None:
        chosen = of_links & Sql(own.by) & own.where
        parts.append(Sql(f"SELECT b.id, {own.at} AS at, 0 FROM {own.tables} WHERE {chosen.text}", chosen.values))
    mine = _OWN.format(links=marks(len(link_ids))) + " AND b.removed_at IS NULL"
    parts.append(Sql(mine, (*link_ids, found.viewer_id)))
    sql = f"""
    SELECT w.at, CASE WHEN a.kind <> 'Feed' THEN w.speaks ELSE 0 END AS speaks, {SAVE}
    FROM ({" UNION ALL ".join(part.text for part in parts)}) w
    JOIN bookmark b ON b.id = w.id JOIN actor a ON a.id = b.actor_id
    """
    return await fetch_values(sql, *(value for part in parts for value in part.values))


def _passing_by(found: Found, way: Way, of_links: Sql) -> Sql:
    followed = followed_by(found)
    if way.from_tag:
        # From the tag on, which has an index for each link: SQLite takes `= TRUE` for a part of it.
        in_tag = Sql(f"y.listed = TRUE AND {of_links.text.replace('b.link_id', 'y.link_id')}", of_links.values)
        chosen = in_tag & way.where & followed
        tables = f"{FOLLOWED} JOIN ({way.tables}) ON {way.by}"
        return Sql(f"SELECT b.id, {way.at} AS at, 0 AS speaks FROM {tables} WHERE {chosen.text}", chosen.values)
    chosen = (
        of_links
        & way.where
        & Sql(f"EXISTS (SELECT 1 FROM {FOLLOWED} WHERE {way.by} AND {followed.text})", followed.values)
    )
    speaks = int(way.speaks)
    sql = f"SELECT b.id, {way.at} AS at, {speaks} AS speaks FROM {way.tables} WHERE {chosen.text}"
    return Sql(sql, chosen.values)
