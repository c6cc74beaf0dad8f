"""Tags: `/api/tags/`. One is there as long as a bookmark carries it."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark.accounts.tokens import Bearer
from fedimark.api.linkding import queries, shapes
from fedimark.api.linkding.asked import Slice, id_of, needed, read_fields
from fedimark.api.linkding.door import owner_of
from fedimark.api.linkding.listing import drawn
from fedimark.bookmarks.tags import delete_tag
from fedimark.database import Row
from fedimark.errors import NotFound, Refused
from fedimark.here import now
from fedimark.text import tags

_ABOVE = 2**30  # the numbers of tags that no bookmark carries yet


async def get_tags(request: Request, who: Bearer) -> Response:
    """`GET /api/tags/`"""
    owner = owner_of(who)
    count = await queries.tags_amount(owner)
    return await drawn(request, count, queries.own_tags(owner, Slice.of(request)), _shape)


async def post_tag(request: Request, who: Bearer) -> Response:
    """`POST /api/tags/` with `name`: the asker's tag of this name, or what it will be called once they use it."""
    name = "-".join(needed(await read_fields(request), "name").replace(",", " ").split())
    read = tags.read(name)
    if len(read.tags) != 1 or read.refused:
        raise Refused("A tag can’t be made of dots or commas alone.", field="name")
    row = await queries.own_tag(owner_of(who), key=tags.key(read.tags[0]))
    said = _shape(row) if row else shapes.tag(_number_of(read.tags[0]), read.tags[0], now())
    return JSONResponse(said, 201)


async def get_tag(request: Request, who: Bearer) -> Response:
    """`GET /api/tags/{id}/`"""
    return JSONResponse(_shape(await _found(request, who)))


async def delete_tag_of(request: Request, who: Bearer) -> Response:
    """`DELETE /api/tags/{id}/`: takes it off all bookmarks, which stay."""
    await delete_tag(owner_of(who), (await _found(request, who))["key"])
    return Response(status_code=204)


async def _found(request: Request, who: Bearer) -> Row:
    row = await queries.own_tag(owner_of(who), number=id_of(request))
    if row is None:
        raise NotFound("No Tag matches the given query.")
    return row


def _shape(row: Row) -> shapes.Document:
    return shapes.tag(row["id"], queries.spelled_of(row), row["added_at"] or 0)


def _number_of(tag: str) -> int:
    """A number made of a tag's name: whether anybody else has that tag, and since when, must not show in it."""
    return _ABOVE + int.from_bytes(hashlib.sha256(tags.key(tag).encode()).digest()[:4]) % _ABOVE
