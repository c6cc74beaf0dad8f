"""What PostgreSQL is to know of its tables while they grow: it plans by that, and learns by itself a minute later."""

from __future__ import annotations

import asyncio
from typing import Final

from fedimark.database import analyzed
from fedimark.importing.chunks import ROWS

_TABLES: Final = ("bookmark", "bookmark_tag", "entry", "link", "tag", "tally")
_GROWN: Final = 8


class Learning:
    """Looks at the tables after the first rows that come in, and again each time they are eight times as many."""

    def __init__(self) -> None:
        self._at = ROWS
        self._looking: asyncio.Future[None] | None = None

    async def after(self, rows: int) -> None:
        """So many came in: begin to look where it is time, beside what is written next; never twice at once."""
        if rows >= self._at:
            await self.ended()
            self._at = rows * _GROWN
            self._looking = asyncio.ensure_future(analyzed(*_TABLES))

    async def ended(self) -> None:
        """Wait until nothing is looked at; raises what looking raised."""
        if self._looking is not None:
            looking, self._looking = self._looking, None
            await looking
