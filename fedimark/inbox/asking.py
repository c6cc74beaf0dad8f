"""Which activities can't be applied before another server was asked, and the asking: never inside a transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from fedimark import addresses
from fedimark.bookmarks import incoming as bookmarks
from fedimark.bookmarks import quoting
from fedimark.bookmarks.shares import bookmark_of
from fedimark.errors import FedimarkError, Unavailable, Unreachable
from fedimark.follows import moving
from fedimark.inbox import announced, brought
from fedimark.inbox.at_origin import note_at_origin
from fedimark.inbox.handlers.notes import is_of_actor, note_of
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.inbox.receive import Verified
from fedimark.inbox.relayed import speaks_as_relay
from fedimark.policy.blocks import is_blocked_actor
from fedimark.remote.actors import refresh_actor
from fedimark.remote.budget import for_proven
from fedimark.remote.fetch import fetch_document
from fedimark.remote.profile import store_actor
from fedimark.vocab.activities import Accept, Activity, Announce, Create, Move, Update
from fedimark.vocab.actors import read_actor
from fedimark.vocab.objects import Stamp, read_stamp
from fedimark.vocab.reading import Unreadable


class Question(NamedTuple):
    """`look` looks at rows alone and returns None where another server must be asked, `ask` asks it."""

    look: Callable[[Verified[Any]], Awaitable[Origin | None]]
    ask: Callable[[Verified[Any]], Awaitable[Origin]]


async def without_asking(received: Verified[Any]) -> Verified[Any] | None:
    """The activity with what is known of its object; None where somebody must be asked before it can be applied."""
    question = QUESTIONS.get(type(received.activity))
    found = NOTHING if question is None else await question.look(received)
    return received if found is NOTHING else None if found is None else replace(received, origin=found)


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
        return Origin(actor=await store_actor(activity.object, for_proven, known))
    return Origin(actor=await refresh_actor(activity.actor, for_proven))


async def _ask_note(received: Verified[Any]) -> Origin:
    return await note_at_origin(received.activity.object_id, for_proven)


async def _look_announced(received: Verified[Announce]) -> Origin | None:
    # What is ours is counted, whoever says it.
    is_ours = addresses.local_path(received.activity.object_id) is not None
    is_relays = not is_ours and await speaks_as_relay(received.actor)
    return await (brought.look if is_relays else announced.look)(received)


async def _ask_announced(received: Verified[Announce]) -> Origin:
    return await (brought.ask if await speaks_as_relay(received.actor) else announced.ask)(received)


async def _doubts_move(received: Verified[Move]) -> bool:
    return await moving.matters(received.actor, received.received_at)


async def _ask_target(received: Verified[Move]) -> Origin:
    """Who somebody moved to, if that one says so too."""
    document = await fetch_document(received.activity.target, for_proven)
    if received.activity.actor not in read_actor(document).also_known_as:
        return NOTHING
    target = await store_actor(document, for_proven)
    return NOTHING if await is_blocked_actor(target) else Origin(actor=target)


async def _doubts_stamp(received: Verified[Accept]) -> bool:
    activity = received.activity
    is_of_quote = activity.result is not None and activity.kind in ("", "QuoteRequest")
    return is_of_quote and await quoting.remark_asked_for(received.actor, activity.answered) is not None


async def _ask_stamp(received: Verified[Accept]) -> Origin:
    """The QuoteAuthorization, as their server shows it; nothing where it is of another quote, or somebody else's."""
    activity = received.activity
    remark = await quoting.remark_asked_for(received.actor, activity.answered)
    if remark is None or activity.result is None:
        return NOTHING
    stamp = read_stamp(await fetch_document(activity.result, for_proven))
    is_it = stamp == Stamp(activity.result, activity.actor, remark["uri"], remark["about_uri"])
    return Origin(stamp=stamp.id) if is_it else NOTHING


def _unless(doubts: Callable[[Verified[Any]], Awaitable[bool]]) -> Callable[[Verified[Any]], Awaitable[Origin | None]]:
    async def look(received: Verified[Any]) -> Origin | None:
        return None if await doubts(received) else NOTHING

    return look


QUESTIONS: Mapping[type[Activity], Question] = MappingProxyType(
    {
        Create: Question(_unless(_doubts_note), _ask_note),
        Update: Question(_unless(_doubts_update), _ask_update),
        Announce: Question(_look_announced, _ask_announced),
        Move: Question(_unless(_doubts_move), _ask_target),
        Accept: Question(_unless(_doubts_stamp), _ask_stamp),
    }
)
