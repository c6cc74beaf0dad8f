"""Renaming, merging and deleting one's own tags."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import tags
from fedimark.doorway.forms import read_form
from fedimark.errors import FedimarkError, NotFound, Refused
from fedimark.text import tags as words
from fedimark.web.pages import Form, TagLine
from fedimark.web.respond import onward, owner_of, page

_FORMS = ("rename", "merge", "delete")


async def get_tags(request: Request) -> Response:
    """`GET /settings/tags`"""
    return await _tags_page(request, {}, notice=_NOTICES.get(request.query_params.get("done", ""), ""))


async def post_rename(request: Request) -> Response:
    """`POST /settings/tags/rename`: `old`, `new`"""
    owner, typed = owner_of(request), await read_form(request)
    try:
        await tags.rename_tag(owner, typed.text("old"), typed.text("new"))
    except (Refused, NotFound) as error:
        return await _refused(request, "rename", typed, error, "old")
    return onward("/settings/tags?done=rename")


async def post_merge(request: Request) -> Response:
    """`POST /settings/tags/merge`: several `tags` into one"""
    owner, typed = owner_of(request), await read_form(request)
    try:
        for word in words.split(typed.text("tags")) or ("",):
            await tags.rename_tag(owner, word, typed.text("into"))
    except (Refused, NotFound) as error:
        return await _refused(request, "merge", typed, error, "tags")
    return onward("/settings/tags?done=merge")


async def post_delete(request: Request) -> Response:
    """`POST /settings/tags/delete`: `tag`"""
    owner, typed = owner_of(request), await read_form(request)
    try:
        await tags.delete_tag(owner, typed.text("tag"))
    except (Refused, NotFound) as error:
        return await _refused(request, "delete", typed, error, "tag")
    return onward("/settings/tags?done=delete")


_NOTICES = {"rename": "Renamed.", "merge": "Merged.", "delete": "Deleted; the bookmarks stay."}
_RENAMED_FIELDS = {"new": {"merge": "into"}}


async def _refused(
    request: Request, which: str, typed: Mapping[str, str], error: FedimarkError, field: str
) -> Response:
    """The page again, with what is wrong beside the field that is wrong."""
    name = _RENAMED_FIELDS.get(error.field, {}).get(which, error.field) or field
    return await _tags_page(request, {which: Form(typed, {name: error.message})}, status=error.status)


async def _tags_page(request: Request, forms: Mapping[str, Form], *, status: int = 200, notice: str = "") -> Response:
    owner = owner_of(request)
    lines = tuple(
        TagLine(tag.key, addresses.person_tags(owner.username, (tag.key,)), tag.count)
        for tag in await tags.own_tags(owner.actor_id)
    )
    shown = {name: forms.get(name, Form()) for name in _FORMS}
    return page(request, "tags.html", status=status, notice=notice, tags=lines, **shown)
