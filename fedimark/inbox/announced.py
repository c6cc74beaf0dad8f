"""What others announce: believed by its author's own proof without asking anybody, or asked of its own server.

A proof is enough where it is of today, its author is known here and the object is not. Of those that would be believed
so, chance picks one in twenty to be looked at all the same; everything else is. (FEP-8b32)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from fedimark import addresses
from fedimark.bookmarks import incoming as bookmarks
from fedimark.bookmarks.carrying import row_carries
from fedimark.bookmarks.recognise import recognise
from fedimark.bookmarks.shares import bookmark_of, was_taken_back
from fedimark.database import execute
from fedimark.errors import FedimarkError, NotFound, NotProven, Postponed, Unreachable
from fedimark.here import MICROS, here, now
from fedimark.inbox import origins
from fedimark.inbox.at_origin import note_at_origin
from fedimark.inbox.handlers.notes import note_of
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified, embedded
from fedimark.remote.actors import known_actor, meet_actor
from fedimark.remote.budget import for_announced, hear, may_be_heard
from fedimark.vocab.activities import Announce, Create
from fedimark.vocab.reading import Unreadable

CHECKED: Final = 0.05
# A bookmark may end while its announcement is on its way; that happens to the honest too, and seldom.
MOST_DOUBTS: Final = 3
MOST_WAITING: Final = 300  # of one announcer: at 30 a minute what it takes ten minutes to ask for

T = TypeVar("T")

_MET_LATELY = 300 * MICROS
_MAKE_ROOM = """
DELETE FROM received_activity WHERE id IN (
    SELECT id FROM received_activity
    WHERE actor_id = ? AND kind = 'Announce' AND applied_at IS NULL AND asking_since IS NOT NULL
    ORDER BY id DESC LIMIT 50 OFFSET ?)
"""


async def look(received: Verified[Announce]) -> Origin | None:
    """What is known of an announced object without asking anybody, or is not worth asking; None where it must be."""
    activity = received.activity
    if addresses.local_path(activity.object_id) is not None or not await bookmarks.is_followed(received.actor):
        return NOTHING
    known = await bookmark_of(activity.object_id)
    if activity.about in ("Update", "Delete"):
        return NOTHING if known is None else None
    if await was_taken_back(received.actor, activity.id, activity.published):
        return NOTHING
    # One that does not carry the stream's tag may carry it now.
    if (known is not None and await row_carries(received.actor, known)) or _is_not_worth_asking(activity):
        return NOTHING
    return await offline(received)


async def offline(received: Verified[Announce]) -> Origin | None:
    """The Note inside, where its author's proof is enough and its announcer is not heard too much already.

    `NOTHING` where it ended before; None where its own server must be asked.
    """
    if not may_be_heard(received.actor["uri"]):
        return None
    found = await _believed(received)
    if found is None or found is NOTHING:
        return found
    if _chance_falls_on(received.activity):
        return None
    hear(received.actor["uri"])
    return found


async def ask(received: Verified[Announce]) -> Origin:
    """The object by its proof, once its author was met, else as its own server shows it.

    Raises Unreachable, Postponed where it is not asked just now; what else can go wrong is remembered for an hour.
    """
    activity = received.activity
    hear(received.actor["uri"])
    if activity.about not in ("Update", "Delete") and not origins.is_to_be_checked(activity.object_id):
        found = await _believed(received) or await _introduced(received)
        if found is not None and (found is NOTHING or not _chance_falls_on(activity)):
            return found
    return await _at_origin(activity.object_id)


async def make_room(received: Verified[Announce]) -> None:
    """Let no more than some announcements of one actor wait for their turn: the oldest are forgotten."""
    await execute(_MAKE_ROOM, received.actor["id"], MOST_WAITING)


def _is_not_worth_asking(activity: Announce) -> bool:
    # Whole threads of comments are announced: what is no bookmark by their own word need not be fetched.
    if activity.note is not None and recognise(activity.note) is None:
        return True
    # A stream that announces itself, or that it announced something.
    if activity.object_id in (activity.actor, activity.id):
        return True
    changed_at = None if activity.note is None else activity.note.updated or activity.note.published
    return origins.has_failed(activity.object_id, activity.actor, changed_at)


async def _believed(received: Verified[Announce]) -> Origin | None:
    """The Note that a proof inside vouches for, `NOTHING` where it ended; None where its server must be asked."""
    create = None if received.actor["doubts"] > MOST_DOUBTS else await _proven(received)
    note = note_of(create) if create is not None else None
    if create is None or note is None or await bookmark_of(note.id) is not None:
        return None
    if await bookmarks.is_buried(create.actor, note.id):
        return NOTHING
    if await bookmarks.is_withheld(create.actor, note.id):
        return None
    return Origin(note=note, author=create.actor, is_proven=True)


async def _proven(received: Verified[Announce]) -> Verified[Create] | None:
    try:
        return await _embedded(received)
    except NotProven:
        return None


async def _embedded(received: Verified[Announce]) -> Verified[Create]:
    """The Create inside, said by its author. Raises NotProven."""
    whole = received.activity.whole
    if whole is None or received.activity.about != "Create":
        raise NotProven("nothing-inside")
    return await embedded(whole, received.received_at)


async def _introduced(received: Verified[Announce]) -> Origin | None:
    """The same as `_believed` of somebody not known before, who is asked for once: later ones cost nothing."""
    try:
        await _embedded(received)
    except NotProven as error:
        note = received.activity.note
        if error.reason != "proof-unknown-key" or note is None:
            return None
        author = await known_actor(note.attributed_to)
        # Whoever invents keys of somebody known makes us ask for them no more than this.
        if author is None or author["fetched_at"] <= now() - _MET_LATELY:
            await _from(note.attributed_to, lambda: meet_actor(note.attributed_to, for_announced, _MET_LATELY))
    # Another of their bookmarks, looked at in the same moment, may have asked for them already.
    return await _believed(received)


def _chance_falls_on(activity: Announce) -> bool:
    if here().chance() >= CHECKED:
        return False
    origins.let_check(activity.object_id)  # whatever happens until it was asked
    return True


async def _at_origin(uri: str) -> Origin:
    try:
        found = await _from(uri, lambda: note_at_origin(uri, for_announced))
    except NotFound:
        origins.remember_failure(uri)
        return Origin(is_gone=True, may_return=True)
    except Unreachable:
        raise
    except (FedimarkError, Unreadable):
        origins.remember_failure(uri)
        raise
    if found.note is None or not found.note.is_public:
        origins.remember_failure(uri)
    return found


async def _from(uri: str, asking: Callable[[], Awaitable[T]]) -> T:
    """What a host answers, unless it is not worth asking just now. Raises Postponed, and as `asking` does."""
    await origins.check_host(uri)
    try:
        found = await asking()
    except Postponed:
        raise
    except Unreachable:
        origins.was_silent(uri)
        raise
    except (FedimarkError, Unreadable):
        origins.answered(uri)
        raise
    origins.answered(uri)
    return found
