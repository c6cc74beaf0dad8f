"""Files that people keep with their bookmarks: in the data directory, each under the hash of what is in it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from fedimark.errors import TooLarge, Unavailable
from fedimark.here import here
from fedimark.language.said import _
from fedimark.logs import STORE_FAILED, log

KEPT_S: Final = 600  # a file that no row names yet, or no more
_PART: Final = 262_144
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """A file as it was kept: its SHA-256 in hex, and its size in bytes."""

    digest: str
    size: int


async def keep_asset(source: BinaryIO) -> Kept:
    """Keep what a file holds; the same content is there once, whoever sends it.

    Raises TooLarge beyond `asset_limit_bytes`, Unavailable when the disk takes nothing; nothing stays then.
    """
    try:
        return await asyncio.to_thread(_keep, _folder(), source, here().settings.asset_limit_bytes)
    except OSError as error:
        log.error(STORE_FAILED, error=f"{type(error).__name__}: {error.strerror}")
        raise Unavailable from error


def asset_path(digest: str) -> Path | None:
    """Where a file lies; None where there is none, or for what cannot be a hash (`../` among them)."""
    if not _NAME.fullmatch(digest):
        return None
    path = _folder() / digest[:2] / digest[2:]
    return path if path.is_file() else None


async def sweep_assets(wanted: Callable[[list[str]], Awaitable[Collection[str]]]) -> int:
    """Throw away files that nobody wants; returns how many. `wanted` is given hashes, and returns those it wants.

    What was written or kept again within the last ten minutes stays: its row may not be there yet.
    """
    folder, gone = _folder(), 0
    for shelf in await asyncio.to_thread(_shelves, folder):
        old = await asyncio.to_thread(_old, shelf)
        if old:
            named = await wanted(sorted(old))
            gone += await asyncio.to_thread(_drop, [old[digest] for digest in old if digest not in named])
    return gone


def _keep(folder: Path, source: BinaryIO, limit: int) -> Kept:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle, beside = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            while part := source.read(_PART):
                size += len(part)
                if size > limit:
                    raise TooLarge(_("Files may have %(most)s MB.", most=limit // 1_048_576), field="file")
                digest.update(part)
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        name = digest.hexdigest()
        path = folder / name[:2] / name[2:]
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Over one that is there already too: it is as if new, so that nobody sweeps it away just now.
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return Kept(name, size)


def _shelves(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    for left in folder.glob(".new-*"):  # of a process that was killed
        _drop([left])
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _old(shelf: Path) -> dict[str, Path]:
    return {shelf.name + path.name: path for path in shelf.iterdir() if _is_old(path)}


def _is_old(path: Path) -> bool:
    with suppress(OSError):
        # The disk's own time, which is not the server's clock.
        return path.stat().st_mtime < time.time() - KEPT_S
    return False


def _drop(paths: Collection[Path]) -> int:
    gone = 0
    for path in paths:
        with suppress(OSError):
            if _is_old(path):
                path.unlink()
                gone += 1
    return gone


def _folder() -> Path:
    return Path(here().settings.data_dir) / "assets"
