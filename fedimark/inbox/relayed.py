"""What relays bring: the word of the relay, about somebody else's Note, kept where somebody here waits for such a one.

A relay sends everything that everybody publishes. What it forwards is kept as if it had announced it: as what the relay
says, never as what the author says, until the author's proof in it holds or the author's own server shows it. What
nobody waits for is counted, and leaves no row.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from fedimark import addresses
from fedimark.bookmarks.incoming import is_followed
from fedimark.bookmarks.shares import bookmark_of
from fedimark.bookmarks.wanted import is_any_tag_followed, is_wanted
from fedimark.database import Row, fetch_one
from fedimark.follows import relays
from fedimark.here import MICROS, here, now, put_last
from fedimark.logs import RELAY_PASSED_OVER, log
from fedimark.vocab.activities import Activity, Announce, Create, Delete, Update
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, loads
from fedimark.vocab.terms import AS, PUBLIC, Doc

MOST_WAITING = 300  # of one relay; beyond them nothing more is kept, until its origins were asked
PASSED = "passed over"

_AGAIN = 3_600 * MICROS  # how long what was asked for in vain is not asked for again
_MOST_KNOWN = 10_000
_COUNT_FOR = 60 * MICROS
_WAITING = """
SELECT COUNT(*) AS amount FROM (
    SELECT id FROM received_activity WHERE actor_id = ? AND applied_at IS NULL LIMIT ?) w
"""


class Word(NamedTuple):
    """An activity as it is to be kept, and its body."""

    activity: Activity
    body: str


async def word_of(relay: Row, document: Doc, activity: Activity) -> Word | None:
    """What a relay says by forwarding somebody's activity; None where nobody waits for it.

    That is a public Create or Update of a bookmark with a tag that is followed here, or an Update or Delete of one that
    was kept.
    """
    if not await _matters(activity) or await _is_full(relay):
        _count(relay)
        return None
    named = {"id": activity.id} if activity.id else {}
    said = {"@context": AS, **named, "type": "Announce", "actor": relay["uri"], "to": [PUBLIC], "object": document}
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    try:
        return Word(parse(loads(body.encode("utf-8", "surrogatepass"))), body)
    except Unreadable:  # one level too deep
        _count(relay)
        return None


async def is_passed_over(announcer: Row, activity: Announce) -> bool:
    """Whether nobody waits for what a relay announces: somebody else's Announce never is.

    Of an id alone nobody knows what it is. So it matters where anybody follows any tag, or where it was kept.
    """
    if not await speaks_as_relay(announcer):
        return False
    if await _may_matter(activity) and not await _is_full(announcer):
        return False
    _count(announcer)
    return True


async def speaks_as_relay(announcer: Row) -> bool:
    """Whether somebody is heard here as a relay, and not because anybody follows them."""
    return await relays.carries(announcer) and not await is_followed(announcer)


async def known(activity: Announce) -> Row | None:
    """The bookmark that an Announce is about, if it is kept here; relays name activities by a fragment of it."""
    return await bookmark_of(activity.object_id) or await bookmark_of(activity.object_id.partition("#")[0])


def remember_in_vain(object_id: str) -> None:
    """Ask no more for an object that turned out to be nothing for us, for an hour."""
    asked: dict[str, int] = here().caches.setdefault("relayed.in_vain", {})
    put_last(asked, object_id, now() + _AGAIN, _MOST_KNOWN)


async def _matters(activity: Activity) -> bool:
    if not isinstance(activity, Create | Update | Delete) or not _is_public(activity):
        return False
    if addresses.local_path(activity.object_id) is not None:
        return False
    before = await bookmark_of(activity.object_id)
    if isinstance(activity, Delete) or before is not None:
        return before is not None and not isinstance(activity, Create)
    return activity.note is not None and await is_wanted(activity.note)


async def _may_matter(activity: Announce) -> bool:
    if addresses.local_path(activity.object_id) is not None:
        return False
    if await known(activity) is not None:
        return activity.about != "Create"
    if activity.about == "Delete" or _was_in_vain(activity.object_id):
        return False
    return await (is_any_tag_followed() if activity.note is None else is_wanted(activity.note))


def _is_public(activity: Activity) -> bool:
    note = activity.note if isinstance(activity, Create | Update) else None
    heard = (*activity.to, *activity.cc, *((*note.to, *note.cc) if note else ()))
    return PUBLIC in heard


def _was_in_vain(object_id: str) -> bool:
    return bool(here().caches.get("relayed.in_vain", {}).get(object_id, 0) > now())


async def _is_full(relay: Row) -> bool:
    row = await fetch_one(_WAITING, relay["id"], MOST_WAITING)
    return row is not None and row["amount"] >= MOST_WAITING


def _count(relay: Row) -> None:
    """Count what is passed over, and tell it once a minute."""
    counts: dict[str, tuple[int, int]] = here().caches.setdefault("relayed.passed_over", {})
    since, amount = counts.get(relay["uri"], (now(), 0))
    if since + _COUNT_FOR <= now():
        log.info(RELAY_PASSED_OVER, relay=relay["uri"], amount=amount + 1)
        since, amount = now(), -1
    counts[relay["uri"]] = (since, amount + 1)
