"""Avatars as files of the data directory, named by what is in them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from fedimark.errors import Unavailable
from fedimark.here import here

_NAME = re.compile(r"[0-9a-f]{40}\.webp", re.ASCII)


async def keep_avatar(owner_id: int, webp: bytes) -> str:
    """Keep a picture and return its file name; the same picture of the same owner has the same name.

    The name depends on the owner too, so removing one person's file never takes another's. Raises Unavailable when
    the disk takes nothing.
    """
    name = hashlib.sha256(b"%d:" % owner_id + webp).hexdigest()[:40] + ".webp"
    try:
        await asyncio.to_thread(_write, _folder() / name, webp)
    except OSError as error:
        raise Unavailable from error
    return name


async def drop_avatar(name: str) -> None:
    """Remove a picture; a missing one is fine, and one that cannot be removed stays as a stray file."""
    path = avatar_path(name)
    if path is None:
        return
    try:
        await asyncio.to_thread(path.unlink, missing_ok=True)
    except OSError:
        # The row no longer names it, so nobody is shown it: not worth failing what was asked.
        return


def avatar_path(name: str) -> Path | None:
    """Where a picture of this name would lie; None for what cannot be one (`../` among them)."""
    return _folder() / name if _NAME.fullmatch(name) else None


def _folder() -> Path:
    return Path(here().settings.data_dir) / "avatars"


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so a full disk or a crash never leaves half a picture under the name.
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
