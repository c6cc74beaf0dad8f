"""PURE. Mastodon's archive: `bookmarks.json`, a list of addresses of notes, and `outbox.json`, what one wrote.

A bookmark there was nobody else's business, so it is private here. Of one's own notes those are taken that bring a
page, as they would be from anybody; the others are no bookmarks. `likes.json` is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedimark.bookmarks.recognise import recognise
from fedimark.importing.formats.json_tree import Closed, walk
from fedimark.importing.formats.making import PLAIN, Reading, made
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft
from fedimark.language.said import _
from fedimark.policy.visibility import Visibility
from fedimark.vocab.objects import Note, read_note
from fedimark.vocab.reading import Unreadable
from fedimark.vocab.terms import PUBLIC

_INSIDE = frozenset({"orderedItems", "items"})
_LOOKS = re.compile(rb'"type"\s*:\s*"OrderedCollection"')
_LIKES = re.compile(rb'"id"\s*:\s*"likes\.json"')


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"{") and _LOOKS.search(head) is not None and _LIKES.search(head) is None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark, and each note of one's own that brings a page, in the order of the file."""
    for found in walk(source, _INSIDE):
        if isinstance(found, Broken):
            yield found
        elif isinstance(found, Closed) or found.key not in _INSIDE:
            continue
        elif isinstance(found.value, str):
            yield made(url=found.value, visibility=Visibility.PRIVATE)
        elif isinstance(found.value, dict) and isinstance(found.value.get("object"), dict):
            row = _own(found.value["object"])
            if row is not None:
                yield row


def _own(document: dict[str, object]) -> Draft | Broken | None:
    try:
        note = read_note(document)
    except Unreadable:
        return Broken(_("This note can’t be read."))
    page = recognise(note)
    if page is None:
        return None
    return made(
        url=page.url,
        title=page.title,
        description=page.description,
        tag_text=" ".join(page.tags),
        visibility=_visibility(note),
        saved_at=note.published,
    )


def _visibility(note: Note) -> Visibility:
    if PUBLIC in note.to:
        return Visibility.PUBLIC
    if PUBLIC in note.cc:
        return Visibility.UNLISTED
    to_followers = any(each.endswith("/followers") for each in note.to)
    return Visibility.FOLLOWERS if to_followers else Visibility.PRIVATE
