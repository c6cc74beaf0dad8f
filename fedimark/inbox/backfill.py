"""What somebody said before anybody here followed them: the first pages of their outbox.

The worker's job of that name. Done again from the start when it was interrupted: what is known costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from fedimark.bookmarks.incoming import is_followed, store_note
from fedimark.bookmarks.shares import bookmark_of
from fedimark.database import Row, atomically, fetch_one
from fedimark.errors import FedimarkError, Unreachable
from fedimark.follows.kinds import is_stream
from fedimark.here import here, now
from fedimark.inbox import authority
from fedimark.inbox.keeping import keep
from fedimark.jobs import queue
from fedimark.remote.fetch import fetch_document
from fedimark.remote.sites import same_site
from fedimark.vocab.activities import Announce, Create
from fedimark.vocab.collections import Collection, read_collection
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.parse import parse
from fedimark.vocab.reading import Unreadable, is_web_url, one_type, types
from fedimark.vocab.terms import NOTE_TYPES, PUBLIC, Doc

MOST_THINGS = 40
MOST_PAGES = 10
MOST_FETCHED = 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of an outbox is read at once: things, pages, and addresses that must be fetched one by one."""

    things: int = MOST_THINGS
    pages: int = MOST_PAGES
    fetches: int = MOST_FETCHED


@dataclass(slots=True)
class Reading:
    """How far one outbox is read, and what may still be asked."""

    author: Row
    passes_on: bool  # it is a stream: what it announced is taken as if it were said now
    visited: set[str] = field(default_factory=set)
    fetches: int = 0
    bounds: Bounds = Bounds()
    next: str | None = None  # where what was not read begins


async def backfill(job: Row) -> None:
    """Keep the newest bookmarks of somebody followed here, with their own dates, or what a stream passed on; nobody is
    notified.

    At most 40 things on 10 pages; 20 of them may be addresses that must be fetched one by one, as GoToSocial's are.
    Raises Unreachable, so that the job is tried again.
    """
    actor_id = json.loads(job["payload"])["actor_id"]
    author = await fetch_one("SELECT * FROM actor WHERE id = ? AND gone_at IS NULL AND suspended_at IS NULL", actor_id)
    report = await read_outbox(job, author, Bounds(), None) if author is not None else {}
    await queue.finish(job["id"], {"read": 0, "bookmarks": 0, **report})


async def read_outbox(job: Row, author: Row, bounds: Bounds, begin: str | None) -> dict[str, object]:
    """Read an outbox within bounds, from its beginning or a page of it, and say how many things were read, how many of
    them were new bookmarks, and where the next time begins (`next`, a page; None at the end).
    """
    kept = done = 0
    reading = Reading(author, await is_stream(author), bounds=bounds)
    if author["outbox"] and await is_followed(author):
        async for thing in _things(reading, begin or author["outbox"]):
            kept += await _take(reading, thing)
            done += 1
            await queue.progress(job["id"], done)
    return {"read": done, "bookmarks": kept, "next": reading.next}


async def _take(reading: Reading, thing: str | Doc) -> bool:
    """Keep what a thing says, if it is the author's and new."""
    document = await _document(reading, thing) if reading.passes_on else thing
    if document is None:
        return False
    if isinstance(document, dict) and (announce := _announce(reading, document)) is not None:
        # Whether it is so is asked when it is applied, as of one that just came.
        is_new = await keep(announce, reading.author, json.dumps(document, ensure_ascii=False), now())
        here().wake.set()
        return is_new
    note = await _note(reading, document)
    return note is not None and await _keep(reading.author, note) == "saved"


async def _keep(author: Row, note: Note) -> str:
    return await atomically(lambda: store_note(author, note, now()))


async def _document(reading: Reading, thing: str | Doc) -> Doc | None:
    try:
        return await _fetched(reading, thing) if isinstance(thing, str) else thing
    except Unreachable:
        raise
    except FedimarkError:
        return None


def _announce(reading: Reading, document: Doc) -> Announce | None:
    """The Announce that stands in a stream's outbox, if the stream itself says it to everybody."""
    try:
        activity = parse(document)
        authority.check(activity)
    except (Unreadable, authority.NotTheirs):
        return None
    if not isinstance(activity, Announce) or not reading.passes_on or activity.actor != reading.author["uri"]:
        return None
    return activity if PUBLIC in (*activity.to, *activity.cc) else None


async def _things(reading: Reading, begin: str) -> AsyncIterator[str | Doc]:
    """What stands on the first pages, newest first; ends quietly where a page can't be read or leads back."""
    next_page: str | Doc | None = begin
    left = reading.bounds.things
    for _ in range(reading.bounds.pages + 1):
        page = await _page(reading, next_page)
        if page is None:
            reading.next = None
            return
        for thing in page.things[:left]:
            yield thing
        left -= len(page.things)
        next_page = page.next or page.first
        reading.next = next_page if isinstance(next_page, str) else None
        if left <= 0:
            return


async def _page(reading: Reading, page: str | Doc | None) -> Collection | None:
    if page is None:
        return None
    try:
        if isinstance(page, dict):
            return read_collection(page)
        if page in reading.visited or not authority.same_host(page, reading.author["outbox"]):
            return None
        reading.visited.add(page)
        return read_collection(await fetch_document(page))
    except Unreachable:
        raise
    except (FedimarkError, Unreadable):
        return None


async def _note(reading: Reading, thing: str | Doc) -> Note | None:
    """The Note that a thing is or creates, if it is the author's; anything else is passed over."""
    try:
        document = await _fetched(reading, thing) if isinstance(thing, str) else thing
        if document is not None and one_type(document, NOTE_TYPES):
            return _theirs(reading, read_note(document))
        if document is None or "Create" not in types(document):
            return None
        inner = document.get("object")
        if isinstance(inner, str) and is_web_url(inner):
            return await _note(reading, inner) if isinstance(thing, dict) else None
        create = parse(document)
        authority.check(create)
    except Unreachable:
        raise
    except (FedimarkError, Unreadable, authority.NotTheirs):
        return None
    if not isinstance(create, Create) or create.note is None:
        return None
    note = create.note
    addressed = note if note.to or note.cc else replace(note, to=create.to, cc=create.cc)
    return _theirs(reading, addressed)


def _theirs(reading: Reading, note: Note) -> Note | None:
    """Whoever's outbox it is says it, on their own server; the outbox may be of another host of that site."""
    author = reading.author
    is_here = authority.same_host(note.id, author["uri"]) and same_site(note.id, author["outbox"])
    return note if is_here and note.attributed_to == author["uri"] else None


async def _fetched(reading: Reading, uri: str) -> Doc | None:
    if reading.fetches >= reading.bounds.fetches or not authority.same_host(uri, reading.author["uri"]):
        return None
    if await bookmark_of(uri) is not None:
        return None
    reading.fetches += 1
    return await fetch_document(uri)
