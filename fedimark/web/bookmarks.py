"""Adding, editing, removing a bookmark, and its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import naming
from fedimark.bookmarks.draft import Draft, Owner
from fedimark.bookmarks.giving import gifts_of
from fedimark.bookmarks.queries import own_bookmark, removed_bookmark, same_page
from fedimark.bookmarks.remove import remove_bookmark, undo_remove
from fedimark.bookmarks.save import Saved, edit_bookmark, save_bookmark, save_first
from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import NotFound, Refused
from fedimark.language.said import _
from fedimark.text.urls import is_secret_looking
from fedimark.timelines.bookmark import Shown, one_bookmark
from fedimark.timelines.copies import copies_of
from fedimark.timelines.sources import source_of
from fedimark.web import later
from fedimark.web.adding import about_page, old_words
from fedimark.web.forms import BookmarkForm, copied, from_row, prefilled
from fedimark.web.remarks import talk_about
from fedimark.web.respond import came_from, onward, owner_of, page, signed_in, viewer_of
from fedimark.web.values.bookmark import TrailLine, gift_words
from fedimark.web.values.page import Form
from fedimark.web.values.saving import About, Editing, OtherSpelling


async def get_add(request: Request) -> Response:
    """`GET /add?url=&title=&description=&tags=`: the form, filled in; nothing is saved by a GET without a key for that.

    `from` names a bookmark of somebody else by its id: then the form is a copy of that. `jump=close`, `next=same` and
    `back` say what comes after; `later` and `noui` save with a `key` that may do nothing else. (web.later)
    """
    asked = request.query_params
    if asked.get("later") or asked.get("noui"):
        found = await later.bearer(asked.get("key", ""))
        if found is not None:
            return await later.save_for(request, found)
    viewer = signed_in(request)
    source = await source_of(viewer.actor_id, asked.get("from", ""))
    form = copied(source, viewer) if source else prefilled(asked, viewer)
    have = await same_page(Owner.of(viewer), form.value("url")) if form.value("url") else []
    exact = next((row for row in have if row["url"] == form.value("url")), None)
    edit = Editing("/add", secret=bool(is_secret_looking(form.value("url"))), is_fresh=exact is None)
    if exact is not None:
        form, edit = from_row(exact), replace(edit, secret=False, already_at=exact["saved_at"])
    elif source is not None:
        edit = replace(edit, copied_from=source.name, is_partial=not source.is_open)
    back = {"back": came_from(request)} if "from" in asked else {}
    return await _edit_page(request, form, _going(edit, {**back, **asked}))


async def post_add(request: Request) -> Response:
    """`POST /add`: save, or the form again with what is wrong beside each field."""
    owner = owner_of(request)
    typed = await read_form(request)
    form = BookmarkForm.read(typed, typed.every("dots_seen"), typed.every("also"))
    edit = _going(_adding(form), typed)
    if form.draft is None:
        return await _edit_page(request, form.shown, replace(edit, is_fresh=bool(typed.text("fresh"))), status=422)
    if (saved := await save_first(owner, form.draft)) is not None:
        return onward(_onward(form, typed, await _named(request, form.draft, saved)))
    return await _add_again(request, form, form.draft, typed, edit)


async def _add_again(request: Request, form: BookmarkForm, draft: Draft, typed: SentForm, edit: Editing) -> Response:
    """Save what may be there already: over it, beside it, or the form again with what stands there."""
    owner = owner_of(request)
    have = await same_page(owner, draft.url)
    exact = next((row for row in have if row["url"] == draft.url), None)
    if exact is not None and typed.text("fresh"):
        edit = replace(edit, about=About(old=old_words(signed_in(request), exact)))
        return await _edit_page(request, form.shown, edit, status=409)
    other = next((row for row in have if exact is None), None)
    if other is not None and form.choice not in ("replace", "keep"):
        return await _edit_page(request, form.shown, replace(edit, other=_other(owner, other)), status=409)
    return onward(_onward(form, typed, await _save(request, form, draft, other)))


async def _save(request: Request, form: BookmarkForm, draft: Draft, other: Row | None) -> Saved:
    """Save what was typed, over another spelling where that is to go."""
    owner = owner_of(request)
    if other is not None and form.choice == "replace":
        return await edit_bookmark(owner, other["public_id"], draft)
    return await _named(request, draft, await save_bookmark(owner, draft))


async def _named(request: Request, draft: Draft, saved: Saved) -> Saved:
    """What was saved; where it is new and has no title yet, it gets that of its page."""
    if saved.is_new and not draft.title:
        await naming.ask(signed_in(request), draft.url, saved.public_id)
    return saved


def _onward(form: BookmarkForm, typed: Mapping[str, str], saved: Saved) -> str:
    """Where somebody goes after saving: where they came from, or what `jump` and `next` say."""
    going = _going(Editing("/add"), typed)
    then = going.jump or going.after
    return f"/add/saved?id={saved.public_id}&then={then}" if then else own_path(form.back, saved.path)


def _going(edit: Editing, asked: Mapping[str, str]) -> Editing:
    """What comes after saving, as Pinboard's bookmarklets say it, and where one came from."""
    jump, after, back = asked.get("jump", ""), asked.get("next", ""), own_path(asked.get("back", ""), "")
    edit = replace(edit, back=back, cancel_href=back)
    return replace(edit, jump="close" if jump == "close" else "", after="same" if after == "same" else "")


async def get_edit(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/edit`"""
    owner = _as_owner(request)
    row = await own_bookmark(owner, request.path_params["id"])
    if row is None:
        raise NotFound
    editing = _editing(owner, row["public_id"], request.query_params.get("back") or came_from(request))
    return await _edit_page(request, from_row(row), editing)


async def post_edit(request: Request) -> Response:
    """`POST /u/{user}/b/{id}/edit`"""
    owner, public_id = _as_owner(request), request.path_params["id"]
    typed = await read_form(request)
    form = BookmarkForm.read(typed, typed.every("dots_seen"), typed.every("also"))
    editing = _editing(owner, public_id, form.back, form)
    if form.draft is None:
        return await _edit_page(request, form.shown, editing, status=422)
    try:
        saved = await edit_bookmark(owner, public_id, form.draft)
    except Refused as error:
        shown = Form(form.values, {error.field: error.message})
        return await _edit_page(request, shown, editing, status=error.status)
    return onward(_back(form.back, editing, saved))


async def get_bookmark(request: Request) -> Response:
    """`GET /u/{user}/b/{id}`: one bookmark, for whoever may see it."""
    user, public_id = request.path_params["user"], request.path_params["id"]
    shown = await one_bookmark(user, public_id, viewer_of(request))
    note = shown.row["private_note"] if shown.is_owner else ""
    trail = await _trail(shown)
    spoken = addresses.absolute(addresses.bookmark(user, public_id)) if shown.is_spoken else ""
    copies = await copies_of(shown.row, user, shown.viewer_id)
    talking = await talk_about(request, shown)
    values: dict[str, Any] = {
        "entry": shown.entry,
        "private_note": note,
        "trail": trail,
        "copies": copies,
        **talking,
    }
    return page(request, "bookmark.html", tag_owner=user, alternate=spoken, **values)


async def _trail(shown: Shown) -> tuple[TrailLine, ...]:
    """What its owner sees of a bookmark's life: that it was edited, and to whom it was given."""
    edited = (TrailLine(_("edited"), shown.row["updated_at"]),) if shown.was_edited else ()
    gifts = await gifts_of(shown.row) if shown.is_owner else []
    return edited + tuple(TrailLine(gift_words(each["who"], each["state"]), each["created_at"]) for each in gifts)


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
    """`POST /u/{user}/b/{id}/undo`, with `back` from a list"""
    owner, public_id = _as_owner(request), request.path_params["id"]
    typed = await read_form(request)
    await undo_remove(owner, public_id)
    return onward(own_path(typed.text("back"), addresses.bookmark(owner.username, public_id)))


def _as_owner(request: Request) -> Owner:
    """The signed-in person, at an address of their own; anybody else's answers as if there were nothing."""
    owner = owner_of(request)
    if owner.username != request.path_params["user"]:
        raise NotFound
    return owner


async def _edit_page(request: Request, form: Form, edit: Editing, *, status: int = 200) -> Response:
    viewer, old = signed_in(request), edit.about.old
    about = await about_page(viewer, form.value("url"), form.value("title"), knows=True, has=form.value("tags"))
    return page(request, "edit.html", form=form, edit=replace(edit, about=replace(about, old=old)), status=status)


def _adding(form: BookmarkForm) -> Editing:
    secret = bool(is_secret_looking(form.shown.value("url")))
    return Editing("/add", secret=secret, dots=form.dots)


def _editing(owner: Owner, public_id: str, back: str, form: BookmarkForm | None = None) -> Editing:
    path = addresses.bookmark(owner.username, public_id)
    dots = form.dots if form else ()
    cancel = own_path(back, path)
    return Editing(f"{path}/edit", dots=dots, back=back, remove_href=f"{path}/remove", cancel_href=cancel)


def _back(back: str, editing: Editing, saved: Saved) -> str:
    """Where one came from; not the bookmark’s own page, whose address changes with who may see it."""
    return saved.path if f"{back.partition('?')[0]}/edit" == editing.action else own_path(back, saved.path)


def _other(owner: Owner, row: Row) -> OtherSpelling:
    return OtherSpelling(row["url"], addresses.bookmark(owner.username, row["public_id"]), row["saved_at"])
