"""Notes: a person's list of them, one, and writing."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import notes
from fedimark.doorway.forms import read_form
from fedimark.errors import Refused
from fedimark.here import here
from fedimark.text.markdown import rendered
from fedimark.web.accounts import refused
from fedimark.web.pages import feeds_at
from fedimark.web.respond import onward, owner_of, page, signed_in, viewer_of
from fedimark.web.values.page import Form
from fedimark.web.values.shelves import NoteLine, ShownNote

_FIELDS = ("title", "text", "public")


async def get_notes(request: Request) -> Response:
    """`/u/{user}/notes`: those of a person that the reader may see."""
    user, viewer = request.path_params["user"], viewer_of(request)
    found = await notes.page_of(user, viewer, request.query_params.get("after", ""), here().settings.page_size)
    lines = tuple(
        NoteLine(_path(user, row["public_id"]), row["title"], row["created_at"], bool(row["is_public"]))
        for row in found.rows
    )
    more = f"{addresses.notes(user)}?after={found.last}" if found.last else ""
    is_mine = viewer is not None and viewer.username == user
    feeds = feeds_at(addresses.notes(user))
    return page(request, "notes.html", user=user, notes=lines, more=more, is_mine=is_mine, feeds=feeds)


async def get_note(request: Request) -> Response:
    """`/u/{user}/notes/{id}`: one of them."""
    user, viewer = request.path_params["user"], viewer_of(request)
    row = await notes.one_of(user, request.path_params["id"], viewer)
    html = await asyncio.to_thread(rendered, row["text"])
    shown = ShownNote(
        _path(user, row["public_id"]), row["title"], html, row["created_at"], row["updated_at"], bool(row["is_public"])
    )
    return page(request, "note.html", user=user, note=shown, is_mine=viewer is not None and viewer.username == user)


async def get_add(request: Request) -> Response:
    """The form for a new one."""
    signed_in(request)
    return _form_page(request, Form(), addresses.NEW_NOTE)


async def post_add(request: Request) -> Response:
    """Keep a new one."""
    owner, form = owner_of(request), await read_form(request)
    try:
        words = notes.read_words(form.text("title"), form.text("text"), is_public=bool(form.text("public")))
        public_id = await notes.write_note(owner, words)
    except Refused as error:
        return _form_page(request, refused(form, error, *_FIELDS), addresses.NEW_NOTE, error.status)
    return onward(_path(owner.username, public_id))


async def get_edit(request: Request) -> Response:
    """The form for one that is there."""
    row = await notes.own_note(owner_of(request), _own_id(request))
    values = {"title": row["title"], "text": row["text"], "public": "yes" if row["is_public"] else ""}
    return _form_page(request, Form(values), _here(request, "edit"))


async def post_edit(request: Request) -> Response:
    """Put other words in its place."""
    owner, form = owner_of(request), await read_form(request)
    await notes.own_note(owner, _own_id(request))
    try:
        words = notes.read_words(form.text("title"), form.text("text"), is_public=bool(form.text("public")))
        await notes.change_note(owner, _own_id(request), words)
    except Refused as error:
        return _form_page(request, refused(form, error, *_FIELDS), _here(request, "edit"), error.status)
    return onward(_here(request))


async def get_remove(request: Request) -> Response:
    """Ask before removing one."""
    row = await notes.own_note(owner_of(request), _own_id(request))
    return page(
        request, "note_remove.html", title=row["title"], action=_here(request, "remove"), cancel_href=_here(request)
    )


async def post_remove(request: Request) -> Response:
    """Remove one."""
    owner = owner_of(request)
    await notes.remove_note(owner, _own_id(request))
    return onward(addresses.notes(owner.username))


def _own_id(request: Request) -> str:
    """The note's id, where the address is of the person who asks; else one that is nobody's."""
    is_mine = request.path_params["user"] == signed_in(request).username
    return str(request.path_params["id"]) if is_mine else ""


def _here(request: Request, below: str = "") -> str:
    own = _path(signed_in(request).username, request.path_params["id"])
    return f"{own}/{below}" if below else own


def _path(user: str, public_id: str) -> str:
    return addresses.note(user, public_id)


def _form_page(request: Request, form: Form, action: str, status: int = 200) -> Response:
    return page(
        request,
        "note_edit.html",
        status=status,
        form=form,
        action=action,
        cancel_href=action.removesuffix("/edit")
        if action.endswith("/edit")
        else addresses.notes(signed_in(request).username),
    )
