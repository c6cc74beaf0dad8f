"""PURE. The elements of one large JSON array, one at a time, with what is broken told apart from what is not.

Not ijson: its fast parser (yajl) turns `"\\ud800A"` into another character and gives the whole file up at `"\\udc00"`
or one byte that is no UTF-8. Here only the row that holds it is lost.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

from fedimark.importing.rows import Broken, excerpt

_BLOCK = 65_536
_ELEMENT_LIMIT = 8_388_608  # characters; a row with every field at its limit stays far below
_NO_JSON = "From here on the file is no JSON: what stands before was read."
_SPACE = re.compile(r"[ \t\r\n]*")
_NO_UTF8 = re.compile("[\udc80-\udcff]")
# Numbers stay text: a thousand digits are nobody's business here. Controls inside strings are cleaned later.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


def elements(stream: BinaryIO) -> Iterator[object | Broken]:
    """Yield each element of the array, or Broken for one that cannot be read; never more than one at a time in memory.

    The last Broken has `ends` set when nothing after it can be read: the file is cut off, or no JSON from there on.
    """
    text = _Text(stream)
    if text.next_character() != "[":
        yield Broken("This is not a list of bookmarks.", excerpt(text.rest), ends=True)
        return
    text.skip(1)
    while True:
        # Also after a comma: some writers leave one behind the last row.
        if text.next_character() == "]":
            yield from _after(text)
            return
        found = text.element()
        yield found
        if isinstance(found, Broken) and found.ends:
            return
        between = text.next_character()
        if between == "]":
            yield from _after(text)
            return
        if between != ",":
            yield _stop(text) if not between else Broken(_NO_JSON, excerpt(text.rest), ends=True)
            return
        text.skip(1)


def _after(text: _Text) -> Iterator[Broken]:
    text.skip(1)
    if text.next_character():
        yield Broken("Something follows the end of the list; it was left out.", excerpt(text.rest), ends=True)


def _stop(text: _Text) -> Broken:
    if not text.closes:
        return Broken("The file ends in the middle of this row: what stands before was read.", excerpt(text.rest), True)
    return Broken(_NO_JSON, excerpt(text.rest), ends=True)


class _Text:
    """The file as text, read in blocks as it is needed; bytes that are no UTF-8 become lone surrogates."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._more()
        if self._buffer.startswith("\ufeff"):
            self._at = 1

    @property
    def rest(self) -> str:
        """What is read and not yet taken."""
        return self._buffer[self._at : self._at + 1_000]

    @property
    def closes(self) -> bool:
        """Whether what is left, when nothing more can be read, ends as a list does."""
        return self._buffer[self._at :].rstrip().endswith("]")

    def next_character(self) -> str:
        """The next character that is no white space, not taken; empty at the end."""
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def skip(self, count: int) -> None:
        """Take characters."""
        self._at += count

    def element(self) -> object | Broken:
        """Take one value."""
        self.next_character()
        while True:
            try:
                value: object
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except (ValueError, RecursionError) as error:
                # Not whole yet, perhaps: more of the file tells a cut from a fault.
                if isinstance(error, RecursionError) or len(self._buffer) - self._at > _ELEMENT_LIMIT:
                    return Broken("This row can’t be read, nor what follows it.", excerpt(self.rest), ends=True)
                if not self._more():
                    return _stop(self)
                continue
            # A number at the end of a block may go on in the next.
            if end == len(self._buffer) and self._more():
                continue
            raw, self._at = self._buffer[self._at : end], end
            if not raw.isascii() and _NO_UTF8.search(raw):
                return Broken("This row is not UTF-8.", excerpt(raw))
            return value

    def _more(self) -> bool:
        """Read on, doubling what is held while one value does not fit; False at the end of the file."""
        if self._ended:
            return False
        held = self._buffer[self._at :]
        block = self._stream.read(max(_BLOCK, len(held)))
        self._ended = not block
        self._buffer, self._at = held + self._decode(block, final=not block), 0
        return bool(self._buffer) if self._ended else True
