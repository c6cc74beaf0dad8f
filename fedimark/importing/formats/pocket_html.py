"""PURE. Pocket's older export, `ril_export.html`: items of a list under the headings Unread and Read Archive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fedimark.importing.formats.making import PLAIN, Reading, made, tags_of
from fedimark.importing.formats.markup import INSIDE, attribute_text, attributes, words
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.text_blocks import Endless, endless, pieces
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _

_ITEM = re.compile(r"<[lL][iI]\b[^>]{0,90}>")
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_LINK = re.compile(rf"<a\s({INSIDE})>([^<]*+(?:<(?!/a\b)[^<]*+)*+)</a\b", re.IGNORECASE)
_END = re.compile(r"</ul\b", re.IGNORECASE)
_HEADING = re.compile(r"<h1\b[^<>]*>([^<]*)", re.IGNORECASE)
_LOOKS = re.compile(rb"<title>\s*Pocket Export|<a\s[^<>]*\btime_added=", re.IGNORECASE)


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return _LOOKS.search(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each item, or Broken with the reason and its line, in the order of the file."""
    to_read = False
    line, piece = 0, ""
    for line, piece in pieces(source, _ITEM):
        if isinstance(piece, Endless):
            yield endless(line, piece)
            return
        anchor = _ANCHOR.search(piece)
        found = _LINK.match(piece, anchor.start()) if anchor else None
        if found is not None:
            yield _row(attributes(found[1]), found[2], line, to_read=to_read)
        elif anchor is not None:
            yield Broken(_("This bookmark is cut off."), excerpt(piece), line=line)
        for heading in _HEADING.findall(piece):
            to_read = heading.strip().lower() == "unread"
    if _END.search(piece) is None:
        yield Broken(_("The file ends before its lists do, so something is missing."), ends=True, line=line)


def _row(said: dict[str, str], title: str, line: int, *, to_read: bool) -> Draft | Broken:
    return made(
        url=attribute_text(said.get("HREF", "")).strip(),
        title=words(title),
        tag_text=tags_of(attribute_text(said.get("TAGS", "")).split(",")),
        to_read=to_read,
        time=said.get("TIME_ADDED", ""),
        line=line,
    )
