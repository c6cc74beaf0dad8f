"""Lines of streams, drawn once for all pages that show the same.

What a line is made of is the key under which it is kept: whatever changes makes another key, so nothing kept can be
wrong, and nothing has to be forgotten. Moments in words (`3 hours ago`) are part of the key too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from fedimark.here import here
from fedimark.timelines.entries import Entry
from fedimark.web import times

if TYPE_CHECKING:
    from fedimark.policy.visibility import Viewer
    from fedimark.web.pages import Listing

MOST: Final = 4_000  # lines, of some three kilobytes with their key
LONGEST: Final = 8_192  # characters of a line that is kept

_LINES = "web.lines"


def lines(
    draw: Callable[..., Markup],
    entries: Iterable[Entry],
    listing: Listing,
    public_marked: bool,
    c: Mapping[str, Any],
    *,
    language: str,
) -> Markup:
    """The lines of some entries, as the macro `draw` of a language draws each; `c` is the page around them.

    That is its `viewer`, `now` and `time_zone`. A line does not know its page, so that it is the same on all of its
    viewer.
    """
    drawn: dict[tuple[object, ...], str] = here().caches.setdefault(_LINES, {})
    way = (language, public_marked, *_way(listing, c))
    said: list[str] = []
    for entry in entries:
        shown_at = entry.at if listing.savers_first else entry.saved_at
        key = (entry, times.ago(shown_at, c["now"]), way)
        line = drawn.pop(key, None)
        if line is None:
            line = str(draw(entry, listing, public_marked, c))
            if len(drawn) >= MOST:
                del drawn[next(iter(drawn))]  # the one that was not used for longest
        if len(line) <= LONGEST:
            drawn[key] = line
        said.append(line)
    return Markup("".join(said))  # noqa: S704 - what the macro escaped


def _way(listing: Listing, c: Mapping[str, Any]) -> tuple[object, ...]:
    """All that a line shows beside its entry."""
    viewer: Viewer | None = c["viewer"]
    whose = (viewer.username, viewer.privacy_lock) if viewer else None
    how = (
        listing.tag_owner,
        listing.here,
        listing.of_one,
        listing.marks,
        listing.savers_first,
        listing.pick,
        listing.sought,
    )
    return (*how, whose, c["time_zone"])
