"""Hiding what somebody elsewhere saved, for as long as they are suspended; all of it runs inside `write()`."""

from __future__ import annotations

from fedimark.bookmarks import rows
from fedimark.bookmarks.incoming import consents
from fedimark.database import Row, fetch
from fedimark.policy.visibility import Visibility, is_listed

# Hidden as if it were removed, so every face and count agrees; the moment never comes, so no removal is ever due.
_NEVER = 2**62
_SHOWN = "SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local AND removed_at IS NULL ORDER BY id LIMIT ?"
_HIDDEN = "SELECT * FROM bookmark WHERE actor_id = ? AND NOT is_local AND removed_at IS NOT NULL ORDER BY id LIMIT ?"


async def hide_notes_of(author: Row, limit: int) -> int:
    """Hide some of the bookmarks of somebody elsewhere; returns how many, so that less than `limit` is the end."""
    found = await fetch(_SHOWN, author["id"], limit)
    for row in found:
        await rows.change(row, {"removed_at": _NEVER, "listed": False})
    return len(found)


async def show_notes_of(author: Row, limit: int) -> int:
    """Show some of them again, on public pages where their author allows it now; returns how many."""
    found = await fetch(_HIDDEN, author["id"], limit)
    consenting = await consents(author)
    for row in found:
        listed = row["is_save"] and is_listed(Visibility(row["visibility"]), author_consents=consenting)
        await rows.change(row, {"removed_at": None, "listed": bool(listed)})
    return len(found)
