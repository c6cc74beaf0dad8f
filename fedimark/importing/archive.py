"""fedimark's own archive: all that somebody has here, without loss, which another fedimark brings in whole.

A zip of JSON lines, one member for each kind: bookmarks and the files kept with them, follows, lists, whom and what
they keep away, bundles, notes, what they wrote under bookmarks; their profile, choices and picture. The keys of the
account are in it only where the command line asks for them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from fedimark import addresses
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row, fetch, fetch_one
from fedimark.here import here, now
from fedimark.importing import kept_files
from fedimark.importing.formats import fedimark_lines
from fedimark.importing.formats.moments import iso_micros
from fedimark.importing.rows_out import Told, pages
from fedimark.importing.zipped import Zipped
from fedimark.media.files import avatar_path
from fedimark.policy.visibility import Visibility

NAME: Final = "fedimark-archive"
HEAD: Final = "fedimark.json"
PROFILE, BOOKMARKS, FOLLOWS, LISTS = "profile.json", "bookmarks.jsonl", "follows.jsonl", "lists.jsonl"
BUNDLES, NOTES, REMARKS, KEYS = "bundles.jsonl", "notes.jsonl", "remarks.jsonl", "keys.json"
AWAY, MUTES = "kept_away.jsonl", "mutes.jsonl"
AVATAR: Final = "media/avatar.webp"
VERSION: Final = 1

_PROFILE = """
SELECT a.*, c.default_visibility, c.time_zone, c.theme, c.no_replies, c.takes_links, c.searchable,
    c.descriptions, c.language, c.own_css, c.unwanted_kinds
FROM actor a JOIN account c ON c.actor_id = a.id WHERE a.id = ?
"""
_NAMED = "a.local_name, a.uri, a.url, a.kind"
_FOLLOWS = f"""
SELECT f.id, f.state, {_NAMED} FROM follow f JOIN actor a ON a.id = f.target_id
WHERE f.follower_id = ? AND f.state IN ('accepted', 'requested') AND f.id > ? ORDER BY f.id LIMIT 500
"""
_LISTS = "SELECT * FROM people_list WHERE owner_id = ? AND public_id <> '' AND id > ? ORDER BY id LIMIT 100"
_MEMBERS = f"SELECT {_NAMED} FROM list_member m JOIN actor a ON a.id = m.actor_id WHERE m.list_id = ? ORDER BY m.id"
_BUNDLES = "SELECT * FROM bundle WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 500"
_NOTES = "SELECT * FROM written_note WHERE actor_id = ? AND id > ? ORDER BY id LIMIT 100"
_REMARKS = "SELECT * FROM remark WHERE actor_id = ? AND public_id IS NOT NULL AND id > ? ORDER BY id LIMIT 500"


_AWAY = f"""
SELECT k.id, k.is_mute, k.until, {_NAMED} FROM block k JOIN actor a ON a.id = k.blocked_id
WHERE k.blocker_id = ? AND k.id > ? ORDER BY k.id LIMIT 500
"""
_MUTES = "SELECT * FROM mute WHERE owner_id = ? AND id > ? ORDER BY id LIMIT 500"


async def make(owner: Owner, told: Told) -> AsyncIterator[bytes]:
    """Yield the archive of somebody, without keys."""
    async for part in _made(owner, told, {}):
        yield part


async def make_with_keys(owner: Owner, told: Told) -> AsyncIterator[bytes]:
    """Yield the archive of somebody with the private keys of their account: whoever has it speaks in their name."""
    row = await _profile(owner)
    names = ("key_id", "public_key", "private_key", "proof_key_id", "proof_public_key", "proof_private_key")
    async for part in _made(owner, told, {KEYS: {name: row[name] for name in names}}):
        yield part


async def _made(owner: Owner, told: Told, more: Mapping[str, Mapping[str, Any]]) -> AsyncIterator[bytes]:
    archive, row = Zipped(), await _profile(owner)
    address = addresses.absolute(addresses.person(owner.username))
    head = {"fedimark": "archive", "version": VERSION, "address": address, "made_at": iso_micros(now())}
    for name, said in {HEAD: head, PROFILE: _said_of(row), **more}.items():
        archive.add(name, json.dumps(said, ensure_ascii=False, indent=1).encode())
    if picture := await _picture(row["icon"]):
        archive.add(AVATAR, picture)
    with archive.member(BOOKMARKS) as file:
        file.write(fedimark_lines.OPEN)
        async for page in pages(owner, told):
            file.write(b"".join(fedimark_lines.write(each) for each in page))
            yield archive.taken()
    kinds = (
        (FOLLOWS, _FOLLOWS, _follow),
        (BUNDLES, _BUNDLES, _bundle),
        (NOTES, _NOTES, _note),
        (REMARKS, _REMARKS, _remark),
        (AWAY, _AWAY, _away),
        (MUTES, _MUTES, _mute),
    )
    for name, sql, say in kinds:
        with archive.member(name) as file:
            async for rows in _all(sql, owner.actor_id):
                file.write(b"".join(_line(say(each)) for each in rows))
                yield archive.taken()
    with archive.member(LISTS) as file:
        async for rows in _all(_LISTS, owner.actor_id):
            for each in rows:
                file.write(_line(_list(each, await fetch(_MEMBERS, each["id"]))))
            yield archive.taken()
    async for part in kept_files.write(archive, owner):
        yield part
    yield archive.close()


async def _all(sql: str, owner_id: int) -> AsyncIterator[list[Row]]:
    place = 0
    while rows := await fetch(sql, owner_id, place):
        yield rows
        place = rows[-1]["id"]


async def _profile(owner: Owner) -> Row:
    row = await fetch_one(_PROFILE, owner.actor_id)
    assert row is not None, "owners have accounts"
    return row


async def _picture(name: str) -> bytes:
    path = avatar_path(name) if name else None
    return await asyncio.to_thread(_read, path) if path else b""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # a picture that is lost keeps nobody from their bookmarks
        return b""


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _said_of(row: Row) -> dict[str, Any]:
    return {
        "username": row["local_name"],
        "host": here().settings.handles_at,
        "name": row["name"],
        "bio": row["summary"],
        "fields": json.loads(row["fields"]),
        "approves_followers": bool(row["approves_followers"]),
        "default_visibility": Visibility(row["default_visibility"]).word,
        "time_zone": row["time_zone"],
        "no_replies": bool(row["no_replies"]),
        "takes_links": bool(row["takes_links"]),
        "searchable": bool(row["searchable"]),
        "keeps_out": bool(row["keeps_out"]),
        **{name: row[name] for name in ("theme", "descriptions", "language", "own_css", "unwanted_kinds")},
    }


def _who(row: Row) -> str:
    """The address by which another server finds somebody, or a stream or a feed."""
    if row["local_name"]:
        return addresses.absolute(addresses.person(row["local_name"]))
    return str(row["uri"] or row["url"])


def _follow(row: Row) -> dict[str, Any]:
    return {"who": _who(row), "kind": row["kind"], "state": row["state"]}


def _list(row: Row, members: Sequence[Row]) -> dict[str, Any]:
    names = ("hides_shares", "only_saves", "only_unread")
    return {"name": row["name"], "who": [_who(each) for each in members], **{name: bool(row[name]) for name in names}}


def _away(row: Row) -> dict[str, Any]:
    return {"who": _who(row), "is_mute": bool(row["is_mute"]), "until": row["until"]}


def _mute(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("kind", "value", "until")}


def _bundle(row: Row) -> dict[str, Any]:
    names = ("name", "search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")
    return {name: row[name] for name in names}


def _note(row: Row) -> dict[str, Any]:
    moments = {name: iso_micros(row[name]) for name in ("created_at", "updated_at")}
    return {"title": row["title"], "text": row["text"], "is_public": bool(row["is_public"]), **moments}


def _remark(row: Row) -> dict[str, Any]:
    """What they wrote under somebody's bookmark: to be read, and never to be said again."""
    return {
        "about": row["about_uri"],
        "text": row["description"],
        "visibility": Visibility(row["visibility"]).word,
        "said_at": iso_micros(row["said_at"]),
    }
