"""Links that people gave to the viewer: keep them, or not."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.bookmarks import for_you
from fedimark.bookmarks.keeping import keep
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.here import here
from fedimark.text import urls
from fedimark.timelines.entries import Page
from fedimark.timelines.savers import person_of
from fedimark.timelines.stream import Cursor, cursor
from fedimark.web.respond import onward, owner_of, page
from fedimark.web.values.bookmark import GivenToYou


async def get_for_you(request: Request) -> Response:
    """`GET /for-you`: links that wait, newest first."""
    owner = owner_of(request)
    rows = await for_you.waiting(owner, cursor(request.query_params.get("before", ""), ""))
    shown = rows[: for_you.SHOWN]
    more = f"?before={Cursor(shown[-1]['said_at'], shown[-1]['public_id'])}" if len(rows) > len(shown) else None
    return page(
        request,
        "for_you.html",
        links=tuple(_given(row) for row in shown if not row["is_muted"]),
        page=Page((), more),
        handles_at=here().settings.handles_at,
    )


async def post_keep(request: Request) -> Response:
    """`POST /for-you/keep` with `id`: it becomes a bookmark of one's own."""
    owner, typed = owner_of(request), await read_form(request)
    await keep(owner, typed.text("id"))
    return onward(own_path(typed.text("back"), "/for-you"))


async def post_dismiss(request: Request) -> Response:
    """`POST /for-you/dismiss` with `id`"""
    owner, typed = owner_of(request), await read_form(request)
    await for_you.dismiss(owner, typed.text("id"))
    return onward(own_path(typed.text("back"), "/for-you"))


def _given(row: Row) -> GivenToYou:
    return GivenToYou(
        row["public_id"],
        row["url"],
        urls.host_of(row["url"]),
        row["title"] or row["url"],
        row["description"],
        row["said_at"],
        person_of(row),
        row["page_url"],
    )
