"""PURE. What a reader of a format is given: bytes, from the start as often as it likes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Readable(Protocol):
    """Bytes in one go, from the start to the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer where that is easier; none at the end."""


class Source(Readable, Protocol):
    """A file as readers see it; every binary file of Python's is one."""

    def seek(self, offset: int, /) -> int:
        """Begin again; `offset` is 0."""


class Reopened:
    """A source that begins again by being opened anew, as what is packed has to."""

    def __init__(self, opener: Callable[[], Readable]) -> None:
        self._opener = opener
        self._source = opener()

    def read(self, size: int, /) -> bytes:
        """As of the source."""
        return self._source.read(size)

    def seek(self, offset: int, /) -> int:
        """As of the source."""
        self._source = self._opener()
        return offset
