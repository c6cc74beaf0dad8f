"""What the pages of this server's tags show beside what is saved here, and what its tags pass on: chosen by admins."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.errors import FedimarkError, Forbidden, Refused
from fedimark.follows import pages
from fedimark.follows.words import handle, what
from fedimark.moderation import passing
from fedimark.web.headings import STATES
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.tags import PageStream


async def get_streams(request: Request) -> Response:
    """`GET /moderation/streams`"""
    return await _streams_page(request, Form())


async def post_add(request: Request) -> Response:
    """`POST /moderation/streams/add` with `tag` and `who`"""
    _only_admins(request)
    typed = await read_form(request)
    try:
        await pages.subscribe(typed.text("tag"), typed.text("who"))
    except FedimarkError as error:
        values = {name: typed.text(name) for name in ("tag", "who")}
        return await _streams_page(request, Form(values, {error.field or "who": error.message}), error.status)
    return onward("/moderation/streams")


async def post_end(request: Request) -> Response:
    """`POST /moderation/streams/end` with `tag` and `who`"""
    _only_admins(request)
    typed = await read_form(request)
    await pages.unsubscribe(typed.text("tag"), typed.text("who"))
    return onward("/moderation/streams")


async def post_pass_on(request: Request) -> Response:
    """`POST /moderation/streams/pass-on` with `of`: `ours` or `others`"""
    _only_admins(request)
    typed = await read_form(request)
    try:
        await passing.choose(typed.text("of"))
    except Refused as error:
        return await _streams_page(request, Form({}, {"of": error.message}), error.status)
    return onward("/moderation/streams")


async def _streams_page(request: Request, form: Form, status: int = 200) -> Response:
    _only_admins(request)
    streams = tuple([await _line(row) for row in await pages.subscriptions()])
    passed_on = Form({"of": await passing.choice()}, form.errors)
    return page(request, "tag_pages.html", status=status, form=form, streams=streams, passed_on=passed_on)


async def _line(row: Row) -> PageStream:
    return PageStream(
        tag=row["tag"],
        tag_href=addresses.tags((row["tag"],)),
        name=row["name"] or row["username"],
        handle=handle(row),
        what=await what(row),
        href=row["url"] or row["uri"],
        state={"rejected": "refused"}.get(row["state"]) or STATES[row["state"]],
        at=row["at"],
        readers=row["readers"],
        who=row["uri"],
    )


def _only_admins(request: Request) -> None:
    if not signed_in(request).is_admin:
        raise Forbidden("Only admins see to the server.")
