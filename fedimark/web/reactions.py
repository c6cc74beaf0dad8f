"""The buttons under a bookmark of somebody else: like and share; the same button takes it back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from fedimark.bookmarks import reacting
from fedimark.bookmarks.draft import Owner
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.web.respond import onward, owner_of

Doing = Callable[[Owner, str], Awaitable[None]]


async def post_like(request: Request) -> Response:
    """`POST /like` with `liked`, the bookmark; empty to take it back, and the bookmark is `?bookmark=`"""
    return await _pressed(request, "liked", reacting.like, reacting.unlike)


async def post_share(request: Request) -> Response:
    """`POST /share` with `shared`, as `POST /like` has `liked`"""
    return await _pressed(request, "shared", reacting.share, reacting.unshare)


async def _pressed(request: Request, name: str, do: Doing, undo: Doing) -> Response:
    owner, typed = owner_of(request), await read_form(request)
    said = typed.text(name)
    which = typed.text("bookmark") or request.query_params.get("bookmark", said)
    await (do if said else undo)(owner, which)
    return onward(own_path(typed.text("back"), "/network"))
