"""What a person saved and may have forgotten: this day in earlier years, and what has long been to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fedimark.policy.visibility import Viewer
from fedimark.timelines.entries import Entry
from fedimark.timelines.found import find
from fedimark.timelines.history import DAY, Span, oldest, within
from fedimark.timelines.stream import PersonStream

FORGOTTEN_AFTER: Final = 30 * DAY
_FEW: Final = 20


async def this_day(viewer: Viewer, days: Sequence[Span]) -> tuple[Entry, ...]:
    """What the viewer saved on some earlier days, the newest first; `days` are `times.this_day`'s."""
    return await within(await find(PersonStream(viewer.username), viewer), days, _FEW)


async def forgotten(viewer: Viewer, now: int) -> tuple[Entry, ...]:
    """What has been to read for more than thirty days, the oldest first."""
    found = await find(PersonStream(viewer.username, only="unread"), viewer)
    return await oldest(found, now - FORGOTTEN_AFTER, _FEW)
