"""PURE. Netscape's HTML, which every browser and nearly every service writes, each in its own way.

`<DT>` and `<DD>` are never closed, the doctype may be missing, the case is anybody's; times count seconds to
nanoseconds. What linkding, Pinboard, Raindrop, Scuttle, Shaarli and Safari add is read as they mean it. Of rows that
are no bookmarks (separators, Firefox's `place:` queries) nothing is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from fedimark.importing.formats import making
from fedimark.importing.formats.making import PLAIN, Reading, folders_of, is_yes, made
from fedimark.importing.formats.markup import INSIDE, SPACE, attribute_text, attributes, words
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.text_blocks import Endless, endless, pieces
from fedimark.importing.rows import Broken, Draft, excerpt
from fedimark.language.said import _

_ENTRY = re.compile(r"<[dD][tT]\b[^>]{0,90}>")
_COMMON = re.compile(rf"\s*<[aA]\s({INSIDE})>([^<]*+)</[aA]>\s*+(?:<[dD][dD]>([^<]*+))?\Z")
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_HEADING = re.compile(r"<h[1-6]\b", re.IGNORECASE)
# These begin where the two above were found first, and nowhere else: a search for them could take time squared.
_LINK = re.compile(rf"<a\s({INSIDE})>([^<]*+(?:<(?!/a\b)[^<]*+)*+)</a\b[^>]*>", re.IGNORECASE)
_CARELESS = re.compile(r"<a\s([^>]*)>(.*?)(?:</a\b[^>]*>|\n|\Z)", re.IGNORECASE | re.DOTALL)
_FOLDER = re.compile(rf"<h[1-6]\b({INSIDE})>(.*?)</h[1-6]\b[^>]*>", re.IGNORECASE | re.DOTALL)
_END = re.compile(r"</a\b[^>]*>", re.IGNORECASE)
_LIST = re.compile(r"<(/?)dl\b", re.IGNORECASE)
_WORDS = re.compile(r"<dd\b[^<>]*>", re.IGNORECASE)
_END_OF_WORDS = re.compile(r"</?dl\b|</?dd\b|</dt\b|<hr\b|</?body\b|</html\b", re.IGNORECASE)
_BREAK = re.compile(r"(?<![ \t])[ \t]*<br\s*/?>[ \t]*\n?", re.IGNORECASE)
_NOTES, _NOTES_END = "[linkding-notes]", "[/linkding-notes]"
_PARAGRAPH = re.compile(r"(?<!\s)\s*<p>\s*\Z", re.IGNORECASE)
_LOOKS = re.compile(rb"<!doctype\s+netscape-bookmark|<dt\b[^<>]{0,90}>\s*(?:<p>\s*)?<(?:a|h3)\s", re.IGNORECASE)
_TAGS = re.compile(r"""\btags\s*=\s*["']([^"']*)""", re.IGNORECASE)

_COMMA_WRITERS = re.compile(r"\b(?:ICON_URI|LAST_CHARSET|SHORTCUTURL|DATA-COVER)=")
_DEEPEST = 100
_HEAD = 262_144  # characters that are looked at before the first row is read

_ARCHIVED = frozenset({"linkding:bookmarks.archived", "linkding:archived"})
_ROOTS = ("PERSONAL_TOOLBAR_FOLDER", "UNFILED_BOOKMARKS_FOLDER")
_READING_LIST = "com.apple.ReadingList"
_NOTE_OF_SHAARLI = _(
    "This is a note of a Shaarli, whose address the file does not tell: export it again with its address before notes."
)


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format, with its doctype or without."""
    return _LOOKS.search(head) is not None


def read(stream: Source, reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each bookmark, or Broken with the reason and its line, in the order of the file.

    PRIVATE and SHARED absent or blank give visibility None: the owner's default.
    """
    found = pieces(stream, _ENTRY)
    head = list(_head(found))
    place = _Place(reading, _has_commas(head))
    (line, header), *others = head
    if isinstance(header, Endless):
        yield endless(line, header)
        return
    place.lists(header)
    piece, row = header, None
    for line, piece in chain(others, found):
        if row is not None:
            yield row
        row = place.entry(line, piece) if not isinstance(piece, Endless) else endless(line, piece)
    yield from _ended(row, line, piece, is_open=place.is_open)


def _ended(row: Draft | Broken | None, line: int, piece: str, *, is_open: bool) -> Iterator[Draft | Broken]:
    """The last row; and that the file is cut off, in the middle of this row or of a list."""
    if isinstance(row, Draft) and _is_cut(piece, is_open=is_open):
        row = Broken(
            _("The file ends in the middle of this row: what stands before was read."),
            excerpt(piece),
            ends=True,
            line=line,
        )
    if row is not None:
        yield row
    if is_open and not (isinstance(row, Broken) and row.ends):
        yield Broken(_("The file ends before its lists do, so something is missing."), ends=True, line=line)


def _is_cut(piece: str, *, is_open: bool) -> bool:
    """Whether the last bookmark of a file may be half of one: its title does not end, or its description."""
    end = _END.search(piece)
    if end is None:
        return is_open or "\n" not in piece
    return is_open and piece[-1:] not in "\r\n" and _WORDS.search(piece, end.end()) is not None


def _head(found: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    size = 0
    for line, piece in found:
        yield line, piece
        size += len(piece)
        if size > _HEAD:
            return


def _has_commas(head: list[tuple[int, str]]) -> bool:
    """Whether commas divide the tags of this file, and not spaces as in the first Shaarlis: one is enough to tell.

    Firefox and Raindrop always write them, and let a tag hold spaces.
    """
    return any("," in field for _, piece in head for field in _TAGS.findall(piece)) or any(
        _COMMA_WRITERS.search(piece) for _, piece in head
    )


class _Place:
    """Where in the file we are: in which folders, and how its tags are divided."""

    def __init__(self, reading: Reading, has_commas: bool) -> None:
        self._reading = reading
        self._commas = has_commas
        self._named: tuple[str, bool] = ("", False)  # the folder whose list is to follow, and whether it is to be read
        self._open: list[tuple[str, bool]] = []
        self._beyond = 0  # lists that are open deeper than anybody's folders
        self._folders = ""
        self._to_read = False

    @property
    def is_open(self) -> bool:
        """Whether lists are open that were never closed."""
        return bool(self._open) or self._beyond > 0

    def entry(self, line: int, piece: str) -> Draft | Broken | None:
        """Take what follows one `<DT>`; None for what is no bookmark."""
        common = _COMMON.match(piece)
        if common is not None:
            inside, title, said = common.groups()
            return self._row(line, attributes(inside), title, *_said(said))
        anchor, heading = _ANCHOR.search(piece), _HEADING.search(piece)
        if anchor is None or (heading and heading.start() < anchor.start()):
            self._folder(piece[heading.start() :] if heading else piece)
            return None
        found = _LINK.match(piece, anchor.start()) or _CARELESS.match(piece, anchor.start())
        if found is None:
            return Broken(_("This bookmark is cut off."), excerpt(piece), line=line)
        self.lists(piece[: anchor.start()])
        rest = piece[found.end() :]
        row = self._row(line, attributes(found[1]), found[2], *_said(_after(rest)))
        self.lists(rest)
        return row

    def _folder(self, piece: str) -> None:
        """Take a folder, or what is neither folder nor link: a separator, a word."""
        if folder := _FOLDER.match(piece):
            said = attributes(folder[1])
            root = any(is_yes(said.get(name, "")) for name in _ROOTS)
            name = "" if root or said.get("ID") == _READING_LIST else words(folder[2]).strip()
            self._named = (name, said.get("ID") == _READING_LIST)
            piece = piece[folder.end() :]
        self.lists(piece)

    def lists(self, text: str) -> None:
        """Go into the lists that a piece opens, and out of those it closes."""
        for found in _LIST.finditer(text):
            if found[1]:
                self._close()
            elif len(self._open) < _DEEPEST:
                self._open.append(self._named)
            else:
                self._beyond += 1
            self._named = self._named if found[1] else ("", False)
        self._folders = folders_of([name for name, _ in self._open], self._reading)
        self._to_read = any(to_read for _, to_read in self._open)

    def _close(self) -> None:
        if self._beyond:
            self._beyond -= 1
        elif self._open:
            self._open.pop()

    def _row(self, line: int, said: dict[str, str], title: str, text: str, note: str) -> Draft | Broken | None:
        get = said.get
        href = attribute_text(get("HREF") or get("FEEDURL", "")).strip()
        if href.startswith(("place:", "?", "/shaare/")):
            if href.startswith("place:"):
                return None
            if not self._reading.home:
                return Broken(_NOTE_OF_SHAARLI, excerpt(words(title)), line=line)
            href = making.at_home(href, self._reading)
        tag_text = self._tags(attribute_text(get("TAGS") or get("LABELS") or ""))
        archived = False
        if "linkding:" in tag_text:
            names = tag_text.replace(",", " ").split()
            tag_text = " ".join(name for name in names if name not in _ARCHIVED)
            archived = not _ARCHIVED.isdisjoint(names)
        visibility = making.private(get("PRIVATE"))
        return made(
            url=href,
            title=words(title),
            description=text or attribute_text(get("DESCRIPTION", "")),
            private_note=note,
            tag_text=f"{tag_text} {self._folders}" if self._folders else tag_text,
            visibility=making.shared(get("SHARED")) if visibility is None else visibility,
            to_read=self._to_read or is_yes(get("TOREAD")),
            starred=is_yes(get("DATA-IMPORTANT")),
            archived=archived,
            time=get("ADD_DATE", ""),
            line=line,
        )

    def _tags(self, text: str) -> str:
        if " " in text and (self._commas or "," in text):
            return making.tags_of(text.split(","))
        return text


def _after(rest: str) -> str | None:
    """The description that follows a link, as it stands there."""
    found = _WORDS.search(rest) if "<" in rest else None
    if found is None:
        return None
    end = _END_OF_WORDS.search(rest, found.end())
    return rest[found.end() : end.start() if end else None]


def _said(raw: str | None) -> tuple[str, str]:
    """A description as it was typed, and the private note that linkding puts behind it."""
    if not raw:
        return "", ""
    raw = raw.strip(SPACE)
    text = words(_PARAGRAPH.sub("", _BREAK.sub("\n", raw)) if "<" in raw else raw)
    if _NOTES not in text:
        return text, ""
    before, _, rest = text.partition(_NOTES)
    note, end, after = rest.rpartition(_NOTES_END)
    return (before + after, note) if end else (text, "")
