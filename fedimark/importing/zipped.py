"""A zip that is handed on while it is written, so that it lies nowhere whole."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, cast

from fedimark.here import MICROS, now


class Zipped:
    """Members are written one after the other; `taken` gives what was written since it was last asked."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._sink), "w", zipfile.ZIP_DEFLATED)
        self._at = datetime.fromtimestamp(now() // MICROS, UTC).timetuple()[:6]

    @contextmanager
    def member(self, name: str) -> Iterator[IO[bytes]]:
        """A member that is written bit by bit."""
        with self._zip.open(self._named(name), "w", force_zip64=True) as file:
            yield file

    def add(self, name: str, content: bytes) -> None:
        """A member that is there whole."""
        self._zip.writestr(self._named(name), content)

    def taken(self) -> bytes:
        """What is to be handed on."""
        return self._sink.taken()

    def close(self) -> bytes:
        """End the zip; returns the last of it."""
        self._zip.close()
        return self._sink.taken()

    def _named(self, name: str) -> zipfile.ZipInfo:
        info = zipfile.ZipInfo(name, self._at)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        return info


class _Sink(io.RawIOBase):
    """A file that nobody can go back in."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, part: object, /) -> int:
        raw = bytes(cast("bytes", part))
        self._parts.append(raw)
        return len(raw)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)
