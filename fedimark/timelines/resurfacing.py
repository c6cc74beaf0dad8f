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


async def again(viewer: Viewer, now: int, days: Sequence[Span]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """What was saved on some earlier days, newest first, and what has long been to read, oldest first; nothing twice.

    `days` are `calendar.this_day`'s. Long is more than thirty days before `now`, in microseconds.
    """
    earlier = await within(await find(PersonStream(viewer.username), viewer), days, _FEW)
    unread = await find(PersonStream(viewer.username, only="unread"), viewer)
    # One bookmark on one page twice would be two lines of one name: a script could not tell which was pressed.
    shown = {entry.note for entry in earlier}
    found = await oldest(unread, now - FORGOTTEN_AFTER, _FEW + len(shown))
    return earlier, tuple(entry for entry in found if entry.note not in shown)[:_FEW]
