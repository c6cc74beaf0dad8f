"""The one place that keeps a bookmark's row in agreement with everything made from it.

Made from it are the tag index, the tallies, the link's count of savers and the timelines. Local saves and notes that
arrive both go through here, inside `write()`, so they cannot merge differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.database import Row, among, execute, fetch, insert_many, marks, several
from fedimark.here import here, now
from fedimark.policy.visibility import Visibility
from fedimark.text import slugs, tags, urls
from fedimark.text.works import PAGES_VERSION, page_of
from fedimark.timelines.merge import hold, merge_bookmarks, unmerge_bookmark

EVERYONE = 0  # owner of the tallies that everybody may see
ALL_TAGS = 0  # tag of the tallies that count all of an owner's bookmarks

# What a table's rows are inserted with, and what each column is in PostgreSQL.
_LINK = {
    **dict.fromkeys(("hash", "canonical"), "text"),
    "canonical_version": "smallint",
    "host": "text",
    **dict.fromkeys(("savers", "sites"), "integer"),
}
_BOOKMARK = {
    **dict.fromkeys(("actor_id", "link_id"), "bigint"),
    **dict.fromkeys(("public_id", "uri", "uri_hash", "page_url"), "text"),
    "is_local": "boolean",
    **dict.fromkeys(("url", "url_md5", "title", "description", "private_note", "tags"), "text"),
    "visibility": "smallint",
    **dict.fromkeys(("listed", "is_save", "to_read", "starred", "archived"), "boolean"),
    **dict.fromkeys(("saved_at", "updated_at"), "bigint"),
    **dict.fromkeys(("via", "via_hash"), "text"),
}
_TAG = {"key": "text", "slug": "text"}
_TAGGING = {
    **dict.fromkeys(("bookmark_id", "tag_id", "actor_id", "link_id"), "bigint"),
    "visibility": "smallint",
    "listed": "boolean",
    "saved_at": "bigint",
}
_TALLY = {"owner_id": "bigint", "tag_id": "bigint", "visibility": "smallint", "amount": "integer"}

# Columns a saver may say nothing of; the tables themselves know no defaults.
_UNSAID = {
    **dict.fromkeys(("title", "description", "private_note", "tags", "page_url", "via"), ""),
    **dict.fromkeys(("public_id", "uri", "uri_hash", "via_hash")),
    **dict.fromkeys(("listed", "to_read", "starred", "archived"), False),
    "is_save": True,
}

_ONE_LINK = """
ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING hash, id, COALESCE(root_id, id) AS root_id
"""
_ONE_TAG = "ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id, key"
_ADDED = """
ON CONFLICT (owner_id, tag_id, visibility) DO UPDATE SET amount = tally.amount + excluded.amount
"""
# Once somebody shows everybody that they saved a page, it is read, and again when that is long ago.
_COUNT_SAVERS = """
UPDATE link SET (savers, sites, look_at) = (SELECT count(DISTINCT b.actor_id), count(DISTINCT a.site),
    COALESCE(link.look_at, CASE WHEN count(*) > 0 AND COALESCE(link.looked_at, 0) < ? THEN CAST(? AS BIGINT) END)
    FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.link_id = link.id AND b.listed) WHERE id
"""
# An author elsewhere hid it and shows it again: who shared it did so still, and what others said about it was said.
_RETURNED = "(SELECT b.id FROM bookmark b WHERE b.uri_hash = object_hash) WHERE bookmark_id IS NULL AND object_hash"
_SHARES_RETURN = f"UPDATE share SET hidden_at = NULL, bookmark_id = {_RETURNED}"
_REMARKS_RETURN = f"UPDATE remark SET bookmark_id = {_RETURNED}"
_SHARES_WAIT = "UPDATE share SET bookmark_id = NULL, hidden_at = ? WHERE bookmark_id = ?"
# What the index is made from: a change of anything else leaves it alone.
_INDEXED = ("link_id", "tags", "visibility", "listed", "saved_at", "removed_at")

_Lines = Counter[tuple[int, int, int]]  # owner, tag, visibility of a tally → by how much it changes


async def link_id_of(url: str) -> int:
    """The row that saves of a URL's page hang on, made when the page is new."""
    return int((await link_of(url))["root_id"])


async def link_of(url: str) -> Row:
    """A URL's own page, made when it is new: `id`, and `root_id`, which is another where it is an alias.

    The row is held until the transaction ends.
    """
    return (await _links_of([url]))[url]


async def put(values: Mapping[str, Any]) -> Row:
    """Write a new bookmark and all that is made from it; returns its row."""
    return (await put_many([values]))[0]


async def put_many(values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Write new bookmarks and all that is made from them, by a fixed number of statements; returns their rows in order.

    Each hangs on its own page's link. Their savers are held by whoever calls: then links are taken, tags and tallies,
    each by their keys, so that two writers wait for each other in one order.
    """
    if not values:
        return []
    links = await _links_of(each["url"] for each in values)
    lines = [{**_UNSAID, **each, "link_id": links[each["url"]]["root_id"]} for each in values]
    written = await insert_many("bookmark", _BOOKMARK, lines, "RETURNING id, public_id, uri_hash")
    ids = {_name(row): row["id"] for row in written}
    rows = [{**line, "id": ids[_name(line)], "removed_at": None} for line in lines]
    arrived = [row["uri_hash"] for row in rows if not row["is_local"]]
    for returning in (_SHARES_RETURN, _REMARKS_RETURN) if arrived else ():
        await execute(f"{returning} {among('text')}", several(arrived))
    await _tally(await _index(rows))
    return rows


async def change(before: Row, values: Mapping[str, Any]) -> Row:
    """Change a bookmark and all that is made from it; returns its row as it is now.

    `before` is the row as it stands: read it once its saver is held.
    """
    moved = any(name in values and values[name] != before[name] for name in _INDEXED)
    lines = await _unindex(before) if moved else Counter()
    columns = ", ".join(f"{name} = ?" for name in values)
    row = (await fetch(f"UPDATE bookmark SET {columns} WHERE id = ? RETURNING *", *values.values(), before["id"]))[0]
    if moved:
        lines.update(await _index([row]))
        await _tally(lines)
    if row["link_id"] != before["link_id"]:
        await _settle([before["link_id"]])
    return row


async def drop(row: Row) -> None:
    """Take a bookmark out of the table, with all that is made from it."""
    lines = await _unindex(row)
    await execute("DELETE FROM bookmark WHERE id = ?", row["id"])
    if row["is_local"]:
        await execute("DELETE FROM share WHERE bookmark_id = ?", row["id"])
        await execute("DELETE FROM reaction WHERE bookmark_id = ?", row["id"])
        await execute("DELETE FROM remark WHERE bookmark_id = ?", row["id"])
    else:
        await execute(_SHARES_WAIT, now(), row["id"])
        await execute("UPDATE remark SET bookmark_id = NULL WHERE bookmark_id = ?", row["id"])
    await _tally(lines)
    await _settle([row["link_id"]])


async def bury(uri: str, uri_hash: str) -> None:
    """Remember for ever that an object ended."""
    sql = "INSERT INTO tombstone (uri_hash, uri, deleted_at) VALUES (?, ?, ?) ON CONFLICT (uri_hash) DO NOTHING"
    await execute(sql, uri_hash, uri, now())


def _name(line: Mapping[str, Any]) -> str:
    """What tells one bookmark from all others, of those written at once."""
    return str(line["public_id"] or line["uri_hash"])


async def _links_of(given: Iterable[str]) -> dict[str, Row]:
    """The link of each URL: `id`, and `root_id` that its bookmarks hang on; made where it is new, and held."""
    pages = {url: page_of(url) for url in given}
    hashes = {page: urls.link_hash(page) for page in pages.values()}
    lines = [
        {
            "hash": name,
            "canonical": page,
            "canonical_version": PAGES_VERSION,
            "host": urls.host_of(page)[:255],
            "savers": 0,
            "sites": 0,
        }
        for page, name in sorted(hashes.items(), key=lambda each: each[1])
    ]
    found = {row["hash"]: row for row in await insert_many("link", _LINK, lines, _ONE_LINK)}
    return {url: found[hashes[page]] for url, page in pages.items()}


async def _index(rows: Sequence[Row]) -> _Lines:
    """Everything made from live rows but their tallies, which are returned; a removed one has none of it."""
    await _settle({row["link_id"] for row in rows})
    live = [row for row in rows if row["removed_at"] is None]
    if not live:
        return Counter()
    keys = {row["id"]: sorted({tags.key(word) for word in row["tags"].split()}) for row in live}
    ids = await _tag_ids({key for each in keys.values() for key in each})
    public = {key for row in live if row["is_local"] and row["listed"] for key in keys[row["id"]]}
    await _publish([ids[key] for key in public if not key.startswith(".")])
    taggings = [_tagging(row, key, ids[key]) for row in live for key in keys[row["id"]]]
    await insert_many("bookmark_tag", _TAGGING, taggings)
    await merge_bookmarks([row["id"] for row in live])
    lines: _Lines = Counter()
    for row in live:
        lines.update(_lines(row, {key: ids[key] for key in keys[row["id"]]}))
    return lines


def _tagging(row: Row, key: str, tag_id: int) -> dict[str, Any]:
    visibility, listed = _reach(key, row)
    same = {name: row[name] for name in ("actor_id", "link_id", "saved_at")}
    return {"bookmark_id": row["id"], "tag_id": tag_id, "visibility": visibility, "listed": listed, **same}


async def _unindex(row: Row) -> _Lines:
    """Take out everything made from a row, before it changes; returns what its tallies lose."""
    await hold("actor", row["actor_id"])
    # Two savers of one page settle it one after the other.
    await hold("link", row["link_id"])
    if row["removed_at"] is not None:
        return Counter()
    ids = await _tag_ids({tags.key(word) for word in row["tags"].split()})
    await unmerge_bookmark(row)
    await execute("DELETE FROM bookmark_tag WHERE bookmark_id = ?", row["id"])
    return Counter({line: -amount for line, amount in _lines(row, ids).items()})


async def _settle(link_ids: Iterable[int]) -> None:
    moment = now()
    look_at = moment + LOOK_AFTER if here().settings.read_pages else None
    await execute(_COUNT_SAVERS + among(), moment - LOOK_AGAIN, look_at, several(sorted(link_ids)))


async def _tag_ids(keys: Iterable[str]) -> dict[str, int]:
    """Key → id of each tag, rows made where a tag is new, in the order of keys lest two writers block each other."""
    wanted = sorted(keys)
    if not wanted:
        return {}
    have = await fetch(f"SELECT id, key FROM tag WHERE key {among('text')}", several(wanted))
    known = {row["key"] for row in have}
    missing = [{"key": key, "slug": slugs.slug(key)} for key in wanted if key not in known]
    have += await insert_many("tag", _TAG, missing, _ONE_TAG)
    return {row["key"]: int(row["id"]) for row in have}


async def _publish(tag_ids: Sequence[int]) -> None:
    """Remember of tags that they were public here once: their streams can be followed for ever."""
    if tag_ids:
        sql = f"UPDATE tag SET public_at = ? WHERE id IN ({marks(len(tag_ids))}) AND public_at IS NULL"
        await execute(sql, now(), *sorted(tag_ids))


def _reach(key: str, row: Row) -> tuple[int, bool]:
    """Visibility and listing of one tagging: a private tag is its owner's alone, whatever it stands on."""
    if key.startswith("."):
        return int(Visibility.PRIVATE), False
    return row["visibility"], bool(row["listed"])


def _lines(row: Row, ids: Mapping[str, int]) -> _Lines:
    """The tallies that count a live row, each once."""
    lines = [(row["actor_id"], ALL_TAGS, row["visibility"])]
    lines += [(row["actor_id"], tag_id, _reach(key, row)[0]) for key, tag_id in ids.items()]
    if row["listed"]:
        lines += [(EVERYONE, tag_id, row["visibility"]) for key, tag_id in ids.items() if not key.startswith(".")]
    return Counter(lines)


async def _tally(lines: _Lines) -> None:
    """Raise and lower tallies in one order, lest two writers block each other."""
    names = tuple(_TALLY)
    changed = [dict(zip(names, (*line, amount), strict=True)) for line, amount in sorted(lines.items()) if amount]
    await insert_many("tally", _TALLY, changed, _ADDED)
