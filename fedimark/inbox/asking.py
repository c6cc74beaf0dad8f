"""Which activities can't be applied before another server was asked, and the asking: never inside a transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fedimark import addresses
from fedimark.bookmarks import incoming as bookmarks
from fedimark.bookmarks.recognise import recognise
from fedimark.bookmarks.shares import bookmark_of, was_taken_back
from fedimark.bookmarks.wanted import is_wanted
from fedimark.errors import FedimarkError, Gone, NotFound, Unavailable, Unreachable, Untrustworthy
from fedimark.follows import moving
from fedimark.inbox import relayed
from fedimark.inbox.authority import same_host
from fedimark.inbox.handlers.notes import is_of_actor, note_of
from fedimark.inbox.handlers.relays import proven
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified
from fedimark.inbox.relayed import speaks_as_relay
from fedimark.policy.blocks import is_blocked, is_blocked_actor
from fedimark.remote.actors import find_actor, refresh_actor
from fedimark.remote.budget import Spend, for_announced, for_proven
from fedimark.remote.fetch import fetch_document
from fedimark.remote.profile import store_actor
from fedimark.vocab.activities import Activity, Announce, Create, Move, Update
from fedimark.vocab.actors import read_actor
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.reading import Unreadable, one_type
from fedimark.vocab.terms import PUBLIC


class Question(NamedTuple):
    """`is_needed` looks at rows alone, `ask` at another server."""

    is_needed: Callable[[Verified[Any]], Awaitable[bool]]
    ask: Callable[[Verified[Any]], Awaitable[Origin]]


async def is_needed(received: Verified[Any]) -> bool:
    """Whether somebody must be asked before this can be applied; asks nobody."""
    question = QUESTIONS.get(type(received.activity))
    return question is not None and await question.is_needed(received)


async def ask(received: Verified[Any]) -> Origin:
    """Ask whoever must be asked; `NOTHING` for answers not to be believed. Raises Unreachable, Unavailable."""
    question = QUESTIONS.get(type(received.activity))
    try:
        return NOTHING if question is None else await question.ask(received)
    except (Unreachable, Unavailable):
        raise
    except (FedimarkError, Unreadable):
        return NOTHING


async def _doubts_note(received: Verified[Any]) -> bool:
    note = note_of(received)
    if note is not None:
        return await bookmarks.is_doubtful(received.actor, note, received.received_at)
    # An address alone: GoToSocial's outboxes and Postmarks' edits.
    return received.activity.object is None and await _is_wanted(received)


async def _doubts_update(received: Verified[Update]) -> bool:
    return is_of_actor(received.activity) or await _doubts_note(received)


async def _is_wanted(received: Verified[Any]) -> bool:
    known = await bookmark_of(received.activity.object_id)
    return known is not None or await bookmarks.is_followed(received.actor)


async def _ask_update(received: Verified[Update]) -> Origin:
    return await (_ask_actor(received) if is_of_actor(received.activity) else _ask_note(received))


async def _ask_actor(received: Verified[Update]) -> Origin:
    """The actor from the signed document itself; from their server where that is older than what is known."""
    activity, known = received.activity, received.actor
    is_newer = activity.published is not None and activity.published > known["fetched_at"]
    if activity.object is not None and activity.person is not None and activity.person.key_id and is_newer:
        for_proven(activity.actor)
        return Origin(actor=await store_actor(activity.object, for_proven))
    return Origin(actor=await refresh_actor(activity.actor, for_proven))


async def _ask_note(received: Verified[Any]) -> Origin:
    """The Note from its own server, with an author of that same server."""
    note = await _note_at(received.activity.object_id, for_proven)
    return Origin(is_gone=True) if note is None else await _with_author(note, for_proven)


async def _note_at(uri: str, spend: Spend) -> Note | None:
    """The Note that its own server shows; None where that says it is gone."""
    try:
        document = await fetch_document(uri, spend)
    except Gone:
        return None
    return None if one_type(document, {"Tombstone"}) is not None else read_note(document)


async def _with_author(note: Note, spend: Spend) -> Origin:
    if not same_host(note.id, note.attributed_to) or await is_blocked(note.attributed_to):
        return NOTHING
    author = await find_actor(note.attributed_to, spend)
    # Their handle may be of a blocked domain, where their id is not.
    is_unwanted = author["suspended_at"] is not None or await is_blocked_actor(author)
    return NOTHING if is_unwanted else Origin(note=note, author=author)


async def _ask_shared(received: Verified[Announce]) -> Origin:
    if await speaks_as_relay(received.actor):
        return await _ask_relayed(received)
    try:
        return await _ask_note(received)
    except NotFound:
        return Origin(is_gone=True)


async def _ask_relayed(received: Verified[Announce]) -> Origin:
    """The Note that a relay brought, if somebody here waits for it; nobody asks for the author of any other."""
    activity = received.activity
    kept = await relayed.known(activity)
    uri = activity.object_id if kept is None else kept["uri"]
    try:
        note = await _note_at(uri, for_announced)
    except NotFound:
        note = None
    except Untrustworthy:
        relayed.remember_in_vain(uri)
        raise
    if note is None:
        return Origin(is_gone=True)
    if PUBLIC not in (*note.to, *note.cc) or (kept is None and not await is_wanted(note)):
        relayed.remember_in_vain(uri)
        return NOTHING
    return await _with_author(note, for_announced)


async def _doubts_relayed(received: Verified[Announce]) -> bool:
    activity = received.activity
    if await relayed.known(activity) is not None:
        return activity.about != "Create"
    if activity.about == "Delete" or (activity.note is not None and not await is_wanted(activity.note)):
        return False
    return await proven(received) is None


async def _doubts_share(received: Verified[Announce]) -> bool:
    activity = received.activity
    if addresses.local_path(activity.object_id) is None and await speaks_as_relay(received.actor):
        return await _doubts_relayed(received)
    if addresses.local_path(activity.object_id) is not None or not await bookmarks.is_followed(received.actor):
        return False
    if await bookmark_of(activity.object_id) is not None:
        return activity.about in ("Update", "Delete")
    # Whole threads of comments are announced: what is no bookmark by their own word need not be fetched.
    says_nothing = activity.note is not None and recognise(activity.note) is None
    if activity.about in ("Update", "Delete") or says_nothing:
        return False
    return not await was_taken_back(received.actor, activity.id, activity.published)


async def _doubts_move(received: Verified[Move]) -> bool:
    return await moving.matters(received.actor, received.received_at)


async def _ask_target(received: Verified[Move]) -> Origin:
    """Who somebody moved to, if that one says so too."""
    document = await fetch_document(received.activity.target, for_proven)
    if received.activity.actor not in read_actor(document).also_known_as:
        return NOTHING
    target = await store_actor(document, for_proven)
    return NOTHING if await is_blocked_actor(target) else Origin(actor=target)


QUESTIONS: Mapping[type[Activity], Question] = MappingProxyType(
    {
        Create: Question(_doubts_note, _ask_note),
        Update: Question(_doubts_update, _ask_update),
        Announce: Question(_doubts_share, _ask_shared),
        Move: Question(_doubts_move, _ask_target),
    }
)
