"""Create and Update of Notes; Update of an actor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fedimark import addresses
from fedimark.accounts.links import keep_links_of
from fedimark.bookmarks import for_you
from fedimark.bookmarks.incoming import (
    IGNORED,
    follow_consent,
    forget_note,
    is_followed,
    store_from_origin,
    store_note,
)
from fedimark.bookmarks.remarks import forget_remark, store_remark
from fedimark.bookmarks.spoken_of import is_remark
from fedimark.database import Row
from fedimark.inbox.handlers import UNFINISHED
from fedimark.inbox.mentions import asks_to_save
from fedimark.inbox.receive import Verified
from fedimark.outbox.passed_on import came
from fedimark.vocab.activities import Create, Update
from fedimark.vocab.objects import Note

BATCH = 500  # bookmarks brought onto public pages, or off them, in one transaction


async def on_create(received: Verified[Create]) -> str:
    """A new Note; one that came as an address only was fetched before."""
    note = note_of(received)
    is_wish = note is not None and await asks_to_save(received.actor, note)
    outcome = await _store(received)
    return "to be saved" if is_wish and outcome == IGNORED else await _or_link(received, outcome)


async def on_update(received: Verified[Update]) -> str:
    """A Note changed, or its author did: they are stored anew already, and what they allow is followed."""
    if not is_of_actor(received.activity):
        return await _or_link(received, await _store(received))
    actor = received.origin.actor if received.origin else None
    if actor is None:
        return IGNORED
    if await is_followed(actor):
        await keep_links_of(actor)
    changed = await follow_consent(actor, BATCH)
    return "refreshed" if changed < BATCH else UNFINISHED


def note_of(received: Verified[Any]) -> Note | None:
    """The Note as it came, None where it did not.

    Its recipients may stand with the activity alone. Some servers do not say when a Note changed: then it is when
    they told us.
    """
    activity = received.activity
    note: Note | None = activity.note
    if note is not None and not (note.to or note.cc):
        note = replace(note, to=activity.to, cc=activity.cc)
    if note is not None and note.updated is None and isinstance(activity, Update):
        note = replace(note, updated=activity.published or received.received_at)
    return note


async def forgotten(author: Row, uri: str) -> str:
    """Drop what its author took away: a bookmark, what they said about one, or a link they gave."""
    outcome = await forget_note(author, uri)
    outcome = await forget_remark(author, uri) if outcome == IGNORED else outcome
    return await for_you.forget(author["id"], uri) if outcome == IGNORED else outcome


def is_of_actor(activity: Update) -> bool:
    """Whether somebody changed what they say of themselves."""
    return activity.object_id == activity.actor


async def _store(received: Verified[Any]) -> str:
    origin, author = received.origin, received.actor
    if origin is not None and origin.is_gone:
        return await forgotten(author, received.activity.object_id)
    if origin is not None and origin.note is not None:
        if origin.author is None or origin.author["id"] != author["id"]:
            return IGNORED
        return await _said(received, origin.note, await store_from_origin(author, origin.note, received.received_at))
    note = note_of(received)
    if note is None:
        return IGNORED
    return await _said(received, note, await store_note(author, note, received.received_at))


async def _said(received: Verified[Any], note: Note, outcome: str) -> str:
    """What came of a Note that its author sent here; tags may pass on what is new in it."""
    if outcome in ("saved", "changed"):
        await came([addresses.uri_hash(note.id)])
    return await _or_remark(received, note, outcome)


async def _or_link(received: Verified[Any], outcome: str) -> str:
    """What came of a Note; where it was nothing for everybody, it may give a link to single people here."""
    note = note_of(received) if outcome == IGNORED else None
    return outcome if note is None else await for_you.take_note(received.actor, note, received.received_at)


async def _or_remark(received: Verified[Any], note: Note, outcome: str) -> str:
    """What came of a Note as a bookmark; else of what it says about one, which an edit may end or begin."""
    if not is_remark(note) and not isinstance(received.activity, Update):
        return outcome
    said = await store_remark(received.actor, note, received.received_at)
    return outcome if said == IGNORED else said
