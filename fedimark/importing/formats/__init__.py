"""PURE. One file a format: `probe` knows it by its first bytes, `read` yields drafts, `write` yields bytes.

Names of files say nothing here: what is in them tells. An archive is looked into, and all it holds of formats we know
is read, one file after another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from fedimark.errors import Refused, WrongType
from fedimark.importing.formats import (
    charsets,
    chromium_json,
    delicious_json,
    fedimark_lines,
    firefox_json,
    instapaper_csv,
    karakeep,
    linkding_json,
    linkwarden,
    mastodon,
    mastodon_csv,
    matter_csv,
    mymind_csv,
    netscape,
    omnivore,
    pinboard_json,
    pinboard_xml,
    pocket_csv,
    pocket_html,
    raindrop_csv,
    readwise_csv,
)
from fedimark.importing.formats import netscape_written as html
from fedimark.importing.formats.making import PLAIN, Reading
from fedimark.importing.formats.packed import Member, is_packed, members
from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, Draft
from fedimark.language.said import _

__all__ = ["PLAIN", "READABLE", "WRITABLE", "File", "Format", "Reading", "Written", "opened"]

_READS = (
    "bookmarks of browsers (HTML or JSON), exports of Pinboard, Delicious, Raindrop, Pocket, Instapaper, Shaarli, "
    "linkding, Linkwarden, Karakeep, Omnivore, Readwise, Matter, mymind, Mastodon and fedimark, and plain lists of "
    "addresses"
)
_OURS = re.compile(rb'\s*\{\s*"fedimark"\s*:\s*"archive"')
_OUR_HEAD, _OUR_BOOKMARKS = "fedimark.json", "bookmarks.jsonl"
_FILES_READ = 500  # of an archive; Omnivore's holds one for every twenty articles


@dataclass(frozen=True, slots=True)
class Format:
    """A format we read: `name` as the command line and pages call it."""

    name: str
    probe: Callable[[bytes], bool]
    read: Callable[[Source, Reading], Iterator[Draft | Broken]]


# In the order in which they are asked: what knows its own comes before what knows a whole family.
READABLE = (
    Format("fedimark", fedimark_lines.probe, fedimark_lines.read),
    Format("Pocket HTML", pocket_html.probe, pocket_html.read),
    Format("Netscape HTML", netscape.probe, netscape.read),
    Format("Pinboard or Delicious XML", pinboard_xml.probe, pinboard_xml.read),
    Format("Firefox JSON", firefox_json.probe, firefox_json.read),
    Format("Chromium’s Bookmarks", chromium_json.probe, chromium_json.read),
    Format("Mastodon archive", mastodon.probe, mastodon.read),
    Format("Linkwarden JSON", linkwarden.probe, linkwarden.read),
    Format("Karakeep JSON", karakeep.probe, karakeep.read),
    Format("linkding JSON", linkding_json.probe, linkding_json.read),
    Format("Omnivore JSON", omnivore.probe, omnivore.read),
    Format("Delicious JSON", delicious_json.probe, delicious_json.read),
    Format("Pinboard JSON", pinboard_json.probe, pinboard_json.read),
    Format("Raindrop CSV", raindrop_csv.probe, raindrop_csv.read),
    Format("Pocket CSV", pocket_csv.probe, pocket_csv.read),
    Format("Instapaper CSV", instapaper_csv.probe, instapaper_csv.read),
    Format("Readwise CSV", readwise_csv.probe, readwise_csv.read),
    Format("Matter CSV", matter_csv.probe, matter_csv.read),
    Format("mymind CSV", mymind_csv.probe, mymind_csv.read),
    Format("list of addresses", mastodon_csv.probe, mastodon_csv.read),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A format we write: `name` as the command line calls it, `ending` and `media_type` of its files.

    A file is `before`, a row or several with `between` between them, `after`.
    """

    name: str
    ending: str
    media_type: str
    row: Callable[[Mapping[str, Any]], bytes]
    before: bytes
    between: bytes
    after: bytes


_HTML, _JSON, _XML, _CSV = "text/html; charset=utf-8", "application/json", "text/xml; charset=utf-8", "text/csv"

WRITABLE = (
    Written(
        "pinboard-json",
        "json",
        _JSON,
        pinboard_json.write,
        pinboard_json.OPEN,
        pinboard_json.BETWEEN,
        pinboard_json.CLOSE,
    ),
    Written("pinboard-xml", "xml", _XML, pinboard_xml.write, pinboard_xml.OPEN, b"", pinboard_xml.CLOSE),
    Written("pinboard-html", "html", _HTML, html.write_pinboard, html.OPEN, b"", html.CLOSE),
    Written("netscape-html", "html", _HTML, html.write, html.OPEN, b"", html.CLOSE),
    Written("linkding-html", "html", _HTML, html.write_linkding, html.LINKDING_OPEN, b"", html.LINKDING_CLOSE),
    Written("raindrop-csv", "csv", _CSV, raindrop_csv.write, raindrop_csv.OPEN, b"", b""),
    Written("fedimark-lines", "jsonl", "application/jsonl", fedimark_lines.write, fedimark_lines.OPEN, b"", b""),
)


@dataclass(frozen=True, slots=True)
class File:
    """A file of bookmarks, or several out of one archive, with the formats they are of."""

    parts: tuple[tuple[Format, Callable[[], Source]], ...]

    @property
    def name(self) -> str:
        """The formats, as people call them."""
        return ", ".join(dict.fromkeys(known.name for known, _ in self.parts))

    def rows(self, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
        """Yield a Draft for each row, or Broken with the reason, in the order of the file.

        Raises Refused and TooLarge for an archive that turns out to be damaged, or made to harm.
        """
        for known, source in self.parts:
            yield from known.read(source(), reading)


def opened(stream: BinaryIO) -> File:
    """Look into a file and tell what it is.

    Raises WrongType when it is of no format we know, Refused when it is empty, damaged or locked, TooLarge for an
    archive made to harm; all with words for people.
    """
    first: Member | None = None
    parts = []
    for member in members(stream):
        first = first or member
        # Of our own archive one member holds bookmarks; what somebody keeps with them is no file of bookmarks to read.
        if _OURS.match(first.head) and first.name == _OUR_HEAD and member.name != _OUR_BOOKMARKS:
            continue
        if (part := _part(member)) is not None:
            parts.append(part)
        if len(parts) == _FILES_READ:
            break
    if not parts:
        raise _unknown(first)
    return File(tuple(parts))


def _part(member: Member) -> tuple[Format, Callable[[], Source]] | None:
    codec = charsets.codec_of(member.head)
    head = charsets.head_as_utf8(member.head, codec)
    for known in READABLE:
        if known.probe(head):
            return known, lambda: charsets.AsUtf8(member.opened(), codec)
    return None


def _unknown(first: Member | None) -> Refused:
    if first is None:
        return Refused("The archive is empty.", field="file")
    if is_packed(first.head):
        return WrongType("In this archive is another one. Unpack it once and try again.", field="file")
    if first.name:
        return WrongType(_("In this archive is no file that this server reads: %(reads)s.", reads=_READS), field="file")
    if not first.head.strip():
        return Refused("The file is empty.", field="file")
    if first.head.lstrip()[:1] in (b"{", b"["):
        return WrongType("The file is JSON, but no list of bookmarks that this server knows.", field="file")
    return WrongType(_("The file is of no format this server reads: %(reads)s.", reads=_READS), field="file")
