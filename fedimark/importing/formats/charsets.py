"""PURE. Files in the encodings that browsers wrote, as UTF-8: what is declared, what is marked, and what is broken."""

from __future__ import annotations

import codecs
import re
from types import MappingProxyType
from typing import Final

from fedimark.importing.formats.source import Source

_BLOCK: Final = 65_536
_DECLARES: Final = 4_096  # bytes in which a file says what it is written in
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARED = re.compile(rb"""<meta\b[^<>]*?charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_XML = re.compile(rb"""\A\s*<\?xml\b[^>]*?encoding\s*=\s*["']([\w.:-]+)["']""")
_STRAY = re.compile("[\udc80-\udcff]")

# As the WHATWG's table of labels has them: latin1 means windows-1252, and so on. No other codec is ever looked up.
_CODECS: Final = MappingProxyType(
    {
        **dict.fromkeys(("utf-8", "utf8", "unicode-1-1-utf-8"), "utf-8"),
        **dict.fromkeys(("utf-16", "utf-16le"), "utf-16-le"),
        "utf-16be": "utf-16-be",
        **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "us-ascii", "ascii", "windows-1252", "cp1252"), "cp1252"),
        **dict.fromkeys(("shift_jis", "shift-jis", "x-sjis", "sjis", "windows-31j", "ms_kanji"), "cp932"),
        **dict.fromkeys(("euc-jp", "x-euc-jp"), "euc_jp"),
        "iso-2022-jp": "iso2022_jp",
        **dict.fromkeys(("gb2312", "gbk", "gb18030", "x-gbk", "gb_2312-80"), "gb18030"),
        **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5"), "big5hkscs"),
        **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
        "koi8-r": "koi8_r",
        "koi8-u": "koi8_u",
        "macintosh": "mac_roman",
        **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
        "iso-8859-9": "cp1254",
        **{f"iso-8859-{n}": f"iso8859_{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    }
)


def codec_of(head: bytes) -> str:
    """The codec of a file by its first bytes: its mark, what it declares, its zeros, else UTF-8."""
    for mark, codec in _BOMS:
        if head.startswith(mark):
            return codec
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le"
    if head[:1] == b"\0" and head[1:2] not in (b"\0", b""):
        return "utf-16-be"
    found = _XML.match(head) or (_DECLARED.search(head[:_DECLARES]) if head.lstrip()[:1] == b"<" else None)
    codec = _CODECS.get(found[1].decode("ascii", "replace").lower(), "utf-8") if found else "utf-8"
    # What could be read as ASCII so far is no UTF-16, whatever it says; and what is UTF-8 to the letter is no other.
    return "utf-8" if codec.startswith("utf-16") or _is_utf8(head) else codec


def head_as_utf8(head: bytes, codec: str) -> bytes:
    """The first bytes of a file in UTF-8, a character that is cut at their end left out."""
    text = codecs.getincrementaldecoder(codec)("replace").decode(head)
    return text.removeprefix("\ufeff").encode("utf-8", "replace")


class AsUtf8:
    """A file of any codec in UTF-8, without a mark.

    Bytes that are not of the codec become U+FFFD; among UTF-8 they are read as windows-1252, of which they mostly are.
    """

    def __init__(self, source: Source, codec: str) -> None:
        self._source = source
        self._codec = codec
        self._held = b""
        self._ended = False
        self._begin()

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`."""
        while not self._held and not self._ended:
            block = self._source.read(_BLOCK)
            self._held, self._ended = self._recoded(block), not block
        part, self._held = self._held[:size], self._held[size:]
        return part

    def seek(self, offset: int, /) -> int:
        """Begin again."""
        self._source.seek(0)
        self._begin()
        return offset

    def _begin(self) -> None:
        errors = "surrogateescape" if self._codec == "utf-8" else "replace"
        self._decoder = codecs.getincrementaldecoder(self._codec)(errors)
        self._held = b""
        self._ended = False
        self._fresh = True

    def _recoded(self, block: bytes) -> bytes:
        text = self._decoder.decode(block, not block)
        if self._fresh and text:
            text, self._fresh = text.removeprefix("\ufeff"), False
        if not text.isascii() and _STRAY.search(text):
            text = _STRAY.sub(_mended, text)
        return text.encode("utf-8", "replace")


def _is_utf8(head: bytes) -> bool:
    """Whether bytes beyond ASCII are there and all of them are UTF-8; a character cut at the end is none's fault."""
    if head.isascii():
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _mended(stray: re.Match[str]) -> str:
    return bytes([ord(stray[0]) - 0xDC00]).decode("cp1252", "replace")
