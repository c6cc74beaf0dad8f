"""Telling people here what others did with their bookmarks, inside the `write()` that takes it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fedimark import addresses
from fedimark.database import Row, among, fetch, fetch_one, several
from fedimark.here import now
from fedimark.notifications.tell import Kind, tell

_WRITER = "SELECT actor_id FROM remark WHERE id = ?"
_SOURCES = """
SELECT b.id, b.actor_id, b.link_id, b.public_id, a.local_name FROM bookmark b JOIN actor a ON a.id = b.actor_id
WHERE b.is_local AND b.removed_at IS NULL AND b.public_id
"""


async def liked(fan_id: int, bookmark: Row) -> None:
    """Somebody likes a bookmark."""
    await _of_bookmark(Kind.LIKE, fan_id, bookmark)


async def shared(sharer_id: int, bookmark: Row) -> None:
    """Somebody shared a bookmark."""
    await _of_bookmark(Kind.SHARE, sharer_id, bookmark)


async def said(remark: Mapping[str, Any], bookmark: Row) -> None:
    """Somebody replied or remarked: whose the bookmark is hears of it, and who wrote what it answers.

    `remark` has the columns of its row that say so.
    """
    kind = Kind.REPLY if remark["is_reply"] else Kind.REMARK
    owners = [bookmark["actor_id"]]
    if remark["parent_id"] is not None:
        answered = await fetch_one(_WRITER, remark["parent_id"])
        owners += [answered["actor_id"]] if answered is not None else []
    for owner_id in dict.fromkeys(owners):
        await tell(owner_id, kind, remark["actor_id"], remark["uri_hash"], bookmark_id=bookmark["id"], at=now())


async def copied(copies: Iterable[Mapping[str, Any]]) -> None:
    """Of new bookmarks those that say they were copied from one here of the same page; one statement where any do."""
    claims = [(row, named) for row in copies if (named := addresses.local_bookmark(row["via"])) is not None]
    if not claims:
        return
    found = await fetch(f"{_SOURCES} {among('text')}", several({public_id for _, (_, public_id) in claims}))
    sources = {(row["local_name"], row["public_id"]): row for row in found}
    for row, named in claims:
        source = sources.get(named)
        if source is not None and source["link_id"] == row["link_id"]:
            uri = row["uri"] or f"{row['public_id']}"
            await tell(source["actor_id"], Kind.COPY, row["actor_id"], uri, bookmark_id=source["id"], at=now())


async def _of_bookmark(kind: Kind, actor_id: int, bookmark: Row) -> None:
    await tell(bookmark["actor_id"], kind, actor_id, f"bookmark {bookmark['id']}", bookmark_id=bookmark["id"], at=now())
