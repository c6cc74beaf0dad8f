"""PURE. Files inside a zip, a gz, a tar or a `.jsonlz4`: looked into, and bounded before anything is unpacked whole."""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import PureWindowsPath
from typing import IO, BinaryIO, Final, cast

from fedimark.errors import Refused, TooLarge
from fedimark.importing.formats import mozlz4
from fedimark.importing.formats.source import Readable, Reopened, Source
from fedimark.language.said import _

MOST_BYTES: Final = 1_073_741_824  # of what a file unpacks to: five million long rows
_ANY_RATIO: Final = 16_777_216  # below this nobody asks how well a file was packed
_RATIO: Final = 200  # bookmarks pack to a tenth; zeros to a thousandth
_DIRECTORY: Final = 4_194_304  # of a zip's table of contents
_FILES: Final = 50_000
_HEAD: Final = 65_536

_ZIP, _GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"
_TAR_AT: Final = 257
_BOMB: Final = _("This archive unpacks to far more than bookmarks ever need, so it was not opened.")
_DAMAGED: Final = _("The archive is damaged: it cannot be unpacked to its end.")


@dataclass(frozen=True, slots=True)
class Member:
    """A file as it was or out of an archive; `head` is how it begins."""

    name: str
    head: bytes
    opened: Callable[[], Source]


def is_packed(head: bytes) -> bool:
    """Whether a file is an archive by its first bytes."""
    return head.startswith((*_ZIP, _GZIP, mozlz4.MAGIC)) or _is_tar(head)


def members(stream: BinaryIO) -> Iterator[Member]:
    """The files in a file, which is its own only one when it is no archive.

    Raises Refused and TooLarge, with words for people, for archives that are damaged, locked or made to harm. Archives
    inside archives are members like any other: nobody opens them.
    """
    stream.seek(0)
    head = stream.read(_HEAD)
    if head.startswith(_ZIP):
        yield from _in_zip(stream)
    elif head.startswith(_GZIP):
        yield from _in_gzip(stream)
    elif head.startswith(mozlz4.MAGIC):
        yield _in_mozlz4(stream, head)
    elif _is_tar(head):
        yield from _in_tar(lambda: cast("Source", _from_start(stream)))
    else:
        yield Member("", head, partial(_from_start, stream))


def _in_zip(stream: BinaryIO) -> Iterator[Member]:
    size = stream.seek(0, 2)
    stream.seek(max(0, size - 65_557))
    tail = stream.read()
    # The table of contents is read whole: its size stands at the end of the file.
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise Refused(_DAMAGED, field="file")
    if int.from_bytes(tail[end + 12 : end + 16], "little") > _DIRECTORY:
        raise TooLarge("This archive holds too many files.", field="file")
    try:
        archive = zipfile.ZipFile(_from_start(stream))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Refused(_DAMAGED, field="file") from None
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files:
        _check_name(info.filename)
    if sum(info.compress_size for info in files) > size:
        raise TooLarge(_BOMB, field="file")
    for info in files:
        if info.flag_bits & 1:
            raise Refused("The archive is locked with a password. Unpack it first.", field="file")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("The archive is packed in a way this server does not read. Unpack it first.", field="file")
        limit = _limit(info.compress_size)
        yield _member(info.filename, partial(_bounded, partial(_open, archive, info), limit))


def _in_gzip(stream: BinaryIO) -> Iterator[Member]:
    limit = _limit(stream.seek(0, 2))

    def opened() -> Source:
        return _bounded(lambda: gzip.GzipFile(fileobj=_from_start(stream)), limit)

    inside = _member("", opened)
    if _is_tar(inside.head):
        yield from _in_tar(opened)
    else:
        yield inside


def _in_mozlz4(stream: BinaryIO, head: bytes) -> Member:
    limit = _limit(stream.seek(0, 2))
    if mozlz4.size_of(head) > limit:
        raise TooLarge(_BOMB, field="file")
    return _member("", partial(_bounded, lambda: mozlz4.Unpacked(_from_start(stream)), limit))


def _in_tar(opened: Callable[[], Source]) -> Iterator[Member]:
    for number, (name, file) in enumerate(_files(opened())):
        yield Member(name, _read_head(_Bounded(file, MOST_BYTES)), partial(Reopened, partial(_nth, opened, number)))


def _nth(opened: Callable[[], Source], wanted: int) -> Readable:
    for number, (_name, file) in enumerate(_files(opened())):
        if number == wanted:
            return _Bounded(file, MOST_BYTES)
    raise Refused(_DAMAGED, field="file")


def _files(source: Source) -> Iterator[tuple[str, Source]]:
    """The files of a tar, each to be read before the next."""
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|") as archive:
            for number, info in enumerate(archive):
                if number > _FILES:
                    raise TooLarge("This archive holds too many files.", field="file")
                _check_name(info.name)
                file = archive.extractfile(info) if info.isfile() else None
                if file is not None:
                    yield info.name, cast("Source", file)
                # It remembers every file it passes.
                archive.members = []  # type: ignore[attr-defined]
    except (tarfile.TarError, OSError, ValueError):
        raise Refused(_DAMAGED, field="file") from None


def _member(name: str, opened: Callable[[], Source]) -> Member:
    return Member(name, _read_head(opened()), opened)


def _read_head(source: Readable) -> bytes:
    head = b""
    while len(head) < _HEAD and (part := source.read(_HEAD - len(head))):
        head += part
    return head


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Source:
    return cast("Source", archive.open(info))


def _bounded(opener: Callable[[], Readable], limit: int) -> Source:
    return Reopened(lambda: _Bounded(opener(), limit))


def _from_start(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def _is_tar(head: bytes) -> bool:
    return head[_TAR_AT : _TAR_AT + 5] == b"ustar"


def _limit(packed: int) -> int:
    return min(MOST_BYTES, max(_ANY_RATIO, _RATIO * packed))


def _check_name(name: str) -> None:
    parts = PureWindowsPath(name).parts  # knows both slashes, and drives
    if PureWindowsPath(name).drive or name.startswith(("/", "\\")) or ".." in parts or "\0" in name:
        raise Refused("A file in this archive is named to be put outside of it, so it was not opened.", field="file")


class _Bounded:
    """What is unpacked, up to a limit, with the library's errors in words for people."""

    def __init__(self, source: Readable, limit: int) -> None:
        self._source = source
        self._left = limit

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most `size`; raises TooLarge, and Refused for what is damaged."""
        try:
            part = self._source.read(size)
        except (zlib.error, zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError, RuntimeError):
            raise Refused(_DAMAGED, field="file") from None
        self._left -= len(part)
        if self._left < 0:
            raise TooLarge(_BOMB, field="file")
        return part
