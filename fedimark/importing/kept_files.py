"""Files that somebody keeps with their bookmarks, in an archive: a line for each, and each content once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from fedimark.bookmarks import assets
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row, fetch, fetch_one
from fedimark.errors import FedimarkError, Unavailable
from fedimark.importing.formats.moments import iso_micros
from fedimark.importing.formats.packed import Member, members
from fedimark.importing.members import objects, text
from fedimark.importing.zipped import Zipped
from fedimark.media.assets import asset_path
from fedimark.text import urls

FILES: Final = "files.jsonl"
FOLDER: Final = "files/"

_BLOCK: Final = 262_144
_ASSETS: Final = """
SELECT f.*, b.url FROM asset f JOIN bookmark b ON b.id = f.bookmark_id
WHERE f.actor_id = ? AND b.removed_at IS NULL AND f.id > ? ORDER BY f.id LIMIT 100
"""
_BOOKMARK: Final = "SELECT id FROM bookmark WHERE actor_id = ? AND is_local AND url_md5 = ? AND removed_at IS NULL"
_KEPT: Final = "SELECT id FROM asset WHERE bookmark_id = ? AND digest = ? LIMIT 1"


async def write(archive: Zipped, owner: Owner) -> AsyncIterator[bytes]:
    """Put an owner's files into an archive, yielding what is to be handed on; one that is lost is passed over."""
    lines: list[bytes] = []
    written: set[str] = set()
    place = 0
    while rows := await fetch(_ASSETS, owner.actor_id, place):
        place = rows[-1]["id"]
        for row in rows:
            path = asset_path(row["digest"])
            if path is None:
                continue
            lines.append(json.dumps(_said(row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
            if row["digest"] not in written:
                written.add(row["digest"])
                async for part in _content(archive, row["digest"], path):
                    yield part
    archive.add(FILES, b"".join(lines))
    yield archive.taken()


async def bring_in(owner: Owner, path: Path) -> None:
    """Keep the files of an archive with the bookmarks they belong to, which are here already, each once.

    What has no bookmark, or no room any more, is passed over. Raises Unavailable when the disk takes nothing.
    """
    with path.open("rb") as file:
        held = await asyncio.to_thread(_held, file)
        for said in held.get(FILES, ()):
            content = held.get(FOLDER + text(said, "digest"))
            if isinstance(content, Member):
                await _keep(owner, said, content)


async def _keep(owner: Owner, said: Mapping[str, Any], content: Member) -> None:
    bookmark = await fetch_one(_BOOKMARK, owner.actor_id, urls.md5(text(said, "url")))
    if bookmark is None or await fetch_one(_KEPT, bookmark["id"], text(said, "digest")) is not None:
        return
    upload = assets.Upload(
        cast("BinaryIO", content.opened()),
        text(said, "name"),
        text(said, "content_type"),
        is_snapshot=said.get("is_snapshot") is True,
    )
    try:
        await assets.keep(owner, bookmark["id"], upload)
    except Unavailable:
        raise
    except FedimarkError:
        return


def _held(file: BinaryIO) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for member in members(file):
        if member.name == FILES:
            found[FILES] = list(objects(member))
        elif member.name.startswith(FOLDER):
            found[member.name] = member
    return found


async def _content(archive: Zipped, digest: str, path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file, archive.member(FOLDER + digest) as member:
        while part := await asyncio.to_thread(file.read, _BLOCK):
            await asyncio.to_thread(member.write, part)
            yield archive.taken()


def _said(row: Row) -> dict[str, Any]:
    return {
        "url": row["url"],
        "digest": row["digest"],
        "name": row["name"],
        "content_type": row["content_type"],
        "is_snapshot": bool(row["is_snapshot"]),
        "kept_at": iso_micros(row["created_at"]),
    }
