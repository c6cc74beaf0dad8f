"""Notes as their own servers show them; never inside a transaction."""

from __future__ import annotations

from fedimark.errors import Gone, NotFound
from fedimark.inbox.authority import same_host
from fedimark.inbox.origin import NOTHING, Origin
from fedimark.policy.blocks import is_blocked, is_blocked_actor
from fedimark.remote.actors import find_actor
from fedimark.remote.budget import Spend
from fedimark.remote.fetch import fetch_document
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.reading import one_type


async def note_at_origin(uri: str, spend: Spend) -> Origin:
    """A Note from its own server, with an author of that same server; `spend` counts what is asked.

    Raises NotFound, Unreachable, Untrustworthy, Unreadable; what ended is an answer too.
    """
    note = await note_at(uri, spend)
    return Origin(is_gone=True) if note is None else await with_author(note, spend)


async def note_at(uri: str, spend: Spend) -> Note | None:
    """The Note that its own server shows; None where that says it is gone. Raises as `note_at_origin`."""
    try:
        document = await fetch_document(uri, spend)
    except Gone:
        return None
    return None if one_type(document, {"Tombstone"}) is not None else read_note(document)


async def with_author(note: Note, spend: Spend) -> Origin:
    """A Note that its server showed, by whom it says; `NOTHING` where that is another server, or nobody we hear."""
    if not same_host(note.id, note.attributed_to) or await is_blocked(note.attributed_to):
        return NOTHING
    try:
        author = await find_actor(note.attributed_to, spend)
    except (NotFound, Gone):
        return NOTHING
    # Their handle may be of a blocked domain, where their id is not.
    is_unwanted = author["suspended_at"] is not None or await is_blocked_actor(author)
    return NOTHING if is_unwanted else Origin(note=note, author=author)
