"""Bundles: searches and tags that somebody keeps together under a name; each is a stream of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import bundles
from fedimark.bookmarks.bundle_pages import page_of
from fedimark.bookmarks.bundles import Bundle
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.errors import NotFound, Refused
from fedimark.here import here
from fedimark.language.said import _, together
from fedimark.text import tags
from fedimark.timelines import stream
from fedimark.timelines.entries import Page
from fedimark.web.pages import PRIVATE_FEEDS
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.values.page import Crumb, Empty, Form, Heading, Listing
from fedimark.web.values.shelves import BundleLine

FIELDS = ("name", "search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")

_UNREAD = {"off": "", "yes": "to read", "no": "read"}
_SHARED = {"off": "", "yes": "shown to others", "no": "not shown to others"}


async def get_bundles(request: Request) -> Response:
    """`GET /u/{user}/bundles`; `?name=` leads to the one of that name"""
    owner = _as_owner(request)
    lines = bundle_lines(owner.username, await bundles.bundles_of(owner))
    wanted = request.query_params.get("name", "")
    if wanted:
        named = [line for line in lines if tags.key(line.name) == tags.key(wanted)]
        if not named:
            raise NotFound("There is no such bundle.")
        return onward(named[0].href)
    return page(request, "bundles.html", bundles=lines, root=addresses.bundles(owner.username))


async def get_bundle(request: Request) -> Response:
    """`GET /u/{user}/bundles/{id}`: what it holds"""
    owner = _as_owner(request)
    row = await bundles.own_bundle(owner, _number(request))
    is_picking = request.query_params.get("edit") == "many"
    shown, count = await _shown(request, row, "edit=many&" if is_picking else "")
    pick = _path(row, owner) if is_picking else ""
    return page(
        request,
        "bundle.html",
        heading=_heading(owner, row, count),
        listing=Listing(shown, tag_owner=owner.username, of_one=True, months=True, marks=True, pick=pick),
        sides=(),
        empty=_nothing(_path(row, owner)),
        profile=None,
        **_of_its_own(row, owner),
    )


async def _shown(request: Request, row: Row, kept: str) -> tuple[Page, int]:
    asked = request.query_params
    cursor = stream.cursor(asked.get("before", ""), asked.get("after", ""))
    found = await page_of(signed_in(request), row, cursor, here().settings.page_size)
    earlier = f"?{kept}before={found.page.earlier}" if found.page.earlier else None
    return Page(
        found.page.entries, earlier, f"?{kept}after={found.page.later}" if found.page.later else None
    ), found.count


async def get_new(request: Request) -> Response:
    """`GET /u/{user}/bundles/new`"""
    return _form(request, _as_owner(request), Form({**request.query_params, **_filters(request.query_params)}))


async def post_new(request: Request) -> Response:
    """`POST /u/{user}/bundles/new`"""
    owner, typed = _as_owner(request), await read_form(request)
    try:
        row = await bundles.make_bundle(owner, _read(typed))
    except Refused as error:
        return _form(request, owner, Form(typed, {error.field: error.message}), status=error.status)
    return onward(_path(row, owner))


async def get_edit(request: Request) -> Response:
    """`GET /u/{user}/bundles/{id}/edit`"""
    owner = _as_owner(request)
    row = await bundles.own_bundle(owner, _number(request))
    return _form(request, owner, Form({name: row[name] for name in FIELDS}), row)


async def post_edit(request: Request) -> Response:
    """`POST /u/{user}/bundles/{id}/edit`"""
    owner, typed = _as_owner(request), await read_form(request)
    row = await bundles.own_bundle(owner, _number(request))
    try:
        await bundles.change_bundle(owner, row["id"], _read(typed))
    except Refused as error:
        return _form(request, owner, Form(typed, {error.field: error.message}), row, status=error.status)
    return onward(_path(row, owner))


async def post_remove(request: Request) -> Response:
    """`POST /u/{user}/bundles/{id}/remove`"""
    owner = _as_owner(request)
    await bundles.remove_bundle(owner, _number(request))
    return onward(addresses.bundles(owner.username))


async def post_up(request: Request) -> Response:
    """`POST /u/{user}/bundles/{id}/up`: one place further up"""
    owner = _as_owner(request)
    await bundles.move_up(owner, _number(request))
    return onward(addresses.bundles(owner.username))


def bundle_lines(username: str, rows: list[Row]) -> tuple[BundleLine, ...]:
    """Bundles as a page lists them."""
    return tuple(BundleLine(row["name"], f"{addresses.bundles(username)}/{row['id']}", _words(row)) for row in rows)


def _of_its_own(row: Row, owner: Owner) -> dict[str, Any]:
    """What a bundle's page says that those of other streams do not."""
    return {"bundle_href": f"{_path(row, owner)}/edit", "number": row["id"], "feeds": (PRIVATE_FEEDS,)}


def _nothing(path: str) -> Empty:
    return Empty(_("Nothing in it"), _("No bookmark of yours is as this bundle asks."), Crumb(_("Edit it"), path))


def _words(row: Row) -> str:
    """What a bundle asks for, in words."""
    said: list[str] = [_("any of %(tags)s", tags=row["any_tags"])] if row["any_tags"] else []
    said += [_("all of %(tags)s", tags=row["all_tags"])] if row["all_tags"] else []
    said += [_("none of %(tags)s", tags=row["excluded_tags"])] if row["excluded_tags"] else []
    said += [f"“{row['search']}”"] if row["search"] else []
    said += (
        [{"yes": _("to read"), "no": _("read already")}[row["filter_unread"]]] if row["filter_unread"] != "off" else []
    )
    said += (
        [{"yes": _("shown to others"), "no": _("not shown")}[row["filter_shared"]]]
        if row["filter_shared"] != "off"
        else []
    )
    return together(filter(None, said)) or _("everything")


def _read(typed: SentForm) -> Bundle:
    return bundles.read_bundle(**{name: typed.text(name) for name in FIELDS[:5]}, **_filters(typed))  # type: ignore[arg-type]


def _filters(typed: Mapping[str, str]) -> dict[str, str]:
    return {name: typed.get(name, "") or "off" for name in FIELDS[5:]}


def _form(request: Request, owner: Owner, form: Form, row: Row | None = None, *, status: int = 200) -> Response:
    root = addresses.bundles(owner.username)
    path = _path(row, owner) if row else ""
    action = f"{path}/edit" if row else f"{root}/new"
    return page(request, "bundle_edit.html", form=form, action=action, path_of=path, root=root, status=status)


def _heading(owner: Owner, row: Row, count: int) -> Heading:
    person, root = Crumb(owner.username, addresses.person(owner.username)), addresses.bundles(owner.username)
    crumbs = (person, Crumb(_("bundles"), root), Crumb(row["name"]))
    return Heading(crumbs, count, edit_href="?edit=many" if count else "")


def _path(row: Row, owner: Owner) -> str:
    return f"{addresses.bundles(owner.username)}/{row['id']}"


def _number(request: Request) -> int:
    number = request.path_params["id"]
    if not number.isascii() or not number.isdigit() or len(number) > 18:
        raise NotFound
    return int(number)


def _as_owner(request: Request) -> Owner:
    """The signed-in person, at an address of their own; anybody else's answers as if there were nothing."""
    owner = owner_of(request)
    if owner.username != request.path_params["user"]:
        raise NotFound
    return owner
