"""PURE. JSON as text, read value by value in blocks as it is needed."""

from __future__ import annotations

import codecs
import json
import re

from fedimark.importing.formats.source import Source
from fedimark.importing.rows import Broken, excerpt
from fedimark.language.said import _

_BLOCK = 65_536
_ELEMENT_LIMIT = 8_388_608  # characters; a row with every field at its limit stays far below
_NO_JSON = _("From here on the file is no JSON: what stands before was read.")
_SPACE = re.compile(r"[ \t\r\n]*")
_NO_UTF8 = re.compile("[\udc80-\udcff]")
# Numbers stay text: a thousand digits are nobody's business here. Controls inside strings are cleaned later.
_DECODER = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, parse_constant=str)


class Text:
    """The file as text, read in blocks as it is needed; bytes that are no UTF-8 become lone surrogates."""

    def __init__(self, stream: Source) -> None:
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
        return self._buffer[self._at :].rstrip().endswith(("]", "}"))

    def stop(self) -> Broken:
        """Why nothing can be read from here on: the file is cut off, or no JSON."""
        if not self.closes:
            reason = _("The file ends in the middle of this row: what stands before was read.")
            return Broken(reason, excerpt(self.rest), ends=True)
        return Broken(_NO_JSON, excerpt(self.rest), ends=True)

    def strange(self) -> Broken:
        """That what stands here is no JSON, wherever the file ends."""
        return Broken(_NO_JSON, excerpt(self.rest), ends=True)

    def whole(self) -> object | None:
        """Take one object that is small enough to be held, or None, taking nothing, when it is large or broken."""
        while len(self._buffer) - self._at < _BLOCK and self._more():
            pass
        try:
            value: object
            value, end = _DECODER.raw_decode(self._buffer, self._at)
        except (ValueError, RecursionError):
            return None
        self._at = end
        return value

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
                    return Broken(_("This row can’t be read, nor what follows it."), excerpt(self.rest), ends=True)
                if not self._more():
                    return self.stop()
                continue
            # A number at the end of a block may go on in the next.
            if end == len(self._buffer) and self._more():
                continue
            raw, self._at = self._buffer[self._at : end], end
            if not raw.isascii() and _NO_UTF8.search(raw):
                return Broken(_("This row is not UTF-8."), excerpt(raw))
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
