"""PURE. Pinboard's and Delicious' XML: `<posts>` of `<post>`s whose fields are attributes.

Pinboard leaves white space where `shared` and `toread` are absent; Delicious writes `private` and `shared` both. No
entity is ever defined or fetched: a file that wants one is read no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from fedimark.importing.formats import pinboard_json
from fedimark.importing.formats.making import PLAIN, Reading
from fedimark.importing.formats.source import Source
from fedimark.importing.formats.text_blocks import text_blocks
from fedimark.importing.rows import Broken, Draft
from fedimark.language.said import _

OPEN, CLOSE = b'<?xml version="1.0" encoding="UTF-8" ?>\n<posts user="">\n', b"</posts>\n"

_TOKEN_LIMIT = 8_388_608  # characters between two tags, or within one
_DEEPEST = 50
_LOOKS = re.compile(rb"<posts\b|<post\s+(?:href|description|tag|time)=")
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BAD_REFERENCE = re.compile(r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));")


def probe(head: bytes) -> bool:
    """Whether the first bytes of a file look like this format."""
    return head.lstrip().startswith(b"<") and _LOOKS.search(head) is not None


def read(source: Source, _reading: Reading = PLAIN) -> Iterator[Draft | Broken]:
    """Yield a Draft for each `<post>`, or Broken with the reason and its line, in the order of the file."""
    posts = _Posts()
    for block in text_blocks(source):
        yield from posts.rows(_BAD_REFERENCE.sub(" ", _UNFIT.sub(" ", block)), is_last=False)
        if posts.has_ended:
            return
    yield from posts.rows("", is_last=True)


class _Refused(Exception):
    pass


class _Posts:
    """expat, with what it found since it was asked."""

    def __init__(self) -> None:
        self.has_ended = False
        self._found: list[tuple[int, dict[str, str]]] = []
        self._depth = 0
        self._waits = 0
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.EntityDeclHandler = self._refuse
        self._parser.ExternalEntityRefHandler = self._refuse
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def rows(self, text: str, *, is_last: bool) -> Iterator[Draft | Broken]:
        """The rows of some more text; the last is Broken, with `ends` set, where no more can be read."""
        end: Broken | None = None
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), is_last)
        except expat.ExpatError:
            end = Broken(_("From here on the file is no XML: what stands before was read."), ends=True, line=self._line)
        except _Refused as error:
            end = Broken(error.args[0], ends=True, line=self._line)
        self._waits = 0 if self._found else self._waits + len(text)
        if end is None and self._waits > _TOKEN_LIMIT:
            end = Broken(_("This row never ends: what stands before was read."), ends=True, line=self._line)
        for line, post in self._found:
            yield pinboard_json.row_of(post, line)
        self._found = []
        if end is not None:
            self.has_ended = True
            yield end

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused(_("The file is nested deeper than bookmarks ever are."))
        if name == "post":
            self._found.append((self._line, attributes))

    def _end(self, _name: str) -> None:
        self._depth -= 1

    def _refuse(self, *_declared: object) -> int:
        raise _Refused(_("The file defines entities of its own, which this server does not read."))


def write(row: Mapping[str, Any]) -> bytes:
    """One bookmark row as Pinboard writes it; `OPEN` and `CLOSE` stand around all."""
    post = pinboard_json.post(row)
    tag = post.pop("tags")
    said = " ".join(f"{name}={_attribute(value)}" for name, value in (post | {"tag": tag}).items())
    return f"  <post {said} />\n".encode()


def _attribute(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
