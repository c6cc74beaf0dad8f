"""Replies and remarks written here: one transaction with what other servers are told.

A reply answers a bookmark, or what was said about one; a remark quotes a bookmark in a Note of its author's own. Both
reach as far as what they are about, and no further.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.bookmarks import quoting, rows, telling
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.owners import hold_owner, hold_saver
from fedimark.bookmarks.remarks import MOST_ABOUT_ONE, MOST_AN_HOUR, hash_of
from fedimark.bookmarks.spoken_of import DEEPEST
from fedimark.bookmarks.stamps import revoke_all
from fedimark.bookmarks.targets import Target, find_target
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Forbidden, NotFound, Refused, TooMany
from fedimark.here import MICROS, here, now
from fedimark.language.said import _
from fedimark.notifications.tell import Kind, untell
from fedimark.outbox import said
from fedimark.policy.visibility import Viewer, is_listed
from fedimark.text import clean
from fedimark.timelines.merge import hold

LONGEST = 10_000  # characters

_HOUR = 3_600
_OWN = "SELECT * FROM remark WHERE actor_id = ? AND public_id = ?"
_ACTOR = "SELECT * FROM actor WHERE id = ?"
_LATELY = "SELECT count(*) AS amount FROM remark WHERE actor_id = ? AND received_at > ?"
_ABOUT_ONE = "SELECT count(*) AS amount FROM remark WHERE bookmark_id = ?"
_CHANGE = "UPDATE remark SET description = ?, updated_at = ? WHERE id = ? RETURNING *"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of it; `path` is its page."""

    public_id: str
    path: str


async def reply(viewer: Viewer, uri: str, words: str) -> Written:
    """Answer what has this id: a bookmark, or what was said about one.

    Raises NotFound for what the person may not see, Forbidden where replies are not theirs to write, Refused for the
    field `words`, TooMany.
    """
    return await _write(viewer, uri, read_words(words), is_reply=True)


async def remark(viewer: Viewer, uri: str, words: str) -> Written:
    """Quote the bookmark of this id in a Note of one's own. Raises as `reply`."""
    return await _write(viewer, uri, read_words(words), is_reply=False)


async def edit(viewer: Viewer, public_id: str, words: str) -> Written:
    """Change what one wrote. Raises NotFound, and Refused for the field `words`."""
    said_now = read_words(words)

    async def work() -> Written:
        author, row = await _own(viewer, public_id)
        if said_now != row["description"]:
            moment = max(now(), row["updated_at"] + 1)
            changed = (await fetch(_CHANGE, said_now, moment, row["id"]))[0]
            await said.remark_updated(author, changed)
        return Written(public_id, addresses.remark(viewer.username, public_id))

    written = await atomically(work)
    here().wake.set()
    return written


async def take_back(viewer: Viewer, public_id: str) -> None:
    """Delete what one wrote, for ever: its address answers 410, and whoever got it is told. Raises NotFound."""

    async def work() -> None:
        author, row = await _own(viewer, public_id)
        await end_remark(author, row)

    await atomically(work)
    here().wake.set()


async def end_remark(author: Row, row: Row) -> None:
    """Take out what somebody here wrote, inside `write()`: answers to it answer what it answered."""
    await rows.bury(row["uri"], row["uri_hash"])
    await execute("UPDATE remark SET parent_id = ? WHERE parent_id = ?", row["parent_id"], row["id"])
    await execute("DELETE FROM remark WHERE id = ?", row["id"])
    await revoke_all(row["uri_hash"])
    await untell(Kind.REPLY if row["is_reply"] else Kind.REMARK, row["actor_id"], row["uri_hash"])
    await said.remark_ended(author, row)


def read_words(typed: str) -> str:
    """Words as they will be kept; raises Refused for the field `words`."""
    words = clean.many_lines(typed, LONGEST + 1).strip()
    if not words:
        raise Refused("Write something.", field="words")
    if len(words) > LONGEST:
        raise Refused(_("At most %(most)s characters, please.", most=LONGEST), field="words")
    return words


async def _write(viewer: Viewer, uri: str, words: str, *, is_reply: bool) -> Written:
    async def work() -> Written:
        # Looked at again once all are held: it may be taken away this moment.
        seen = await find_target(viewer, uri)
        await hold("actor", viewer.actor_id, seen.owner["id"], seen.author["id"])
        held = await hold_saver(Owner.of(viewer))
        if held.privacy_lock:
            raise Forbidden("Your Privacy Lock is on: what you write here would be public.")
        target = await find_target(viewer, uri)
        _check(target, is_reply=is_reply)
        await _check_room(viewer.actor_id, target)
        author = await fetch_one(_ACTOR, viewer.actor_id)
        assert author is not None
        row = await _put(await _values(author, target, words, is_reply=is_reply))
        if not is_reply:
            row = await quoting.began(author, row, target)
        await said.remark_created(author, row)
        await telling.said(row, target.bookmark)
        return Written(row["public_id"], addresses.remark(viewer.username, row["public_id"]))

    written = await atomically(work)
    here().wake.set()
    return written


def _check(target: Target, *, is_reply: bool) -> None:
    """Raise Forbidden for what whoever saved it does not let others do."""
    if is_reply and not target.may_reply:
        raise Forbidden("Whoever saved this takes no replies to it from you.")
    if not is_reply and not target.may_quote:
        raise Forbidden("Whoever saved this does not let you quote it.")
    if target.depth > DEEPEST:
        raise Forbidden("This conversation is as deep as it can get. Reply to something above.")


async def _check_room(actor_id: int, target: Target) -> None:
    lately = await fetch_one(_LATELY, actor_id, now() - _HOUR * MICROS)
    if lately is not None and lately["amount"] >= MOST_AN_HOUR:
        raise TooMany(_HOUR, "You wrote very much within this hour. Please go on later.")
    about_one = await fetch_one(_ABOUT_ONE, target.bookmark["id"])
    if about_one is not None and about_one["amount"] >= MOST_ABOUT_ONE:
        raise Forbidden("So much was said about this bookmark that no more is taken.")


async def _values(author: Row, target: Target, words: str, *, is_reply: bool) -> dict[str, Any]:
    public_id, at = here().new_id(), now()
    path, visibility = addresses.remark(author["local_name"], public_id), target.visibility
    return {
        "actor_id": author["id"],
        "public_id": public_id,
        "uri": absolute(path),
        "uri_hash": addresses.uri_hash(absolute(path)),
        "page_url": path,
        "object_hash": await hash_of(target.bookmark),
        "bookmark_id": target.bookmark["id"],
        "parent_id": target.parent["id"] if target.parent else None,
        "about_uri": target.uri,
        "about_actor_id": target.author["id"],
        "depth": target.depth,
        "is_reply": is_reply,
        "description": words,
        "visibility": int(visibility),
        "listed": is_listed(visibility, author_consents=True),
        "said_at": at,
        "updated_at": at,
        "received_at": at,
    }


async def _put(values: dict[str, Any]) -> Row:
    marks = ", ".join("?" * len(values))
    sql = f"INSERT INTO remark ({', '.join(values)}) VALUES ({marks}) RETURNING *"
    return (await fetch(sql, *values.values()))[0]


async def _own(viewer: Viewer, public_id: str) -> tuple[Row, Row]:
    """Who writes, held, and what they wrote."""
    await hold_owner(Owner.of(viewer))
    author, row = await fetch_one(_ACTOR, viewer.actor_id), await fetch_one(_OWN, viewer.actor_id, public_id)
    if author is None or row is None:
        raise NotFound
    return author, row
