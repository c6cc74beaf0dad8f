"""Adding, editing, removing a bookmark, and its page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.queries import own_bookmark, removed_bookmark, same_page
from fedimark.bookmarks.remove import remove_bookmark, undo_remove
from fedimark.bookmarks.save import edit_bookmark, save_bookmark
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import NotFound, Refused
from fedimark.text.urls import is_secret_looking
from fedimark.timelines.bookmark import one_bookmark
from fedimark.timelines.remarks import about_bookmark
from fedimark.timelines.stream import cursor
from fedimark.web.forms import BookmarkForm, from_row, prefilled
from fedimark.web.pages import Form
from fedimark.web.respond import onward, owner_of, page, signed_in, viewer_of
from fedimark.web.values import Editing, OtherSpelling, TrailLine


async def get_add(request: Request) -> Response:
    """`GET /add?url=&title=&description=&tags=`: the form, filled in; nothing is ever saved by a GET."""
    viewer = signed_in(request)
    form = prefilled(request.query_params, viewer)
    have = await same_page(Owner.of(viewer), form.value("url")) if form.value("url") else []
    exact = next((row for row in have if row["url"] == form.value("url")), None)
    if exact is not None:
        return _edit_page(request, from_row(exact), Editing("/add", already_at=exact["saved_at"]))
    return _edit_page(request, form, Editing("/add", secret=bool(is_secret_looking(form.value("url")))))


async def post_add(request: Request) -> Response:
    """`POST /add`: save, or the form again with what is wrong beside each field."""
    owner = owner_of(request)
    typed = await read_form(request)
    form = BookmarkForm.read(typed, typed.every("dots_seen"))
    if form.draft is None:
        return _edit_page(request, form.shown, _adding(form), status=422)
    have = await same_page(owner, form.draft.url)
    other = next((row for row in have if row["url"] != form.draft.url), None)
    exact = any(row["url"] == form.draft.url for row in have)
    if other is not None and not exact and form.choice not in ("replace", "keep"):
        return _edit_page(request, form.shown, replace(_adding(form), other=_other(owner, other)), status=409)
    if other is not None and not exact and form.choice == "replace":
        saved = await edit_bookmark(owner, other["public_id"], form.draft)
    else:
        saved = await save_bookmark(owner, form.draft)
    return onward(own_path(form.back, saved.path))


async def get_edit(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/edit`"""
    owner = _as_owner(request)
    row = await own_bookmark(owner, request.path_params["id"])
    if row is None:
        raise NotFound
    return _edit_page(request, from_row(row), _editing(owner, row["public_id"], request.query_params.get("back", "")))


async def post_edit(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/edit`"""
    owner, public_id = _as_owner(request), request.path_params["id"]
    typed = await read_form(request)
    form = BookmarkForm.read(typed, typed.every("dots_seen"))
    editing = _editing(owner, public_id, form.back, form)
    if form.draft is None:
        return _edit_page(request, form.shown, editing, status=422)
    try:
        saved = await edit_bookmark(owner, public_id, form.draft)
    except Refused as error:
        return _edit_page(request, Form(form.values, {error.field: error.message}), editing, status=error.status)
    return onward(own_path(form.back, saved.path))


async def get_bookmark(request: Request) -> Response:
    """`GET /u/{user}/b/{id}`: one bookmark, for whoever may see it."""
    user, public_id = request.path_params["user"], request.path_params["id"]
    shown = await one_bookmark(user, public_id, viewer_of(request))
    note = shown.row["private_note"] if shown.is_owner else ""
    trail = (TrailLine("edited", shown.row["updated_at"]),) if shown.was_edited else ()
    spoken = addresses.absolute(addresses.bookmark(user, public_id)) if shown.is_spoken else ""
    talk = await about_bookmark(shown.row, shown.viewer_id, cursor(request.query_params.get("said", ""), ""))
    values: dict[str, Any] = {"entry": shown.entry, "private_note": note, "trail": trail, "talk": talk}
    return page(request, "bookmark.html", tag_owner=user, alternate=spoken, **values)


async def get_remove(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/remove`: asks first."""
    owner, public_id = _as_owner(request), request.path_params["id"]
    shown = await one_bookmark(owner.username, public_id, viewer_of(request))
    path = addresses.bookmark(owner.username, public_id)
    return page(request, "remove.html", entry=shown.entry, action=f"{path}/remove", cancel_href=path)


async def post_remove(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/remove`: hidden at once, with the way back."""
    owner, public_id = _as_owner(request), request.path_params["id"]
    await remove_bookmark(owner, public_id)
    return onward(addresses.bookmark(owner.username, public_id) + "/removed")


async def get_removed(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/removed`: what was removed, and the button that brings it back."""
    owner, public_id = _as_owner(request), request.path_params["id"]
    row = await removed_bookmark(owner, public_id)
    if row is None:
        raise NotFound
    undo = addresses.bookmark(owner.username, public_id) + "/undo"
    onward_href = addresses.person(owner.username)
    return page(request, "removed.html", title=row["title"], undo_action=undo, onward_href=onward_href)


async def post_undo(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/undo`"""
    owner, public_id = _as_owner(request), request.path_params["id"]
    await undo_remove(owner, public_id)
    return onward(addresses.bookmark(owner.username, public_id))


async def post_star(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/star` with `starred`"""
    return await _mark(request, "starred")


async def post_read(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/read` with `to_read`"""
    return await _mark(request, "to_read")


async def _mark(request: Request, name: str) -> Response:
    owner, public_id = _as_owner(request), request.path_params["id"]
    typed = await read_form(request)
    await mark(owner, public_id, name, bool(typed.text(name)))
    return onward(own_path(typed.text("back"), addresses.bookmark(owner.username, public_id)))


def _as_owner(request: Request) -> Owner:
    """The signed-in person, at an address of their own; anybody else's answers as if there were nothing."""
    owner = owner_of(request)
    if owner.username != request.path_params["user"]:
        raise NotFound
    return owner


def _edit_page(request: Request, form: Form, edit: Editing, *, status: int = 200) -> Response:
    return page(request, "edit.html", form=form, edit=edit, status=status)


def _adding(form: BookmarkForm) -> Editing:
    secret = bool(is_secret_looking(form.shown.value("url")))
    return Editing("/add", secret=secret, dots=form.dots, back=form.back)


def _editing(owner: Owner, public_id: str, back: str, form: BookmarkForm | None = None) -> Editing:
    path = addresses.bookmark(owner.username, public_id)
    dots = form.dots if form else ()
    return Editing(f"{path}/edit", dots=dots, back=back, remove_href=f"{path}/remove", cancel_href=path)


def _other(owner: Owner, row: Row) -> OtherSpelling:
    return OtherSpelling(row["url"], addresses.bookmark(owner.username, row["public_id"]), row["saved_at"])
