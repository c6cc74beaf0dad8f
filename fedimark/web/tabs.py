"""Sets of tabs: the addresses of a window, saved at once, and the sets one has."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks.tab_sets import NAME_LIMIT, read_name, read_tabs, save_tabs, sets_of
from fedimark.doorway.forms import read_form
from fedimark.doorway.throttle import take
from fedimark.errors import Refused
from fedimark.web.accounts import refused
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.shelves import TabSetLine

RATE = "60/hour"  # each may let two hundred pages be asked what they call themselves


async def get_tabs(request: Request) -> Response:
    """`GET /tabs`: the form, and one's sets."""
    return await _page(request, Form())


async def post_tabs(request: Request) -> Response:
    """`POST /tabs`: save a set, private and to read."""
    viewer, typed = signed_in(request), await read_form(request)
    try:
        tabs = read_tabs(typed.text("tabs"))
        await take("tabs", RATE, viewer.username)
        key = await save_tabs(viewer, tabs, read_name(typed.text("name")))
    except Refused as error:
        return await _page(request, refused(typed, error, "tabs", "name"), error.status)
    return onward(addresses.person_tags(viewer.username, (key,)))


async def _page(request: Request, form: Form, status: int = 200) -> Response:
    viewer = signed_in(request)
    found = await sets_of(viewer)
    lines = tuple(
        TabSetLine(one.key, addresses.person_tags(viewer.username, (one.key,)), one.count, one.at) for one in found
    )
    return page(request, "tabs.html", status=status, form=form, sets=lines, longest=NAME_LIMIT)
