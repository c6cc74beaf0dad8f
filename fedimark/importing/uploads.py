"""Files that wait to be imported: in the data directory, under random names, each until its import ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress
from pathlib import Path

from fedimark.errors import TooLarge, Unavailable
from fedimark.here import MICROS, here, now
from fedimark.language.said import _
from fedimark.logs import STORE_FAILED, log

KEEP_S = 86_400  # a preview that nobody starts is thrown away after a day


def path_of(name: str) -> Path:
    """Where an upload lies."""
    return _folder() / name


async def keep(parts: AsyncIterable[bytes]) -> str:
    """Store an upload and return its name.

    Raises TooLarge beyond `import_limit_bytes` and Unavailable when the disk takes no more; nothing stays then.
    """
    limit = here().settings.import_limit_bytes
    name = here().new_id()
    path = path_of(name)
    size = 0
    try:
        await asyncio.to_thread(_folder().mkdir, mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as file:
            async for part in parts:
                size += len(part)
                if size > limit:
                    raise TooLarge(_("Files of bookmarks may have %(most)s MB.", most=limit // 1_048_576), field="file")
                await asyncio.to_thread(file.write, part)
    except OSError as error:
        await drop(name)
        log.error(STORE_FAILED, error=f"{type(error).__name__}: {error.strerror}")
        raise Unavailable from error
    except BaseException:
        await drop(name)
        raise
    return name


async def drop(name: str) -> None:
    """Throw an upload away; one that is not there is fine, and one that cannot be is left to `drop_old`."""
    with suppress(OSError):
        await asyncio.to_thread(path_of(name).unlink)


async def drop_old(wanted: frozenset[str]) -> int:
    """Throw away uploads older than a day that no job wants; returns how many."""
    return await asyncio.to_thread(_drop_old, _folder(), wanted, now() // MICROS - KEEP_S)


def _drop_old(folder: Path, wanted: frozenset[str], before_s: int) -> int:
    if not folder.is_dir():
        return 0
    old = [path for path in folder.iterdir() if path.name not in wanted and path.stat().st_mtime < before_s]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _folder() -> Path:
    return Path(here().settings.data_dir) / "uploads"
