"""What an archive of another fedimark holds beside bookmarks, brought in with them: choices, bundles, notes, people.

Nothing that is here already is changed. Following and blocking again speaks to other servers, so that it waits for its
owner's word and is a job of its own, a few at a time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fedimark import addresses
from fedimark.bookmarks.bundles import Bundle, bundles_of, make_bundle, read_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import owner_by_name
from fedimark.database import Row, atomically, execute, fetch_one
from fedimark.errors import FedimarkError, NotFound, Refused, Taken
from fedimark.follows import lists
from fedimark.follows.request import follow
from fedimark.follows.resolve import resolve
from fedimark.here import here, now
from fedimark.importing import archive, choosing, kept_files
from fedimark.importing.formats.moments import NoMoment, moment
from fedimark.importing.formats.packed import members
from fedimark.importing.members import content, number, objects, text
from fedimark.jobs import queue
from fedimark.moderation import mutes, people
from fedimark.policy.visibility import Viewer
from fedimark.text.clean import many_lines, one_line

KIND: Final = "follow-again"
_IMPORT: Final = "import"
_ASKED: Final = ("follows", "lists", "away")  # of what was left, what another job does
_OF_LIST: Final = ("hides_shares", "only_saves", "only_unread")
MOST_FOLLOWS: Final = 5_000
AT_ONCE: Final = 20  # of one job, so that other errands have their turn

_MOST_NOTES: Final = 5_000
_SMALL: Final = (
    *(archive.PROFILE, archive.BUNDLES, archive.NOTES, archive.FOLLOWS, archive.LISTS),
    *(archive.AWAY, archive.MUTES),
)
_NOTE = """
INSERT INTO written_note (actor_id, public_id, title, text, is_public, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_NOTED = "SELECT id FROM written_note WHERE actor_id = ? AND title = ? AND text = ? LIMIT 1"


async def bring_in_rest(owner: Owner, path: Path) -> dict[str, Any]:
    """Bring in what an archive holds beside bookmarks, and return what is left to its owner's word.

    That is whom they followed, on which lists, whom they kept away, and the `address` of the account it was taken out
    of, unless it is this one. Empty for any other file. Rows that cannot be read are passed over. Raises Refused and
    TooLarge for what is damaged.
    """
    held = await asyncio.to_thread(_read, path)
    if held is None:
        return {}
    for said in held[archive.PROFILE][:1]:
        await choosing.bring_in(owner, said)
    await choosing.bring_in_picture(owner, await asyncio.to_thread(_picture, path))
    await choosing.bring_in_mutes(owner, held[archive.MUTES])
    await kept_files.bring_in(owner, path)
    await _bundles(owner, held[archive.BUNDLES])
    await _notes(owner, held[archive.NOTES][:_MOST_NOTES])
    who = [text(said, "who") for said in held[archive.FOLLOWS][:MOST_FOLLOWS]]
    kept = [
        {
            "name": one_line(text(said, "name"))[: lists.LONGEST_NAME],
            "who": _texts(said.get("who")),
            **{name: said.get(name) is True for name in _OF_LIST},
        }
        for said in held[archive.LISTS][: lists.MOST_LISTS]
    ]
    away = [
        {"who": text(said, "who"), "is_mute": said.get("is_mute") is True, "until": number(said, "until")}
        for said in held[archive.AWAY][:MOST_FOLLOWS]
    ]
    rest = {"follows": [each for each in who if each], "lists": kept, "away": away, "address": _left(owner, held)}
    return rest if any(rest.values()) else {}


async def follow_again(viewer: Viewer, public_id: str) -> None:
    """Let the worker follow whom an imported archive names. Raises NotFound, and Taken where it was asked before."""
    await atomically(lambda: _ask(viewer, public_id))
    here().wake.set()


async def run_follows(job: Row) -> None:
    """Keep away and follow some of whom an archive names, and leave the rest to a job after this; a worker's errand.

    Who cannot be found, or does not answer, is passed over. At the end the lists are made.
    """
    wanted = json.loads(job["payload"])
    owner = await owner_by_name(wanted["username"])
    if owner is not None:
        away, who = wanted.get("away", []), wanted["follows"]
        # Whom they keep away first: nobody of them is to hear of a follow.
        for each in away[:AT_ONCE]:
            with suppress(FedimarkError):
                await _keep_away(owner, each)
        room = AT_ONCE - len(away[:AT_ONCE])
        for each in who[:room]:
            with suppress(FedimarkError):
                await follow(owner, each)
        if away[AT_ONCE:] or who[room:]:
            rest = {**wanted, "away": away[AT_ONCE:], "follows": who[room:]}
            await queue.add_errand(KIND, rest, owner_id=job["owner_id"])
        else:
            await _lists(owner, wanted["lists"])
    await queue.finish(job["id"], {})


async def _keep_away(owner: Owner, said: Mapping[str, Any]) -> None:
    if not said["is_mute"]:
        await people.block(owner, said["who"])
        return
    await resolve(said["who"])  # only who is known can be muted
    await mutes.mute(owner, said["who"], said["until"] or None)


async def _ask(viewer: Viewer, public_id: str) -> None:
    job = await queue.of_owner(viewer.account_id, public_id)
    if job is None or job["kind"] != _IMPORT:
        raise NotFound
    payload = json.loads(job["payload"])
    rest = payload.get("rest")
    if not rest or not any(rest.get(kind) for kind in _ASKED):
        raise NotFound
    if payload.get("followed"):
        raise Taken("These are being followed already.")
    said = json.dumps({**payload, "followed": True}, ensure_ascii=False)
    if not await execute("UPDATE job SET payload = ? WHERE id = ? AND payload = ?", said, job["id"], job["payload"]):
        raise Taken("These are being followed already.")
    wanted = {kind: rest[kind] for kind in _ASKED}
    await queue.add_errand(KIND, {"username": viewer.username, **wanted}, owner_id=viewer.account_id)


def _left(owner: Owner, held: Mapping[str, list[dict[str, Any]]]) -> str:
    """The account that an archive is of, which may move here; empty for one's own, and for what is no address."""
    address = one_line(next((text(said, "address") for said in held[archive.HEAD]), ""))
    is_own = address == addresses.absolute(addresses.person(owner.username))
    return "" if is_own or not address.startswith(("https://", "http://")) else address


async def _bundles(owner: Owner, said: list[dict[str, Any]]) -> None:
    known = {row["name"] for row in await bundles_of(owner)}
    for each in said:
        try:
            if text(each, "name") not in known:
                await make_bundle(owner, _bundle(each))
        except Refused:
            continue


def _bundle(said: Mapping[str, Any]) -> Bundle:
    return read_bundle(
        name=text(said, "name"),
        search=text(said, "search"),
        any_tags=text(said, "any_tags"),
        all_tags=text(said, "all_tags"),
        excluded_tags=text(said, "excluded_tags"),
        filter_unread=text(said, "filter_unread") or "off",
        filter_shared=text(said, "filter_shared") or "off",
    )


async def _notes(owner: Owner, said: list[dict[str, Any]]) -> None:
    for each in said:
        title, words = one_line(text(each, "title"))[:255], many_lines(text(each, "text"))
        if await fetch_one(_NOTED, owner.actor_id, title, words) is not None:
            continue
        made, changed = _at(each, "created_at"), _at(each, "updated_at")
        is_public = each.get("is_public") is True and not owner.privacy_lock
        await execute(_NOTE, owner.actor_id, here().new_id(), title, words, is_public, made, changed)


async def _lists(owner: Owner, said: list[dict[str, Any]]) -> None:
    known = {row["name"]: row["public_id"] for row in await lists.every(owner) if row["public_id"]}
    for each in said:
        try:
            public_id = known.get(each["name"]) or await _made(owner, each)
        except Refused:
            continue
        for who in each["who"]:
            try:
                await lists.put(owner, public_id, who)
            except FedimarkError:
                continue


async def _made(owner: Owner, said: Mapping[str, Any]) -> str:
    public_id = await lists.make(owner, said["name"])
    hides_shares, only_saves, only_unread = (said.get(name) is True for name in _OF_LIST)
    await lists.choose(owner, public_id, lists.Choice(hides_shares, only_saves, only_unread))
    return public_id


def _picture(path: Path) -> bytes:
    with path.open("rb") as file:
        return next((content(member) for member in members(file) if member.name == archive.AVATAR), b"")


def _read(path: Path) -> dict[str, list[dict[str, Any]]] | None:
    """The small members of an archive as their objects; None for what is no archive of ours."""
    with path.open("rb") as file:
        held = {
            member.name: list(objects(member)) for member in members(file) if member.name in (archive.HEAD, *_SMALL)
        }
    if not any(said.get("fedimark") == "archive" for said in held.get(archive.HEAD, [])):
        return None
    return {name: held.get(name, []) for name in (archive.HEAD, *_SMALL)}


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)][: lists.MOST_MEMBERS] if isinstance(value, list) else []


def _at(said: Mapping[str, Any], name: str) -> int:
    try:
        return min(moment(text(said, name)) or now(), now())
    except NoMoment:
        return now()
