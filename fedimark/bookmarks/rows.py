"""The one place that keeps a bookmark's row in agreement with everything made from it.

Made from it are the tag index, the tallies, the link's count of savers and the timelines. Local saves and notes that
arrive both go through here, inside `write()`, so they cannot merge differently.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from fedimark.bookmarks.looking import LOOK_AFTER, LOOK_AGAIN
from fedimark.database import Row, execute, fetch, marks
from fedimark.here import here, now
from fedimark.policy.visibility import Visibility
from fedimark.text import slugs, tags, urls
from fedimark.text.works import PAGES_VERSION, page_of
from fedimark.timelines.merge import hold, merge_bookmark, unmerge_bookmark

EVERYONE = 0  # owner of the tallies that everybody may see
ALL_TAGS = 0  # tag of the tallies that count all of an owner's bookmarks

_LINK = """
INSERT INTO link (hash, canonical, canonical_version, host, savers, sites) VALUES (?, ?, ?, ?, 0, 0)
ON CONFLICT (hash) DO UPDATE SET hash = excluded.hash RETURNING id, COALESCE(root_id, id) AS root_id
"""
# Once somebody shows everybody that they saved a page, it is read, and again when that is long ago.
_COUNT_SAVERS = """
UPDATE link SET (savers, sites, look_at) = (SELECT count(DISTINCT b.actor_id), count(DISTINCT a.site),
    COALESCE(link.look_at, CASE WHEN count(*) > 0 AND COALESCE(link.looked_at, 0) < ? THEN CAST(? AS BIGINT) END)
    FROM bookmark b JOIN actor a ON a.id = b.actor_id WHERE b.link_id = ? AND b.listed) WHERE id = ?
"""
# An author elsewhere hid it and shows it again: whoever shared it did so still.
_SHARES_RETURN = "UPDATE share SET bookmark_id = ?, hidden_at = NULL WHERE object_hash = ? AND bookmark_id IS NULL"
_SHARES_WAIT = "UPDATE share SET bookmark_id = NULL, hidden_at = ? WHERE bookmark_id = ?"
# What the index is made from: a change of anything else leaves it alone.
_INDEXED = ("link_id", "tags", "visibility", "listed", "saved_at", "removed_at")

# Columns a saver may say nothing of; the tables themselves know no defaults.
_UNSAID = {
    **dict.fromkeys(("title", "description", "private_note", "tags", "page_url"), ""),
    **dict.fromkeys(("listed", "to_read", "starred", "archived"), False),
    "is_save": True,
}

_Lines = Counter[tuple[int, int, int]]  # owner, tag, visibility of a tally → by how much it changes


async def link_id_of(url: str) -> int:
    """The row that saves of a URL's page hang on, made when the page is new."""
    return int((await link_of(url))["root_id"])


async def link_of(url: str) -> Row:
    """A URL's own page, made when it is new: `id`, and `root_id`, which is another where it is an alias.

    The row is held until the transaction ends.
    """
    page = page_of(url)
    values = (urls.link_hash(page), page, PAGES_VERSION, urls.host_of(page)[:255])
    return (await fetch(_LINK, *values))[0]


async def put(values: Mapping[str, Any]) -> Row:
    """Write a new bookmark and all that is made from it; returns its row."""
    values = {**_UNSAID, **values}
    await hold("actor", values["actor_id"])
    columns = ", ".join(values)
    sql = f"INSERT INTO bookmark ({columns}) VALUES ({marks(len(values))}) RETURNING *"
    row = (await fetch(sql, *values.values()))[0]
    if not row["is_local"]:
        await execute(_SHARES_RETURN, row["id"], row["uri_hash"])
    await _tally(await _index(row))
    return row


async def change(before: Row, values: Mapping[str, Any]) -> Row:
    """Change a bookmark and all that is made from it; returns its row as it is now.

    `before` is the row as it stands: read it once its saver is held.
    """
    moved = any(name in values and values[name] != before[name] for name in _INDEXED)
    lines = await _unindex(before) if moved else Counter()
    columns = ", ".join(f"{name} = ?" for name in values)
    row = (await fetch(f"UPDATE bookmark SET {columns} WHERE id = ? RETURNING *", *values.values(), before["id"]))[0]
    if moved:
        lines.update(await _index(row))
        await _tally(lines)
    if row["link_id"] != before["link_id"]:
        await _settle(before["link_id"])
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
    await _settle(row["link_id"])


async def bury(uri: str, uri_hash: str) -> None:
    """Remember for ever that an object ended."""
    sql = "INSERT INTO tombstone (uri_hash, uri, deleted_at) VALUES (?, ?, ?) ON CONFLICT (uri_hash) DO NOTHING"
    await execute(sql, uri_hash, uri, now())


async def _index(row: Row) -> _Lines:
    """Everything made from a live row but its tallies, which are returned; a removed one has none of it."""
    await _settle(row["link_id"])
    if row["removed_at"] is not None:
        return Counter()
    ids = await _tag_ids(row["tags"].split())
    if row["is_local"] and row["listed"]:
        await _publish([tag_id for key, tag_id in ids.items() if not key.startswith(".")])
    if ids:
        sql = "INSERT INTO bookmark_tag (bookmark_id, tag_id, actor_id, link_id, visibility, listed, saved_at) VALUES "
        same = (row["actor_id"], row["link_id"])
        values = [(row["id"], tag_id, *same, *_reach(key, row), row["saved_at"]) for key, tag_id in sorted(ids.items())]
        await execute(sql + ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(values)), *(v for line in values for v in line))
    await merge_bookmark(row)
    return _lines(row, ids)


async def _unindex(row: Row) -> _Lines:
    """Take out everything made from a row, before it changes; returns what its tallies lose."""
    await hold("actor", row["actor_id"])
    # Two savers of one page settle it one after the other.
    await hold("link", row["link_id"])
    if row["removed_at"] is not None:
        return Counter()
    ids = await _tag_ids(row["tags"].split())
    await unmerge_bookmark(row)
    await execute("DELETE FROM bookmark_tag WHERE bookmark_id = ?", row["id"])
    return Counter({line: -amount for line, amount in _lines(row, ids).items()})


async def _settle(link_id: int) -> None:
    moment = now()
    look_at = moment + LOOK_AFTER if here().settings.read_pages else None
    await execute(_COUNT_SAVERS, moment - LOOK_AGAIN, look_at, link_id, link_id)


async def _tag_ids(words: Sequence[str]) -> dict[str, int]:
    """Key → id of each tag, rows made where a tag is new, in the order of keys lest two writers block each other."""
    keys = sorted({tags.key(word) for word in words})
    if not keys:
        return {}
    have = await fetch(f"SELECT id, key FROM tag WHERE key IN ({marks(len(keys))})", *keys)
    if len(have) < len(keys):
        missing = [key for key in keys if key not in {row["key"] for row in have}]
        sql = f"""
        INSERT INTO tag (key, slug) VALUES {", ".join(["(?, ?)"] * len(missing))}
        ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id, key
        """
        have += await fetch(sql, *(value for key in missing for value in (key, slugs.slug(key))))
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
    """Raise and lower tallies in one statement and one order, lest two writers block each other."""
    changed = sorted((*line, amount) for line, amount in lines.items() if amount)
    if not changed:
        return
    sql = f"""
    INSERT INTO tally (owner_id, tag_id, visibility, amount) VALUES {", ".join(["(?, ?, ?, ?)"] * len(changed))}
    ON CONFLICT (owner_id, tag_id, visibility) DO UPDATE SET amount = tally.amount + excluded.amount
    """
    await execute(sql, *(value for line in changed for value in line))
