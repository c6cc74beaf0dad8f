"""What an archive of another fedimark holds beside bookmarks, brought in with them: profile, bundles, notes, follows.

Nothing that is here already is changed. Following again speaks to other servers, so that it waits for its owner's word
and is a job of its own, a few at a time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fedimark.bookmarks.bundles import Bundle, bundles_of, make_bundle, read_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import FedimarkError, NotFound, Refused, Taken
from fedimark.follows import lists
from fedimark.follows.request import follow
from fedimark.here import here, now
from fedimark.importing import archive
from fedimark.importing.formats.moments import NoMoment, moment
from fedimark.importing.formats.packed import Member, members
from fedimark.jobs import queue
from fedimark.policy.visibility import Viewer
from fedimark.text.clean import many_lines, one_line

KIND: Final = "follow-again"
_IMPORT: Final = "import"
MOST_FOLLOWS: Final = 5_000
AT_ONCE: Final = 20  # of one job, so that other errands have their turn

_MOST_BYTES: Final = 16_777_216  # of a member, bookmarks apart
_MOST_NOTES: Final = 5_000
_SMALL: Final = (archive.PROFILE, archive.BUNDLES, archive.NOTES, archive.FOLLOWS, archive.LISTS)
_FILL = """
UPDATE actor SET name = CASE WHEN name = '' THEN ? ELSE name END,
    summary = CASE WHEN summary = '' THEN ? ELSE summary END WHERE id = ?
"""
_NOTE = """
INSERT INTO written_note (actor_id, public_id, title, text, is_public, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_NOTED = "SELECT id FROM written_note WHERE actor_id = ? AND title = ? AND text = ? LIMIT 1"


async def bring_in_rest(owner: Owner, path: Path) -> dict[str, Any]:
    """Bring in what an archive holds beside bookmarks, and return whom its owner followed, and on which lists.

    Empty for any other file. Rows that cannot be read are passed over. Raises Refused and TooLarge for what is damaged.
    """
    held = await asyncio.to_thread(_read, path)
    if held is None:
        return {}
    for said in held[archive.PROFILE][:1]:
        await execute(
            _FILL, one_line(_text(said, "name"))[:100], many_lines(_text(said, "bio"))[:2_000], owner.actor_id
        )
    await _bundles(owner, held[archive.BUNDLES])
    await _notes(owner, held[archive.NOTES][:_MOST_NOTES])
    who = [_text(said, "who") for said in held[archive.FOLLOWS][:MOST_FOLLOWS]]
    kept = [
        {"name": one_line(_text(said, "name"))[: lists.LONGEST_NAME], "who": _texts(said.get("who"))}
        for said in held[archive.LISTS][: lists.MOST_LISTS]
    ]
    return {"follows": [each for each in who if each], "lists": kept} if who or kept else {}


async def follow_again(viewer: Viewer, public_id: str) -> None:
    """Let the worker follow whom an imported archive names. Raises NotFound, and Taken where it was asked before."""
    await atomically(lambda: _ask(viewer, public_id))
    here().wake.set()


async def run_follows(job: Row) -> None:
    """Follow some of whom an archive names, and leave the others to a job after this; the worker's errand.

    Who cannot be found, or does not answer, is passed over. At the end the lists are made.
    """
    wanted = json.loads(job["payload"])
    owner = await owner_by_name(wanted["username"])
    if owner is not None:
        some, rest = wanted["follows"][:AT_ONCE], wanted["follows"][AT_ONCE:]
        for who in some:
            try:
                await follow(owner, who)
            except FedimarkError:
                continue
        if rest:
            await queue.add(KIND, {**wanted, "follows": rest}, owner_id=job["owner_id"])
        else:
            await _lists(owner, wanted["lists"])
    await queue.finish(job["id"], {})


async def _ask(viewer: Viewer, public_id: str) -> None:
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] != _IMPORT:
        raise NotFound
    payload = json.loads(job["payload"])
    rest = payload.get("rest")
    if not rest:
        raise NotFound
    if payload.get("followed"):
        raise Taken("These are being followed already.")
    said = json.dumps({**payload, "followed": True}, ensure_ascii=False)
    if not await execute("UPDATE job SET payload = ? WHERE id = ? AND payload = ?", said, job["id"], job["payload"]):
        raise Taken("These are being followed already.")
    await queue.add(KIND, {"username": viewer.username, **rest}, owner_id=viewer.account_id)


async def _bundles(owner: Owner, said: list[dict[str, Any]]) -> None:
    known = {row["name"] for row in await bundles_of(owner)}
    for each in said:
        try:
            if _text(each, "name") not in known:
                await make_bundle(owner, _bundle(each))
        except Refused:
            continue


def _bundle(said: Mapping[str, Any]) -> Bundle:
    return read_bundle(
        name=_text(said, "name"),
        search=_text(said, "search"),
        any_tags=_text(said, "any_tags"),
        all_tags=_text(said, "all_tags"),
        excluded_tags=_text(said, "excluded_tags"),
        filter_unread=_text(said, "filter_unread") or "off",
        filter_shared=_text(said, "filter_shared") or "off",
    )


async def _notes(owner: Owner, said: list[dict[str, Any]]) -> None:
    for each in said:
        title, text = one_line(_text(each, "title"))[:255], many_lines(_text(each, "text"))
        if await fetch_one(_NOTED, owner.actor_id, title, text) is not None:
            continue
        made, changed = _at(each, "created_at"), _at(each, "updated_at")
        is_public = each.get("is_public") is True and not owner.privacy_lock
        await execute(_NOTE, owner.actor_id, here().new_id(), title, text, is_public, made, changed)


async def _lists(owner: Owner, said: list[dict[str, Any]]) -> None:
    known = {row["name"]: row["public_id"] for row in await lists.every(owner) if row["public_id"]}
    for each in said:
        try:
            public_id = known.get(each["name"]) or await lists.make(owner, each["name"])
        except Refused:
            continue
        for who in each["who"]:
            try:
                await lists.put(owner, public_id, who)
            except FedimarkError:
                continue


def _read(path: Path) -> dict[str, list[dict[str, Any]]] | None:
    """The small members of an archive as their objects; None for what is no archive of ours."""
    with path.open("rb") as file:
        held = {
            member.name: list(_objects(member)) for member in members(file) if member.name in (archive.HEAD, *_SMALL)
        }
    if not any(said.get("fedimark") == "archive" for said in held.get(archive.HEAD, [])):
        return None
    return {name: held.get(name, []) for name in _SMALL}


def _objects(member: Member) -> Iterator[dict[str, Any]]:
    source = member.opened()
    raw = b""
    while len(raw) < _MOST_BYTES and (part := source.read(_MOST_BYTES - len(raw))):
        raw += part
    # A member is one object over many lines, or one for each line.
    for line in [raw] if member.name.endswith(".json") else raw.splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            yield said


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    # A lone surrogate is no text for a database.
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)][: lists.MOST_MEMBERS] if isinstance(value, list) else []


def _at(said: Mapping[str, Any], name: str) -> int:
    try:
        return min(moment(_text(said, name)) or now(), now())
    except NoMoment:
        return now()
