"""Files that people keep with their bookmarks: pages as they looked, and anything else. Their owner's alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO, Final

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner
from fedimark.database import Row, among, atomically, execute, fetch, fetch_one, marks, several
from fedimark.errors import NotFound, TooLarge
from fedimark.here import here, now
from fedimark.language.said import _
from fedimark.media.assets import keep_asset, sweep_assets
from fedimark.text import clean

MOST: Final = 100  # with one bookmark
UNKNOWN_TYPE: Final = "application/octet-stream"
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,48}/[a-z0-9][a-z0-9!#$&^_.+-]{0,48}", re.ASCII)

_OF_BOOKMARK: Final = "SELECT * FROM asset WHERE actor_id = ? AND bookmark_id = ? ORDER BY id"
_ONE: Final = "SELECT * FROM asset WHERE actor_id = ? AND bookmark_id = ? AND id = ?"
_STANDS: Final = "SELECT id FROM bookmark WHERE actor_id = ? AND id = ? AND removed_at IS NULL"
_HELD: Final = """
SELECT COALESCE(sum(size), 0) AS size, count(CASE WHEN bookmark_id = ? THEN 1 END) AS amount
FROM asset WHERE actor_id = ?
"""
_COLUMNS: Final = "actor_id, bookmark_id, is_snapshot, digest, size, content_type, name, created_at"
_ADD: Final = f"INSERT INTO asset ({_COLUMNS}) VALUES ({marks(8)}) RETURNING *"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to be kept: what is in it, and what its sender calls it."""

    content: BinaryIO
    name: str
    content_type: str
    is_snapshot: bool = False


async def keep(owner: Owner, bookmark_id: int, upload: Upload) -> Row:
    """Keep a file with one of the owner's bookmarks.

    Raises NotFound, TooLarge beyond `asset_limit_bytes`, or where the owner has no more room, and Unavailable.
    """
    # Written first: a file that no row names is swept away, a row without its file would be a promise not kept.
    kept = await keep_asset(upload.content)

    async def work() -> Row:
        await hold_owner(owner)
        if await fetch_one(_STANDS, owner.actor_id, bookmark_id) is None:
            raise NotFound
        held = await fetch_one(_HELD, bookmark_id, owner.actor_id)
        assert held is not None
        most = here().settings.assets_limit_bytes
        if held["size"] + kept.size > most:
            raise TooLarge(_("Your files may have %(most)s MB together.", most=most // 1_048_576), field="file")
        if held["amount"] >= MOST:
            raise TooLarge(_("One bookmark can have %(most)s files.", most=MOST), field="file")
        [row] = await fetch(
            _ADD,
            *(owner.actor_id, bookmark_id, upload.is_snapshot, kept.digest, kept.size),
            *(plain_type(upload.content_type), clean.one_line(upload.name) or "file", now()),
        )
        return row

    return await atomically(work)


async def assets_of(owner: Owner, bookmark_id: int) -> list[Row]:
    """The files that are kept with one of the owner's bookmarks, oldest first."""
    return await fetch(_OF_BOOKMARK, owner.actor_id, bookmark_id)


async def own_asset(owner: Owner, bookmark_id: int, asset_id: int) -> Row:
    """One of them. Raises NotFound."""
    row = await fetch_one(_ONE, owner.actor_id, bookmark_id, asset_id)
    if row is None:
        raise NotFound("No BookmarkAsset matches the given query.")
    return row


async def drop(owner: Owner, bookmark_id: int, asset_id: int) -> None:
    """Keep a file no more; it is swept away within half an hour. Raises NotFound."""
    row = await own_asset(owner, bookmark_id, asset_id)
    await execute("DELETE FROM asset WHERE id = ?", row["id"])


async def sweep() -> int:
    """Throw away files that no bookmark has any more; returns how many."""
    return await sweep_assets(_wanted)


def plain_type(text: str) -> str:
    """A content type without parameters, or that of any bytes at all for what is none."""
    kind = text.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else UNKNOWN_TYPE


async def _wanted(digests: list[str]) -> frozenset[str]:
    rows = await fetch(f"SELECT DISTINCT digest FROM asset WHERE digest {among('text')}", several(digests))
    return frozenset(row["digest"] for row in rows)
