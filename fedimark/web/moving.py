"""Moving: which other accounts may come here, and going to another oneself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts import aliases, moving
from fedimark.doorway import entrance
from fedimark.doorway.forms import read_form
from fedimark.errors import FedimarkError, Refused
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form


async def get_move(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`GET /settings/move`"""
    viewer = signed_in(request)
    standing, others = await moving.standing_of(viewer), await aliases.aliases_of(viewer)
    return page(request, "settings_move.html", status=status, form=form or Form(), standing=standing, aliases=others)


async def post_move(request: Request) -> Response:
    """`POST /settings/move` with `who` and `password`: followers go along."""
    viewer, form = signed_in(request), await read_form(request)
    await entrance.knock("password", request, viewer.username)
    try:
        await moving.move(viewer, form.text("who"), form.text("password"))
    except FedimarkError as error:
        return await _again(request, "who", form.text("who"), error)
    return onward("/settings/move")


async def post_back(request: Request) -> Response:
    """`POST /settings/move/back`"""
    viewer = signed_in(request)
    await read_form(request)
    await moving.come_back(viewer)
    return onward("/settings/move")


async def post_alias(request: Request) -> Response:
    """`POST /settings/move/alias` with `alias`: an account that may move here."""
    viewer, form = signed_in(request), await read_form(request)
    try:
        await aliases.add_alias(viewer, form.text("alias"))
    except FedimarkError as error:
        return await _again(request, "alias", form.text("alias"), error)
    return onward("/settings/move")


async def post_drop(request: Request) -> Response:
    """`POST /settings/move/alias/remove` with `alias`."""
    viewer, form = signed_in(request), await read_form(request)
    await aliases.drop_alias(viewer, form.text("alias"))
    return onward("/settings/move")


async def _again(request: Request, field: str, typed: str, error: FedimarkError) -> Response:
    # `resolve` calls what was typed `who`, whichever form it came from.
    beside = "password" if isinstance(error, Refused) and error.field == "password" else field
    return await get_move(request, form=Form({field: typed}, {beside: error.message}), status=error.status)
