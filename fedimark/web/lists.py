"""Lists of people: making them, who is on them, and the key of a feed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.errors import Refused
from fedimark.follows import lists
from fedimark.follows import queries as follows
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.streams import followed as told
from fedimark.web.values.network import ListEdited, ListLine, Member
from fedimark.web.values.page import Form

LISTS = "/network/lists"


async def get_lists(request: Request) -> Response:
    """`GET /network/lists`: one's lists, and a form for a new one."""
    return await _lists_page(request, Form())


async def post_list(request: Request) -> Response:
    """`POST /network/lists` with `name`"""
    owner, typed = owner_of(request), await read_form(request)
    try:
        public_id = await lists.make(owner, typed.text("name"))
    except Refused as error:
        form = Form({"name": typed.text("name")[:1_000]}, {"name": error.message})
        return await _lists_page(request, form, error.status)
    return onward(f"{addresses.network_list(public_id)}/edit")


async def get_edit(request: Request) -> Response:
    """`GET /network/lists/{list}/edit`: its name, who is on it, its feed."""
    return await _edit_page(request, Form())


async def post_edit(request: Request) -> Response:
    """`POST /network/lists/{list}/edit` with `name`"""
    return await _changed(request, "name", lists.rename)


async def post_put(request: Request) -> Response:
    """`POST /network/lists/{list}/put` with `who`: somebody one follows."""
    return await _changed(request, "who", lists.put)


async def post_drop(request: Request) -> Response:
    """`POST /network/lists/{list}/drop` with `who`"""
    return await _changed(request, "who", lists.drop)


async def post_key(request: Request) -> Response:
    """`POST /network/lists/{list}/key` with `answer`: a feed with a new key, or with `none` no feed."""
    owner, typed, public_id = owner_of(request), await read_form(request), request.path_params["list"]
    change = lists.no_key if typed.text("answer") == "none" else lists.new_key
    await change(owner, public_id)
    return onward(f"{addresses.network_list(public_id)}/edit")


async def post_remove(request: Request) -> Response:
    """`POST /network/lists/{list}/remove`"""
    await lists.remove(owner_of(request), request.path_params["list"])
    return onward(LISTS)


async def _changed(request: Request, field: str, change: lists.Change) -> Response:
    """Change a list by what a form says in one field; again the page with what was wrong with it."""
    owner, typed, public_id = owner_of(request), await read_form(request), request.path_params["list"]
    try:
        await change(owner, public_id, typed.text(field))
    except Refused as error:
        return await _edit_page(request, Form({field: typed.text(field)[:1_000]}, {field: error.message}), error.status)
    return onward(f"{addresses.network_list(public_id)}/edit")


async def _lists_page(request: Request, form: Form, status: int = 200) -> Response:
    rows = [row for row in await lists.every(signed_in(request)) if row["public_id"]]
    lines = tuple(ListLine(row["name"], addresses.network_list(row["public_id"])) for row in rows)
    return page(request, "lists.html", status=status, lists=lines, form=form)


async def _edit_page(request: Request, form: Form, status: int = 200) -> Response:
    viewer = signed_in(request)
    row = await lists.one(viewer, request.path_params["list"])
    on_it = [_member(member) for member in await lists.members(row)]
    known = {member.who for member in on_it}
    others = [_member(other) for other in await follows.following(viewer.actor_id)]
    feed = absolute(addresses.list_feed(row["public_id"], row["feed_key"])) if row["feed_key"] else ""
    edited = ListEdited(row["name"], addresses.network_list(row["public_id"]), feed)
    values = {"name": row["name"], **form.values}
    return page(
        request,
        "list_edit.html",
        status=status,
        edited=edited,
        members=tuple(on_it),
        others=tuple(other for other in others if other.who not in known)[:500],
        form=Form(values, form.errors),
    )


def _member(row: Row) -> Member:
    """Somebody one follows, as `lists.members` and `follows.queries.following` tell."""
    one = told([{**row, "is_stream": 0}])[0]
    is_stream = bool(row["is_stream"])
    shown = one.name if is_stream else f"@{one.handle}"
    return Member(shown, one.name, one.href, (row["uri"] or row["url"]) if is_stream else one.handle, one.state)
