"""Lines of streams, drawn once for all pages that show the same.

What a line is made of is the key under which it is kept: whatever changes makes another key, so nothing kept can be
wrong, and nothing has to be forgotten. Moments in words (`3 hours ago`) are part of the key too.

They are kept as UTF-8 and put into their page at last: a single ★ makes all of a text two bytes a letter in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from fedimark.here import forget_oldest, here
from fedimark.timelines.entries import Entry
from fedimark.web import times

if TYPE_CHECKING:
    from fedimark.policy.visibility import Viewer
    from fedimark.web.values.page import Listing

MOST: Final = 4_000  # lines, of some three kilobytes with their key
LONGEST: Final = 8_192  # bytes of a line that is kept
APART: Final = "<lines>"  # where lines go; nobody can write it, for all they write is escaped

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
    viewer. What is returned stands for the lines, which are added to `apart` of `c`, for `together`.
    """
    drawn: dict[tuple[object, ...], bytes] = here().caches.setdefault(_LINES, {})
    way = (language, public_marked, *_way(listing, c))
    said: list[bytes] = []
    for entry in entries:
        shown_at = entry.at if listing.savers_first else entry.saved_at
        key = (entry, times.ago(shown_at, c["now"]), way)
        line = drawn.pop(key, None)
        if line is None:
            line = draw(entry, listing, public_marked, c).encode()
            if len(drawn) >= MOST:
                forget_oldest(drawn)  # the one that was not used for longest
        if len(line) <= LONGEST:
            drawn[key] = line
        said.append(line)
    c["apart"].append(b"".join(said))
    return Markup(APART)  # noqa: S704 - our own


def together(page: str, apart: Sequence[bytes]) -> bytes:
    """A page as UTF-8, with each of the lines that were drawn apart in its place."""
    pieces = page.split(APART)
    said = [piece.encode() for piece in pieces]
    for place, some in enumerate(apart, start=1):
        said[place] = some + said[place]
    return b"".join(said)


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
        listing.link,
    )
    return (*how, whose, c["time_zone"])
