"""Reporting somebody or what they saved, and what admins read of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import Forbidden, NotFound, Refused, TooMany
from fedimark.here import here
from fedimark.moderation import reports
from fedimark.timelines.savers import person_of
from fedimark.timelines.sources import seen
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.moderation import ReportLine
from fedimark.web.values.page import Form

_FIELDS = ("who", "bookmark", "comment", "forward", "back")


async def get_report(request: Request) -> Response:
    """`GET /report?who=…` or `?bookmark=…`: the form to report somebody, or one bookmark of theirs."""
    asked = {name: request.query_params.get(name, "") for name in ("who", "bookmark", "back")}
    return await _form_page(request, asked, {})


async def post_report(request: Request) -> Response:
    """`POST /report`"""
    viewer, typed = signed_in(request), await read_form(request)
    said = {name: typed.text(name) for name in _FIELDS}
    who = said["who"] or await _whose(viewer.actor_id, said["bookmark"])
    named = [said["bookmark"]] if said["bookmark"] else []
    try:
        await reports.report(viewer, who, named, said["comment"], forward=bool(said["forward"]))
    except (Refused, TooMany) as error:
        return await _form_page(request, said, {error.field or "comment": error.message}, error.status)
    return onward(own_path(said["back"], "/recent"))


async def get_reports(request: Request) -> Response:
    """`GET /moderation/reports`: those that are open, or with `state=closed` the others."""
    _only_admins(request)
    closed = request.query_params.get("state") == "closed"
    before = request.query_params.get("before", "")
    found, earlier = await reports.every(closed=closed, before=int(before) if _is_number(before) else None)
    state = "&state=closed" if closed else ""
    return page(
        request,
        "reports.html",
        reports=tuple(_line(each) for each in found),
        closed=closed,
        earlier=f"?before={earlier}{state}" if earlier else None,
    )


async def post_close(request: Request) -> Response:
    """`POST /moderation/reports/close` with `id`"""
    _only_admins(request)
    await reports.close((await read_form(request)).text("id"))
    return onward("/moderation/reports")


async def post_open(request: Request) -> Response:
    """`POST /moderation/reports/open` with `id`"""
    _only_admins(request)
    await reports.reopen((await read_form(request)).text("id"))
    return onward("/moderation/reports")


async def _form_page(request: Request, said: dict[str, str], errors: dict[str, str], status: int = 200) -> Response:
    viewer = signed_in(request)
    who = said["who"] or await _whose(viewer.actor_id, said["bookmark"])
    values = {**said, "who": who}
    return page(request, "report.html", status=status, form=Form(values, errors), is_elsewhere=_is_elsewhere(who))


async def _whose(viewer_id: int, named: str) -> str:
    """The handle of whose bookmark this is. Raises NotFound for what the viewer does not see."""
    row = await seen(viewer_id, named)
    if row is None or row["actor_id"] == viewer_id:
        raise NotFound
    return f"@{row['username']}@{row['at_host'] or here().settings.handles_at}"


def _is_elsewhere(who: str) -> bool:
    return not who.endswith(f"@{here().settings.handles_at}")


def _line(one: reports.Reported) -> ReportLine:
    row = one.row
    return ReportLine(
        row["public_id"],
        person_of(row),
        row["local_name"] or row["target_uri"],
        row["by_local"] or f"{row['by_username']}@{row['by_host']}",
        row["comment"],
        row["created_at"],
        one.bookmarks,
        one.unseen,
        bool(row["is_forwarded"]),
        row["suspended_at"] is not None,
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _only_admins(request: Request) -> None:
    if not signed_in(request).is_admin:
        raise Forbidden("Only admins read reports.")
