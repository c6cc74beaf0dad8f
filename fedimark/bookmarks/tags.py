"""Renaming, merging and deleting a tag of one's own: over all bookmarks that carry it, a batch a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fedimark.bookmarks import giving, rows, untold
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.bookmarks.publications import respelled
from fedimark.database import Row, atomically, fetch, marks
from fedimark.errors import NotFound, Refused
from fedimark.here import here, now
from fedimark.outbox.consent import is_spoken
from fedimark.text import tags

_BATCH = 500
_CARRYING = """
SELECT b.* FROM bookmark_tag t JOIN tag g ON g.id = t.tag_id JOIN bookmark b ON b.id = t.bookmark_id
WHERE g.key = ? AND t.actor_id = ? AND b.id > ? ORDER BY b.id LIMIT ?
"""
# Each by one look into the tag's index.
_SPELLED = """
SELECT g.key, (SELECT b.tags FROM bookmark_tag t JOIN bookmark b ON b.id = t.bookmark_id
    WHERE t.tag_id = g.id AND t.actor_id = y.owner_id ORDER BY t.saved_at DESC, t.bookmark_id DESC LIMIT 1) AS spelled
FROM (SELECT DISTINCT owner_id, tag_id FROM tally WHERE owner_id = ? AND tag_id > 0 AND amount > 0) y
JOIN tag g ON g.id = y.tag_id WHERE TRUE {}
"""


@dataclass(frozen=True, slots=True)
class TagCount:
    """One of a person's tags by its key, with how many bookmarks carry it."""

    key: str
    count: int


async def rename_tag(owner: Owner, old: str, new: str) -> int:
    """Give a tag another name; folds into a tag that is there already. Returns how many bookmarks changed.

    The old name is matched whatever its case. Raises NotFound, Refused for the field `new`.
    """
    read = tags.read(new)
    if len(read.tags) != 1 or read.refused:
        raise Refused("Give one tag, without spaces or commas, that isn’t made of dots alone.", field="new")
    return await _respell(owner, tags.key(old), read.tags)


async def delete_tag(owner: Owner, name: str) -> int:
    """Take a tag off all bookmarks; the bookmarks stay. Returns how many changed. Raises NotFound."""
    return await _respell(owner, tags.key(name), ())


async def own_tags(actor_id: int) -> list[TagCount]:
    """All tags of a person, private ones too, in the order of their keys."""
    sql = """
    SELECT g.key, sum(y.amount) AS count FROM tally y JOIN tag g ON g.id = y.tag_id
    WHERE y.owner_id = ? GROUP BY g.key HAVING sum(y.amount) > 0 ORDER BY g.key
    """
    return [TagCount(row["key"], int(row["count"])) for row in await fetch(sql, actor_id)]


async def spellings(actor_id: int, keys: Sequence[str] = ()) -> dict[str, str]:
    """A person's tags by their keys, each as they spelled it last; with `keys` only these."""
    among = f"AND g.key IN ({marks(len(keys))})" if keys else ""
    found = await fetch(_SPELLED.format(among), actor_id, *keys)
    return {row["key"]: spelled(row["key"], row["spelled"]) for row in found}


def spelled(key: str, words: str | None) -> str:
    """A tag as it stands among the tags of a bookmark; its key where it stands there no more."""
    return next((word for word in (words or "").split() if tags.key(word) == key), key)


async def _respell(owner: Owner, key: str, instead: Sequence[str]) -> int:
    found, changed, last = 0, 0, 0

    async def work() -> tuple[list[Row], int]:
        await hold_owner(owner)
        batch = await fetch(_CARRYING, key, owner.actor_id, last, _BATCH)
        return batch, sum([await respell(owner, row, {key: instead}) is not row for row in batch])

    while True:
        batch, respelled = await atomically(work)
        if not batch:
            break
        found, changed, last = found + len(batch), changed + respelled, batch[-1]["id"]
        here().wake.set()
    if not found:
        raise NotFound("You have no such tag.")
    return changed


async def respell(owner: Owner, row: Row, instead: Mapping[str, Sequence[str]]) -> Row:
    """Write some tags of one bookmark anew, each key as the words that take its place; as `spell`."""
    words: list[str] = []
    for word in row["tags"].split():
        words += instead.get(tags.key(word), (word,))
    return await spell(owner, row, words)


async def spell(owner: Owner, row: Row, words: Iterable[str]) -> Row:
    """Give one bookmark these tags, which are no news to anybody; inside `write()`, its owner held.

    Returns its row as it is now, the very same where nothing changes.
    """
    spelled = " ".join(tags.split(" ".join(words)))
    if spelled == row["tags"]:
        return row
    after = await rows.change(row, {"tags": spelled, "updated_at": max(now(), row["updated_at"] + 1)})
    await giving.respelled(row, after)
    if is_spoken(after):
        # What has another name is no news: tags take back and announce nothing.
        await respelled(owner, row, after)
        await untold.changed(after)
    return after
