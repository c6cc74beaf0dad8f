"""What importing reads of the database."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fedimark.bookmarks.draft import Draft, Owner
from fedimark.database import Row, among, fetch, several
from fedimark.here import MICROS, now
from fedimark.importing.uploads import KEEP_S
from fedimark.text import urls


async def existing(owner: Owner, drafts: Sequence[Draft]) -> dict[str, Row]:
    """The owner's bookmarks of these exact addresses, by address."""
    hashes = [urls.md5(draft.url) for draft in drafts]
    sql = f"SELECT * FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 {among('text')}"
    return {row["url"]: row for row in await fetch(sql, owner.actor_id, several(hashes))}


async def imports_of(account_id: int, *kinds: str, limit: int = 20) -> list[Row]:
    """The newest imports of an account, and what took them back: rows of `job`."""
    sql = f"SELECT * FROM job WHERE owner_id = ? AND kind {among('text')} ORDER BY id DESC LIMIT ?"
    return await fetch(sql, account_id, several(kinds), limit)


async def unfinished_uploads(kind: str) -> frozenset[str]:
    """The files that some import still wants."""
    sql = "SELECT payload FROM job WHERE kind = ? AND ended_at IS NULL AND (state <> 'held' OR created_at > ?)"
    rows = await fetch(sql, kind, now() - KEEP_S * MICROS)
    return frozenset(json.loads(row["payload"])["file"] for row in rows)
