"""Create and Update of Notes."""

from __future__ import annotations

from dataclasses import replace

from fedimark.bookmarks.incoming import IGNORED, store_note
from fedimark.inbox.receive import Verified
from fedimark.vocab.activities import Create, Update
from fedimark.vocab.objects import Note
from fedimark.vocab.terms import TAGS


async def on_create(received: Verified[Create]) -> str:
    """A new Note; what comes as an address only, or is no Note, is ignored."""
    note = received.activity.note
    return IGNORED if note is None else await _store(received, note)


async def on_update(received: Verified[Update]) -> str:
    """A Note changed. Some servers do not say when: then it is when they told us."""
    note = received.activity.note
    if note is None:
        return IGNORED
    changed = note.updated or received.activity.published or received.received_at
    return await _store(received, replace(note, updated=changed))


async def _store(received: Verified[Create] | Verified[Update], note: Note) -> str:
    activity = received.activity
    if not (note.to or note.cc):
        note = replace(note, to=activity.to, cc=activity.cc)
    # Only servers made for bookmarks send raw tags, and their authors save in public to be found.
    from_bookmark_server = activity.object is not None and TAGS in activity.object
    consents = bool(received.actor["indexable"]) or from_bookmark_server
    return await store_note(received.actor, note, received.received_at, author_consents=consents)
