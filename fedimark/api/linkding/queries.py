"""Lists as linkding's clients ask for them: filtered, sorted, any part of any length.

A part of at most 500 is two statements, the number of all and the rows; of longer ones each 500 more are one more, so
memory stays flat.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Final

from fedimark.api.linkding.asked import Filters, Slice
from fedimark.api.linkding.spelling import normal, spellings
from fedimark.bookmarks.bundles import SHARED, held_by, held_of_others
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.tags import spelled
from fedimark.database import Row, fetch, fetch_one, marks
from fedimark.policy.blocks import not_hidden
from fedimark.search.matching import NOBODY, own_matches
from fedimark.text.query import parse
from fedimark.text.urls import link_hash
from fedimark.text.works import page_of

AT_ONCE: Final = 500

_SHARERS: Final = "b.is_local AND a.suspended_at IS NULL AND a.gone_at IS NULL"
# Marks are changes too, but for their owner alone: what they change of a row is told by its trace.
_MODIFIED: Final = "CASE WHEN c.changed_at > b.updated_at THEN c.changed_at ELSE b.updated_at END"
_MINE: Final = "bookmark b LEFT JOIN trace c ON c.actor_id = b.actor_id AND c.url_md5 = b.url_md5"
_OWN: Final = f"""
SELECT b.*, {_MODIFIED} AS modified_at FROM {_MINE}
WHERE b.actor_id = ? AND b.id = ? AND b.is_local AND b.removed_at IS NULL
"""
_SAME: Final = f"""
SELECT b.*, {_MODIFIED} AS modified_at FROM {_MINE} JOIN link l ON COALESCE(l.root_id, l.id) = b.link_id
WHERE b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND l.hash IN ({{}}) ORDER BY b.saved_at, b.id
"""
# A tag as its owner spelled it last, and since when they have it: each by one look into the tag's index.
_TAGS: Final = """
SELECT g.id, g.key, (SELECT min(t.saved_at) FROM bookmark_tag t WHERE t.tag_id = g.id AND t.actor_id = y.owner_id)
AS added_at, (SELECT b.tags FROM bookmark_tag t JOIN bookmark b ON b.id = t.bookmark_id
    WHERE t.tag_id = g.id AND t.actor_id = y.owner_id ORDER BY t.saved_at DESC, t.bookmark_id DESC LIMIT 1) AS spelled
FROM (SELECT DISTINCT owner_id, tag_id FROM tally WHERE owner_id = ? AND tag_id > 0 AND amount > 0) y
JOIN tag g ON g.id = y.tag_id WHERE {} ORDER BY g.key LIMIT ? OFFSET ?
"""
_TAGS_COUNTED: Final = """
SELECT count(DISTINCT tag_id) AS amount FROM tally WHERE owner_id = ? AND tag_id > 0 AND amount > 0
"""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of bookmarks that exists for its asker: which rows are in it, when they changed, and in which order."""

    tables: str
    where: str
    parameters: tuple[object, ...]
    modified: str = "b.updated_at"
    key: str = "b.saved_at"
    is_rising: bool = False

    def narrowed(self, condition: str, *parameters: object) -> Listed:
        """Those of it that also meet a condition."""
        return replace(self, where=f"{self.where} AND {condition}", parameters=(*self.parameters, *parameters))


def own_list(owner: Owner, filters: Filters, *, archived: bool) -> Listed:
    """The asker's own bookmarks, those that are archived or those that are not."""
    put_away = "b.archived" if archived else "NOT b.archived"
    mine = f"b.actor_id = ? AND b.is_local AND b.removed_at IS NULL AND {put_away}"
    return _filtered(Listed(_MINE, mine, (owner.actor_id,), _MODIFIED), filters, owner.actor_id)


def shared_list(viewer_id: int, filters: Filters) -> Listed:
    """What people of this server show everybody; of one of them what stands on their page for everybody."""
    everybody = f"b.removed_at IS NULL AND {_SHARERS} AND {not_hidden('b.actor_id')}"
    found = Listed("bookmark b JOIN actor a ON a.id = b.actor_id", everybody, (viewer_id,))
    if filters.user:
        found = found.narrowed(f"a.local_name = ? AND b.visibility >= {SHARED}", filters.user.lower())
    else:
        found = found.narrowed("b.listed")
    if filters.bundle is not None:
        condition, held = held_of_others(filters.bundle)
        found = found.narrowed(f"({condition})", *held)
    # What others marked is nobody's to ask for.
    return _filtered(found, replace(filters, unread=None, bundle=None), NOBODY)


def _filtered(found: Listed, filters: Filters, searched_by: int) -> Listed:
    if filters.unread is not None:
        found = found.narrowed("b.to_read" if filters.unread else "NOT b.to_read")
    if filters.shared is not None:
        found = found.narrowed(f"b.visibility {'>=' if filters.shared else '<'} {SHARED}")
    for moment, since in (("b.saved_at", filters.added_since), (found.modified, filters.modified_since)):
        if since is not None:
            found = found.narrowed(f"{moment} > ?", since)
    sought = own_matches(parse(filters.q), searched_by)
    found = found.narrowed(f"({sought.text})", *sought.values)
    if filters.bundle is not None:
        condition, held = held_by(filters.bundle)
        found = found.narrowed(f"({condition})", *held)
    name, _, direction = filters.sort.partition("_")
    orders = {"added": "b.saved_at", "modified": found.modified, "title": "lower(b.title)"}
    return replace(found, key=orders[name], is_rising=direction == "asc")


async def amount(found: Listed) -> int:
    """How many bookmarks there are in a list."""
    row = await fetch_one(f"SELECT count(*) AS amount FROM {found.tables} WHERE {found.where}", *found.parameters)
    return int(row["amount"]) if row else 0


async def parts(found: Listed, part: Slice) -> AsyncIterator[list[Row]]:
    """The rows of a part of a list, 500 at a time."""
    beyond, order = (">", "ASC") if found.is_rising else ("<", "DESC")
    select = f"SELECT b.*, {found.modified} AS modified_at, {found.key} AS place FROM {found.tables} WHERE"
    ordered = f"ORDER BY {found.key} {order}, b.id {order}"
    left, last = part.limit, None
    while left > 0:
        some = min(left, AT_ONCE)
        if last is None:
            sql = f"{select} {found.where} {ordered} LIMIT ? OFFSET ?"
            rows = await fetch(sql, *found.parameters, some, part.offset)
        else:
            sql = f"{select} {found.where} AND ({found.key}, b.id) {beyond} (?, ?) {ordered} LIMIT ?"
            rows = await fetch(sql, *found.parameters, last["place"], last["id"], some)
        if rows:
            yield rows
        if len(rows) < some:
            return
        left, last = left - some, rows[-1]


async def own_row(owner: Owner, number: int) -> Row | None:
    """One of the asker's own live bookmarks by its number."""
    return await fetch_one(_OWN, owner.actor_id, number)


async def same_row(owner: Owner, url: str) -> Row | None:
    """The asker's own live bookmark that linkding would take for the same URL, the exact spelling first.

    It lower-cases scheme and host, drops a slash at the end and sorts the query's parts.
    """
    hashes = sorted({link_hash(page_of(spelling)) for spelling in spellings(url)})
    rows = await fetch(_SAME.format(marks(len(hashes))), owner.actor_id, *hashes)
    same = [row for row in rows if normal(row["url"]) == normal(url)]
    return next((row for row in same if row["url"] == url), same[0] if same else None)


async def own_tags(owner: Owner, part: Slice) -> AsyncIterator[list[Row]]:
    """The tags that the asker's bookmarks carry, in the order of their keys, 500 at a time; as `spelled_of` reads."""
    left, offset = part.limit, part.offset
    while left > 0:
        some = min(left, AT_ONCE)
        rows = await fetch(_TAGS.format("TRUE"), owner.actor_id, some, offset)
        if rows:
            yield rows
        if len(rows) < some:
            return
        left, offset = left - some, offset + some


async def tags_amount(owner: Owner) -> int:
    """How many different tags the asker's bookmarks carry."""
    row = await fetch_one(_TAGS_COUNTED, owner.actor_id)
    return int(row["amount"]) if row else 0


async def own_tag(owner: Owner, *, number: int = 0, key: str = "") -> Row | None:
    """One of these tags, by its number or by its key."""
    condition, named = ("g.key = ?", key) if key else ("g.id = ?", number)
    rows = await fetch(_TAGS.format(condition), owner.actor_id, named, 1, 0)
    return rows[0] if rows else None


def spelled_of(row: Row) -> str:
    """A tag as its owner spelled it last."""
    return spelled(row["key"], row["spelled"])
