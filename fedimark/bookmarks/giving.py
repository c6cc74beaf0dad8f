"""Links given to people by tags, `for:@bo@marks.example`: written down with the bookmark, handed over by the worker.

It changes nothing about who sees the bookmark. Whoever gives learns whether somebody of that name was found, and never
what became of the link.
"""

from __future__ import annotations

import json
import re

from fedimark.bookmarks import for_you
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row, atomically, execute, fetch, fetch_one
from fedimark.errors import Forbidden, Gone, NotFound, Refused, Unreachable, Untrustworthy
from fedimark.here import MICROS, here, now
from fedimark.jobs import queue
from fedimark.outbox import direct
from fedimark.policy.blocks import is_blocked, is_blocked_actor
from fedimark.remote.actors import find_actor
from fedimark.remote.webfinger import find_handle
from fedimark.text import tags, urls
from fedimark.timelines.merge import hold

JOB = "give_link"
MOST_A_DAY = 100
MOST_TO_STRANGERS_A_DAY = 10  # people who don't follow back

WAITING, SENT, NOBODY, MYSELF, MANY, UNREACHABLE = "waiting", "sent", "nobody", "self", "many", "unreachable"

_DAY = 86_400 * MICROS
_NAME = re.compile(r"[a-z0-9_]{1,30}")
_OF_BOOKMARK = "SELECT * FROM given_link WHERE bookmark_id = ? AND ended_at IS NULL ORDER BY id"
_TODAY = "SELECT count(*) AS amount FROM given_link WHERE giver_id = ? AND created_at > ?"
_GIVE = """
INSERT INTO given_link (bookmark_id, giver_id, who, public_id, state, created_at) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_TO_STRANGERS = """
SELECT count(*) AS amount FROM given_link g WHERE g.giver_id = ? AND g.created_at > ? AND g.state = 'sent'
AND NOT EXISTS (SELECT 1 FROM follow f WHERE f.follower_id = g.taker_id AND f.target_id = ? AND f.state = 'accepted')
"""
_FOLLOWS = "SELECT id FROM follow WHERE follower_id = ? AND target_id = ? AND state = 'accepted'"
_STILL_WAITING = "SELECT * FROM given_link WHERE id = ? AND state = 'waiting' AND ended_at IS NULL"
_LIVE = "SELECT * FROM bookmark WHERE id = ? AND removed_at IS NULL"
_ACTOR = "SELECT * FROM actor WHERE id = ?"
_SPEAKER = "SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL"
_KNOWN = "SELECT * FROM actor WHERE lower(username) = ? AND host = ? AND uri IS NOT NULL AND kind <> 'Feed' LIMIT 1"
_HERE = "SELECT * FROM actor WHERE local_name = ? AND kind = 'Person'"


async def given(owner: Owner, before: Row | None, row: Row) -> None:
    """Give what the tags of a bookmark newly say, and take back what they say no more; inside `write()`.

    Tags that stood there already, as those of an import, give nothing.
    """
    wanted, had = _names(row), _names(before)
    if not wanted and not had:
        return
    await respelled(before, row)
    new = [who for who in wanted if who not in had]
    today = await fetch_one(_TODAY, owner.actor_id, now() - _DAY)
    left = MOST_A_DAY - (int(today["amount"]) if today else 0)
    for place, who in enumerate(new if urls.federable(row["url"]) else ()):
        state = WAITING if place < left else MANY
        ids = await fetch(_GIVE, row["id"], owner.actor_id, who, here().new_id(), state, now())
        if state == WAITING:
            await queue.add_errand(JOB, {"given": ids[0]["id"]})


async def respelled(before: Row | None, row: Row) -> None:
    """Take back what the tags of a bookmark say no more, and give nothing: tags are renamed by the thousand."""
    wanted = _names(row)
    for each in await fetch(_OF_BOOKMARK, row["id"]) if wanted or _names(before) else ():
        if each["who"] not in wanted:
            await _take_back(each)


async def given_again(row: Row) -> None:
    """A bookmark came back before what it gives was handed over; inside `write()`."""
    for each in await fetch(_OF_BOOKMARK, row["id"]) if _names(row) else ():
        if each["state"] == WAITING:
            await queue.add_errand(JOB, {"given": each["id"]})


async def taken_back(row: Row) -> None:
    """A bookmark ends, and what it gave with it; inside `write()`."""
    for each in await fetch(_OF_BOOKMARK, row["id"]):
        await _take_back(each)


async def gifts_of(row: Row) -> list[Row]:
    """To whom a bookmark is given, by `who`, with the `state` of each: for its owner's eyes."""
    return await fetch(_OF_BOOKMARK, row["id"]) if _names(row) else []


async def give(job: Row) -> None:
    """Hand over one link: find out who is meant, and say it. Raises Unreachable, so that the job is tried again."""
    given_id = json.loads(job["payload"])["given"]
    waiting = await fetch_one(_STILL_WAITING, given_id)
    if waiting is not None:
        taker, state = None, NOBODY
        try:
            taker = await _taker(waiting["who"])
        except Unreachable:
            if job["tries"] < queue.MOST_TRIES:
                raise
            state = UNREACHABLE
        await atomically(lambda: _hand_over(given_id, taker, state))
        here().wake.set()
    await queue.finish(job["id"], {})


def _names(row: Row | None) -> list[str]:
    """For whom the tags of a live bookmark say it is."""
    if row is None or row["removed_at"] is not None:
        return []
    return [who for word in row["tags"].split() if (who := tags.for_whom(word))]


async def _taker(who: str) -> Row | None:
    """Who is meant, of this server or another; None for nobody that can be given anything. Raises Unreachable."""
    name, _, host = who.partition("@")
    settings = here().settings
    if host in ("", settings.handles_at, settings.host):
        found = await fetch_one(_HERE, name) if _NAME.fullmatch(name) else None
    elif await is_blocked(host):
        return None
    else:
        try:
            known = await fetch_one(_KNOWN, name, host)
            found = await find_actor(known["uri"] if known else await find_handle(f"@{who}"))
        except (NotFound, Gone, Refused, Forbidden, Untrustworthy):
            return None
    if found is None or found["gone_at"] is not None or found["suspended_at"] is not None:
        return None
    return None if await is_blocked_actor(found) else found


async def _hand_over(given_id: int, taker: Row | None, state: str) -> None:
    waiting = await fetch_one(_STILL_WAITING, given_id)
    if waiting is None:
        return
    await hold("actor", waiting["giver_id"])
    bookmark, giver = await fetch_one(_LIVE, waiting["bookmark_id"]), await fetch_one(_SPEAKER, waiting["giver_id"])
    if bookmark is None or giver is None:
        return  # removed: it may come back
    if taker is not None:
        state = await _state_for(giver, taker)
    taker_id = taker["id"] if taker is not None else None
    await execute("UPDATE given_link SET state = ?, taker_id = ? WHERE id = ?", state, taker_id, given_id)
    # Whoever is kept away by the other hears the same as everybody: that it was sent.
    if taker is None or state != SENT or await for_you.is_kept_away(giver["id"], taker["id"]):
        return
    if taker["local_name"] is None:
        await direct.say_link(giver, waiting, bookmark, taker)
    else:
        await for_you.put_given(giver, waiting, bookmark, taker["id"])


async def _state_for(giver: Row, taker: Row) -> str:
    if taker["id"] == giver["id"]:
        return MYSELF
    if await fetch_one(_FOLLOWS, taker["id"], giver["id"]) is not None:
        return SENT
    strangers = await fetch_one(_TO_STRANGERS, giver["id"], now() - _DAY, giver["id"])
    return SENT if strangers is None or strangers["amount"] < MOST_TO_STRANGERS_A_DAY else MANY


async def _take_back(each: Row) -> None:
    await execute("UPDATE given_link SET ended_at = ? WHERE id = ?", now(), each["id"])
    if each["state"] != SENT:
        return
    giver, taker = await fetch_one(_ACTOR, each["giver_id"]), await fetch_one(_ACTOR, each["taker_id"])
    if giver is None or taker is None:
        return
    if taker["local_name"] is None:
        await direct.say_taken_back(giver, each, taker)
    else:
        await for_you.forget(giver["id"], direct.note_id(giver["local_name"], each["public_id"]))
