"""Renaming, merging and deleting one's own tags."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import tag_edits, tags
from fedimark.doorway.forms import read_form
from fedimark.errors import NotFound, Refused
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.values.page import Form, TagLine

MOST_ONCE = 200  # tags used once that a page names

_FORMS = ("rename", "merge", "delete")


async def get_tags(request: Request) -> Response:
    """`GET /settings/tags`; `tag` is the one to rename, to merge or to delete."""
    tag = request.query_params.get("tag", "")
    begun = {"rename": Form({"old": tag}), "merge": Form({"tags": tag}), "delete": Form({"tag": tag})} if tag else {}
    return await _tags_page(request, begun)


async def post_rename(request: Request) -> Response:
    """`POST /settings/tags/rename`: `old`, `new`; with `look` what it would do is shown first"""
    return await _edit(request, "rename", "old", "new")


async def post_merge(request: Request) -> Response:
    """`POST /settings/tags/merge`: several `tags` into one"""
    return await _edit(request, "merge", "tags", "into")


async def post_delete(request: Request) -> Response:
    """`POST /settings/tags/delete`: `tag`"""
    return await _edit(request, "delete", "tag")


async def get_garden(request: Request) -> Response:
    """`GET /settings/tags/garden`: what looks mistyped, doubled or forgotten"""
    viewer = signed_in(request)
    found = await tag_edits.garden(viewer)
    once = tuple(TagLine(key, addresses.person_tags(viewer.username, (key,)), 1) for key in found.once[:MOST_ONCE])
    return page(request, "garden.html", proposals=found.proposals, once=once, more=len(found.once) - len(once))


async def _edit(request: Request, which: str, *names: str) -> Response:
    """An edit of tags: what it would do, or the job that does it; what is wrong stands beside its field."""
    viewer, typed = signed_in(request), await read_form(request)
    try:
        edit = tag_edits.read_edit(which, [typed.text(name) for name in names])
        if typed.text("look"):
            looked = await tag_edits.look(viewer, edit)
            fields = tuple((name, typed.text(name)) for name in names)
            return page(request, "tags_ask.html", which=which, edit=edit, looked=looked, fields=fields)
        return onward(f"/bulk/{await tag_edits.begin_edit(viewer, edit)}")
    except (Refused, NotFound) as error:
        form = Form(typed, {error.field or names[0]: error.message})
        return await _tags_page(request, {which: form}, status=error.status)


async def _tags_page(request: Request, forms: Mapping[str, Form], *, status: int = 200) -> Response:
    owner = owner_of(request)
    lines = tuple(
        TagLine(tag.key, addresses.person_tags(owner.username, (tag.key,)), tag.count)
        for tag in await tags.own_tags(owner.actor_id)
    )
    shown = {name: forms.get(name, Form()) for name in _FORMS}
    return page(request, "tags.html", status=status, tags=lines, **shown)
