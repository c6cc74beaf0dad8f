"""The buttons in a line: star, read and archive what is one's own, like and share what is somebody else's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark.bookmarks import reacting
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import MARKS, mark
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.timelines.savers import name_of_note
from fedimark.web.respond import onward, owner_of

Doing = Callable[[Owner, str], Awaitable[None]]

_REACTIONS: Final[Mapping[str, tuple[Doing, Doing]]] = MappingProxyType(
    {"liked": (reacting.unlike, reacting.like), "shared": (reacting.unshare, reacting.share)}
)


async def post_press(request: Request) -> Response:
    """`POST /press` with `starred`, `to_read` or `archived`, one of one's own, or with `liked` or `shared`.

    A dash before the id takes that back: `starred=-g7opmdf6k2ntc`. It leads back to the line, where a page has it.
    """
    owner, typed = owner_of(request), await read_form(request)
    name = next((each for each in typed if each in MARKS or each in _REACTIONS), "")
    said = typed.text(name)
    which, is_on = said.removeprefix("-"), not said.startswith("-")
    if name in _REACTIONS:
        await _REACTIONS[name][is_on](owner, which)
    else:
        await mark(owner, which, name, is_on)
    line = name_of_note(which) if name in _REACTIONS else which
    return onward(f"{own_path(typed.text('back'), '/network')}#e-{line}")
