"""Whether a bookmark carries the tag of the stream that passes it on."""

from __future__ import annotations

from fedimark.bookmarks.arrivals import software_of
from fedimark.bookmarks.recognise import raw_tag, recognise
from fedimark.database import Row, fetch_one
from fedimark.text import streams
from fedimark.vocab.objects import Note

_OURS = "fedimark"


async def note_carries(announcer: Row, author: Row, note: Note) -> bool:
    """Of a Note as its own server shows it, or its author proved it; True where the announcer is no tag's stream."""
    stream = _stream(announcer)
    if stream is None:
        return True
    found = recognise(note, await _software(author))
    loosely = [name for name, href in note.hashtags if raw_tag(name, href) is None]
    said = [*note.tags, *(found.tags if found else ())]
    return _is_theirs(stream, author) and streams.carries(stream, said, loosely)


async def row_carries(announcer: Row, bookmark: Row) -> bool:
    """The same of a bookmark that is kept here."""
    stream = _stream(announcer)
    author = await fetch_one("SELECT * FROM actor WHERE id = ?", bookmark["actor_id"]) if stream else None
    if stream is None or author is None:
        return stream is None
    said = bookmark["tags"].split()
    is_raw = author["local_name"] is not None or await _software(author) == _OURS
    return _is_theirs(stream, author) and streams.carries(stream, said, () if is_raw else said)


def _stream(announcer: Row) -> streams.TagOf | None:
    return streams.read(announcer["uri"] or "", announcer["kind"], announcer["username"])


def _is_theirs(stream: streams.TagOf, author: Row) -> bool:
    """Whether a person's tag passes on what that person saved."""
    return stream.person in ("", author["uri"])


async def _software(author: Row) -> str:
    return (await software_of([author["uri"]]))[author["uri"]]
