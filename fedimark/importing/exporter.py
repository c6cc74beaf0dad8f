"""Taking one's bookmarks out: everything the owner has, private ones included, and nothing of anybody else.

Every file is handed on while it is made: a few hundred rows are held at a time, however many there are.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from fedimark.bookmarks.draft import Owner
from fedimark.errors import Refused
from fedimark.importing import archive, book, folder
from fedimark.importing.formats import WRITABLE, Written
from fedimark.importing.rows_out import Told, pages, tell_nobody
from fedimark.language.said import _

Making: TypeAlias = Callable[[Owner, Told], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class Export:
    """A file one can take out: `name` for the command line and forms, `words` for people, `ending`, `media_type`."""

    name: str
    words: str
    ending: str
    media_type: str
    make: Making


def _rows_of(known: Written) -> Making:
    async def make(owner: Owner, told: Told) -> AsyncIterator[bytes]:
        before, is_empty = known.before, True
        async for page in pages(owner, told):
            yield before + known.between.join(known.row(row) for row in page)
            before, is_empty = known.between, False
        yield known.before + known.after if is_empty else known.after

    return make


_WORDS: Final = {
    "pinboard-json": "Pinboard JSON",
    "pinboard-xml": "Pinboard XML",
    "pinboard-html": "Pinboard HTML",
    "netscape-html": "HTML for browsers",
    "linkding-html": "linkding HTML",
    "raindrop-csv": "Raindrop CSV",
    "fedimark-lines": "fedimark’s own lines, without loss",
}
_ZIP: Final = "application/zip"

EXPORTS: Final = (
    Export(archive.NAME, "Everything, for another fedimark (zip)", "zip", _ZIP, archive.make),
    *(Export(each.name, _WORDS[each.name], each.ending, each.media_type, _rows_of(each)) for each in WRITABLE),
    Export(folder.NAME, "Pages to read and search without a network (zip)", "zip", _ZIP, folder.make),
    Export(book.NAME, "What is to read, as a book (EPUB)", "epub", "application/epub+zip", book.make),
)
FORMATS: Final = tuple(each.name for each in EXPORTS)


def export_named(name: str) -> Export:
    """One of the files one can take out; raises Refused for what nobody writes."""
    found = next((each for each in EXPORTS if each.name == name), None)
    if found is None:
        raise Refused(_("Formats this server writes: %(formats)s.", formats=", ".join(FORMATS)), field="format")
    return found


async def export(owner: Owner, name: str = "pinboard-json", told: Told = tell_nobody) -> AsyncIterator[bytes]:
    """Yield the file of all of an owner's bookmarks, newest first; raises Refused for a format nobody writes.

    What each format has no place for is left out (docs/formats.md); where one knows public and private only, unlisted
    and followers-only ones are written as private. `told` hears how many more rows are written.
    """
    async for part in export_named(name).make(owner, told):
        yield part
