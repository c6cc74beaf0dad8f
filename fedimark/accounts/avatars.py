"""People's pictures: drawn anew, kept as files, named in the actor's row."""

from __future__ import annotations

from fedimark.accounts.profile import say_changed
from fedimark.accounts.threads import run_heavy
from fedimark.database import execute, fetch_one, write
from fedimark.errors import Refused, TooLarge
from fedimark.here import here
from fedimark.language.said import _
from fedimark.media.files import drop_avatar, keep_avatar
from fedimark.media.pictures import square_webp
from fedimark.policy.visibility import Viewer


async def set_avatar(viewer: Viewer, data: bytes) -> str:
    """Take a PNG, JPEG or WebP as the person's picture and return the file's name.

    Raises Refused with field `avatar`, among them TooLarge over settings.avatar_limit_bytes.
    """
    if not data:
        raise Refused("Choose a picture first.", field="avatar")
    if len(data) > here().settings.avatar_limit_bytes:
        raise TooLarge(
            _("At most %(most)s MB, please.", most=here().settings.avatar_limit_bytes // 1_048_576), field="avatar"
        )
    name = await keep_avatar(viewer.actor_id, await run_heavy(square_webp, data))
    await _name(viewer, name)
    return name


async def remove_avatar(viewer: Viewer) -> None:
    """Show no picture of the person any more."""
    await _name(viewer, "")


async def avatar_of(viewer: Viewer) -> str:
    """The file name of a person's picture, empty when there is none."""
    row = await fetch_one("SELECT icon FROM actor WHERE id = ?", viewer.actor_id)
    return str(row["icon"]) if row else ""


async def _name(viewer: Viewer, icon: str) -> None:
    async with write():
        row = await fetch_one("SELECT icon FROM actor WHERE id = ?", viewer.actor_id)
        await execute("UPDATE actor SET icon = ? WHERE id = ?", icon, viewer.actor_id)
        if row and row["icon"] != icon:
            await say_changed(viewer)
    here().wake.set()
    # Only after the commit: a file without a row costs a little room, a row without a file a broken picture.
    if row and row["icon"] and row["icon"] != icon:
        await drop_avatar(row["icon"])
