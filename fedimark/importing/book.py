"""What is to be read, as a book: an EPUB 3 of the titles, words and addresses, for readers without a network.

The pages themselves are not in it: this server keeps them nowhere. (W3C EPUB 3.3)
"""

from __future__ import annotations

import re
import tempfile
import uuid
import zipfile
from collections.abc import AsyncIterator, Sequence
from html import escape
from typing import IO, Any, Final

from fedimark import addresses
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.here import now
from fedimark.importing.formats.moments import iso
from fedimark.importing.pages_out import day_of
from fedimark.importing.rows_out import Told, pages
from fedimark.text import urls

NAME: Final = "epub-unread"

_BLOCK: Final = 65_536
_IN_MEMORY: Final = 1_048_576
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTAINER: Final = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_XHTML: Final = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title></head>
<body>
{inside}
</body>
</html>
"""


async def make(owner: Owner, told: Told) -> AsyncIterator[bytes]:
    """Yield the book of what an owner has still to read, a chapter for each page of their bookmarks."""
    # The first member of an EPUB stands in the open with its length before it, so that the file must be gone back in.
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        await _write(file, owner, told)
        file.seek(0)
        while part := file.read(_BLOCK):
            yield part


async def _write(file: IO[bytes], owner: Owner, told: Told) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        book.writestr("META-INF/container.xml", _CONTAINER)
        lines: list[str] = []
        chapters = 0
        async for page in pages(owner, told):
            if rows := [row for row in page if row["to_read"] and not row["archived"]]:
                chapters += 1
                lines += [f'<li><a href="c{chapters}.xhtml#b{row["id"]}">{_title(row)}</a></li>' for row in rows]
                book.writestr(f"EPUB/c{chapters}.xhtml", _xhtml("To read", "\n".join(map(_section, rows))))
        if not chapters:
            chapters, lines = 1, ['<li><a href="c1.xhtml">Nothing to read</a></li>']
            book.writestr("EPUB/c1.xhtml", _xhtml("Nothing to read", "<p>Nothing is left to read.</p>"))
        contents = f'<nav epub:type="toc"><h1>To read</h1><ol>\n{chr(10).join(lines)}\n</ol></nav>'
        book.writestr("EPUB/nav.xhtml", _xhtml("To read", contents))
        book.writestr("EPUB/package.opf", _package(owner, chapters))


def _package(owner: Owner, chapters: int) -> str:
    address = addresses.absolute(addresses.person(owner.username))
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"{address}#to-read-{now()}")
    numbers = range(1, chapters + 1)
    held = "".join(f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>\n' for n in numbers)
    order = "".join(f'<itemref idref="c{n}"/>\n' for n in numbers)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{number}</dc:identifier>
<dc:title>To read, {day_of(now())}</dc:title>
<dc:language>en</dc:language>
<dc:creator>{_text(owner.username)}</dc:creator>
<meta property="dcterms:modified">{iso(now())}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
{held}</manifest>
<spine>
{order}</spine>
</package>
"""


def _section(row: Row) -> str:
    said: Sequence[Any] = [row[name] for name in ("description", "private_note") if row[name]]
    words = "".join(f"<p>{'<br/>'.join(_text(line) for line in each.splitlines())}</p>" for each in said)
    url, tags = _text(row["url"]), f" · {_text(row['tags'])}" if row["tags"] else ""
    # Readers and epubcheck refuse a book for one address that browsers alone understand.
    href = urls.strict(row["url"])
    address = f'<a href="{_text(href)}">{url}</a>' if href else url
    return (
        f'<section id="b{row["id"]}"><h2>{_title(row)}</h2>{words}'
        f"<p>{address}</p><p>{day_of(row['saved_at'])}{tags}</p></section>"
    )


def _title(row: Row) -> str:
    return _text(row["title"] or row["url"]) or "?"


def _xhtml(title: str, inside: str) -> str:
    return _XHTML.format(title=title, inside=inside)


def _text(text: str) -> str:
    """Text fit for XML, in which most control characters may not be."""
    return escape(_NOT_XML.sub(" ", text))
