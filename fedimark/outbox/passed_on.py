"""What tags pass on of people elsewhere, where an admin lets them: by its id, to people alone, and tended as long as it
stands.

Only what its author sent here: what another stream or a relay brought is never passed on, and what is passed on goes to
no stream and no other fedimark, so nothing goes round. A row stands for each from the moment it came; what is changed
here of the bookmark marks it, and the worker takes back what may stand no more. Where it is turned off all is taken
back, for what nobody tends must not stand.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from fedimark import addresses
from fedimark.database import Row, Script, among, ask, atomically, execute, fetch, fetch_one, is_sqlite, several
from fedimark.delivery.enqueue import say
from fedimark.here import MICROS, here, now
from fedimark.outbox import hearers, tag_documents
from fedimark.outbox.consent import GIVEN, NEWS, SPEAKS, carried, gives_elsewhere
from fedimark.outbox.profiles import FEDIMARK, forms_of
from fedimark.outbox.turns import BATCH, MOST_WAITING, PAUSE, has_turn, stream_of
from fedimark.policy import chosen
from fedimark.policy.blocks import is_blocked_actor

_ENDS: Final = "ends"
# Until every process knows that what changes must be marked.
_HEARD_BY_ALL: Final = 2 * MICROS

_CAME = f"""
INSERT INTO passed_on (stream_id, uri_hash, uri, look_at)
SELECT s.id, b.uri_hash, b.uri, CAST(? AS BIGINT) FROM bookmark b JOIN actor a ON a.id = b.actor_id
JOIN bookmark_tag t ON t.bookmark_id = b.id JOIN actor s ON s.tag_id = t.tag_id AND s.owner_id = 0
WHERE b.uri_hash {{these}} AND NOT b.is_local AND b.is_save AND b.saved_at > ? AND t.listed
AND a.indexable AND {SPEAKS} AND {GIVEN} AND s.gone_at IS NULL
AND NOT EXISTS (SELECT 1 FROM share h WHERE h.bookmark_id = b.id)
AND EXISTS (SELECT 1 FROM follow f JOIN actor r ON r.id = f.follower_id
    WHERE f.target_id = s.id AND f.state = 'accepted' AND r.uri IS NOT NULL AND r.kind = 'Person')
ORDER BY b.id, s.id
ON CONFLICT (stream_id, uri_hash) DO UPDATE SET look_at = excluded.look_at, said_at = NULL, ended_at = NULL
WHERE passed_on.ended_at IS NOT NULL
"""
_STANDS = "said_at IS NOT NULL AND ended_at IS NULL"
_TOUCHED = f"UPDATE passed_on SET look_at = ? WHERE uri_hash = ? AND {_STANDS}"
_TOUCHED_ALL = f"UPDATE passed_on SET look_at = ? WHERE {_STANDS}"
_TOUCHED_OF = f"""
UPDATE passed_on SET look_at = ? WHERE uri_hash IN (SELECT uri_hash FROM bookmark WHERE actor_id = ?) AND {_STANDS}
"""
_TO_LOOK_AT = "SELECT id FROM passed_on WHERE look_at IS NOT NULL AND said_at IS NOT NULL ORDER BY look_at, id LIMIT ?"
_DUE = """
SELECT DISTINCT p.stream_id FROM passed_on p JOIN actor s ON s.id = p.stream_id
WHERE p.look_at IS NOT NULL AND p.said_at IS NULL AND s.spoke_at <= ? LIMIT ?
"""
_WAITING = "SELECT * FROM passed_on WHERE stream_id = ? AND look_at IS NOT NULL AND said_at IS NULL ORDER BY id LIMIT 1"
_DROP_OLDEST = """
DELETE FROM passed_on WHERE stream_id = ? AND said_at IS NULL AND look_at IS NOT NULL AND id <= (
    SELECT id FROM passed_on WHERE stream_id = ? AND said_at IS NULL AND look_at IS NOT NULL
    ORDER BY id DESC LIMIT 1 OFFSET ?)
"""
_ONE = "SELECT * FROM passed_on WHERE id = ?"
_BOOKMARK = "SELECT * FROM bookmark WHERE uri_hash = ?"
_AUTHOR = "SELECT a.* FROM actor a JOIN bookmark b ON b.actor_id = a.id WHERE b.uri_hash = ?"
_FOLLOWS = "SELECT id FROM follow WHERE follower_id = ? AND target_id = ? AND state = 'accepted'"
_OVER = "DELETE FROM fact WHERE name = ? AND value = ?"


def turned_on() -> str:
    """The fact `chosen.PASSES_ON` of a server whose tags pass on what others save, from now on."""
    return f"since {now()}"


async def turned_off() -> str:
    """The same of one where all of that is to be taken back, which is marked, inside `write()`."""
    await execute("DELETE FROM passed_on WHERE said_at IS NULL")
    await execute(_TOUCHED_ALL, now())
    return _ENDS


def means_on(fact: str) -> bool:
    """Whether the fact says that tags pass on what others save; empty where there is none."""
    return fact not in ("", _ENDS)


async def is_on() -> bool:
    """Whether they do; asks nothing where that is known (`policy.chosen`)."""
    return means_on((await chosen.chosen()).of(chosen.PASSES_ON))


async def came(hashes: Collection[str]) -> None:
    """Let tags pass on what its authors just sent here, inside `write()`; `hashes` are `uri_hash`es of bookmarks.

    One statement, none where it is off. Never to be called of what others brought.
    """
    if hashes and await is_on():
        await execute(_CAME.format(these=among("text")), now(), several(hashes), now() - NEWS)


def touched(bookmark: Row) -> Script[None]:
    """Let what tags passed on of a bookmark from elsewhere be looked at, which changes or goes; inside `write()`."""
    if not bookmark["is_local"] and _may_stand():
        yield from ask(_TOUCHED, now(), bookmark["uri_hash"])


async def author_changed(author: Row) -> None:
    """The same of all that somebody elsewhere saved, who says something else of themselves now."""
    if _may_stand():
        await execute(_TOUCHED_OF, now(), author["id"])


async def pass_on_waiting() -> int:
    """Take back what may stand no more, and say what waits, one of each tag that has been silent for a second.

    Returns how many were looked at. Where it is off nothing is asked.
    """
    fact = (await chosen.chosen()).of(chosen.PASSES_ON)
    if not fact:
        return 0
    marked = await fetch(_TO_LOOK_AT, BATCH)
    for row in marked:
        await atomically(partial(_look, row["id"]))
    if fact == _ENDS:
        if not marked:
            await execute(_OVER, chosen.PASSES_ON, _ENDS)
            chosen.forget()
        return len(marked)
    due = await fetch(_DUE, now() - PAUSE, BATCH) if now() >= int(fact.split()[1]) + _HEARD_BY_ALL else []
    for row in due:
        await atomically(partial(_next, row["stream_id"]))
    return len(marked) + len(due)


def _may_stand() -> bool:
    known = chosen.as_known()
    return known is None or bool(known.of(chosen.PASSES_ON))


async def _look(row_id: int) -> None:
    """Take one back, unless it may stand."""
    row = await fetch_one(_ONE, row_id)
    if row is None:
        return
    stream = await stream_of(row["stream_id"])
    # Its author is held before the row, as by whoever marks it: what changes after that marks it anew.
    may_stand = stream is not None and await _held(row, stream) is not None and await is_on()
    await execute("UPDATE passed_on SET look_at = NULL WHERE id = ?", row_id)
    if stream is None or may_stand:
        return
    uri, undo_id, at = _uri(stream, row), here().new_id(), await hearers.announced_at(_uri(stream, row))
    if inboxes := await hearers.cancelled(uri):
        undo = tag_documents.undo_announce(stream["url"], row["uri_hash"], row["uri"], undo_id, at)
        await say(stream["id"], "Undo", uri, undo, sorted(inboxes), undo_id)
    await execute("UPDATE passed_on SET ended_at = ? WHERE id = ?", now(), row_id)


async def _next(stream_id: int) -> None:
    """Say the oldest that waits of a tag."""
    await execute(_DROP_OLDEST, stream_id, stream_id, MOST_WAITING)
    row = await fetch_one(_WAITING, stream_id)
    stream = await stream_of(stream_id)
    bookmark = await _held(row, stream) if row is not None and stream is not None else None
    if row is None or stream is None or not await has_turn(stream_id):
        return
    if bookmark is None or bookmark["saved_at"] <= now() - NEWS:
        await execute("DELETE FROM passed_on WHERE id = ?", row["id"])
        return
    at, inboxes = now(), await _inboxes(stream_id, bookmark)
    document = tag_documents.announce(stream["url"], row["uri_hash"], row["uri"], at)
    await say(stream_id, "Announce", _uri(stream, row), document, sorted(inboxes), here().new_id())
    await execute("UPDATE passed_on SET said_at = ?, look_at = NULL WHERE id = ?", at, row["id"])


async def _held(row: Row, stream: Row) -> Row | None:
    """The bookmark, if the tag may pass it on as it is now; its author is held until the transaction ends."""
    locking = "" if is_sqlite() else " FOR UPDATE OF a"
    author = await fetch_one(_AUTHOR + locking, row["uri_hash"])
    bookmark = await fetch_one(_BOOKMARK, row["uri_hash"])
    if author is None or bookmark is None or author["id"] != bookmark["actor_id"] or await is_blocked_actor(author):
        return None
    return bookmark if gives_elsewhere(author, bookmark) and stream["key"] in carried(bookmark) else None


async def _inboxes(stream_id: int, bookmark: Row) -> set[str]:
    """Who hears of it: neither other fedimarks, which have it from where it was saved, nor its author's own server.

    That would tell the author each time that somebody shared it; unless they follow the tag.
    """
    found = {inbox for inbox, form in (await forms_of(await hearers.people(stream_id))).items() if form != FEDIMARK}
    if await fetch_one(_FOLLOWS, bookmark["actor_id"], stream_id):
        return found
    home = urlsplit(bookmark["uri"]).netloc
    return {inbox for inbox in found if urlsplit(inbox).netloc != home}


def _uri(stream: Row, row: Row) -> str:
    return addresses.announcement(stream["url"], row["uri_hash"])
