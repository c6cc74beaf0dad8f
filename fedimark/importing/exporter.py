"""Taking one's bookmarks out: everything the owner has, private ones included, as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import export_page
from fedimark.errors import Refused
from fedimark.importing.formats import pinboard_json

FORMATS = ("pinboard-json",)


async def export(owner: Owner, name: str = "pinboard-json") -> AsyncIterator[bytes]:
    """Yield the file of all of an owner's bookmarks, newest first; raises Refused for a format nobody writes.

    Pinboard JSON knows public and private only: unlisted and followers-only ones are written as not shared.
    """
    if name not in FORMATS:
        raise Refused(f"Formats this server writes: {', '.join(FORMATS)}.", field="format")
    before, place = pinboard_json.OPEN, None
    while page := await export_page(owner, place):
        for row in page:
            yield before + pinboard_json.write(row)
            before = pinboard_json.BETWEEN
        place = (page[-1]["saved_at"], page[-1]["id"])
    yield b"[]\n" if place is None else pinboard_json.CLOSE
