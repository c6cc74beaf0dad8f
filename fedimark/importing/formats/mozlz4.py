"""PURE. Firefox's `.jsonlz4`: eight letters, a size, and one block of LZ4, unpacked as it is read.

A library would be a compiled dependency for one format, and unpacks a block whole; this keeps 64 KiB behind it, which
is as far as LZ4 looks back.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fedimark.errors import Refused
from fedimark.importing.formats.source import Readable
from fedimark.language.said import _

MAGIC: Final = b"mozLz40\0"
_WINDOW: Final = 65_536
_PART: Final = 262_144
_DAMAGED: Final = _("The file is damaged: it cannot be unpacked to its end.")


class Unpacked:
    """The JSON in a `.jsonlz4`; raises Refused where the file is damaged or holds more than it says."""

    def __init__(self, source: Readable) -> None:
        self._parts = _parts(_Bytes(source))
        self._held = b""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`."""
        if not self._held:
            self._held = next(self._parts, b"")
        part, self._held = self._held[:size], self._held[size:]
        return part


def size_of(head: bytes) -> int:
    """What a file says to unpack to, by its first bytes."""
    return int.from_bytes(head[8:12], "little")


class _Bytes:
    """A source read in small pieces."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self._held = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """So many bytes; raises Refused when there are fewer."""
        while len(self._held) - self._at < count:
            block = self._source.read(max(_WINDOW, count))
            if not block:
                raise Refused(_DAMAGED, field="file")
            self._held, self._at = self._held[self._at :] + block, 0
        part = self._held[self._at : self._at + count]
        self._at += count
        return part

    def length(self, begun: int, most: int) -> int:
        """A length that goes on in further bytes where it begins with 15; raises Refused for more than `most`."""
        if begun == 15:
            while begun <= most:
                more = self.take(1)[0]
                begun += more
                if more != 255:
                    break
        if begun > most:
            raise Refused(_DAMAGED, field="file")
        return begun


def _parts(packed: _Bytes) -> Iterator[bytes]:
    if packed.take(8) != MAGIC:
        raise Refused(_DAMAGED, field="file")
    left = int.from_bytes(packed.take(4), "little")
    out = bytearray()
    # Whatever length is said, no more than a part of it is held: a few bytes may say four gigabytes.
    while left > 0:
        token = packed.take(1)[0]
        count = packed.length(token >> 4, left)
        left -= count
        while count > 0:
            out += packed.take(min(count, _PART))
            count -= _PART
            if len(out) > _PART:
                yield _shed(out)
        if left:
            back = int.from_bytes(packed.take(2), "little")
            count = 4 + packed.length(token & 15, left)
            if not 0 < back <= len(out) or count > left:
                raise Refused(_DAMAGED, field="file")
            left -= count
            while count > 0:
                _repeat(out, back, min(count, _PART))
                count -= _PART
                if len(out) > _PART:
                    yield _shed(out)
    yield bytes(out)


def _shed(out: bytearray) -> bytes:
    """Take off all but what may be looked back at."""
    part = bytes(out[:-_WINDOW])
    del out[:-_WINDOW]
    return part


def _repeat(out: bytearray, back: int, count: int) -> None:
    """Repeat `count` bytes that begin `back` before the end; they may run into themselves."""
    start = len(out) - back
    if back >= count:
        out += out[start : start + count]
    else:
        run = bytes(out[start:])
        out += (run * (count // back + 1))[:count]
