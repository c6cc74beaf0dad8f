"""An owner's bookmarks as every file that is taken out reads them: page by page, the newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.queries import export_page
from fedimark.database import Row

Told: TypeAlias = Callable[[int], None]
"""Hears how many more bookmarks were written."""


def tell_nobody(_: int) -> None:
    """Nobody wants to know."""


async def pages(owner: Owner, told: Told = tell_nobody) -> AsyncIterator[list[Row]]:
    """Yield all live bookmarks of an owner, five hundred at a time."""
    place: tuple[int, int] | None = None
    while page := await export_page(owner, place):
        yield page
        told(len(page))
        place = (page[-1]["saved_at"], page[-1]["id"])
