"""What could not be applied, for admins: looked at, tried again, forgotten."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.doorway.forms import read_form
from fedimark.errors import Forbidden, NotFound
from fedimark.inbox import poison
from fedimark.web.respond import onward, page, signed_in

_PATH = "/moderation/set-aside"
_LONGEST_NUMBER = 18


async def get_set_aside(request: Request) -> Response:
    """`GET /moderation/set-aside`: the newest of them, or with `before` those before one."""
    _only_admins(request)
    found = await poison.some(_number(request.query_params.get("before", "")))
    earlier = f"{_PATH}?before={found[-1].id}" if len(found) == poison.PAGE else None
    return page(request, "set_aside.html", found=found, earlier=earlier)


async def post_again(request: Request) -> Response:
    """`POST /moderation/set-aside/again` with `id`"""
    if not await poison.try_again(await _chosen(request)):
        raise NotFound
    return onward(_PATH)


async def post_forget(request: Request) -> Response:
    """`POST /moderation/set-aside/forget` with `id`"""
    if not await poison.forget(await _chosen(request)):
        raise NotFound
    return onward(_PATH)


async def _chosen(request: Request) -> int:
    _only_admins(request)
    number = _number((await read_form(request)).text("id"))
    if number is None:
        raise NotFound
    return number


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def _only_admins(request: Request) -> None:
    if not signed_in(request).is_admin:
        raise Forbidden("Only admins see to the server.")
