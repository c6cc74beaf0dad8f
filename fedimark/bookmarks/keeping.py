"""Keeping a link that somebody gave."""

from __future__ import annotations

from fedimark.bookmarks import for_you
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.save import save_bookmark


async def keep(owner: Owner, public_id: str) -> None:
    """Make a link for somebody a bookmark of theirs; what they have already stays as it is. Raises NotFound."""
    draft = await for_you.to_keep(owner, public_id)
    if draft is not None:
        await save_bookmark(owner, draft)
    await for_you.dismiss(owner, public_id)
