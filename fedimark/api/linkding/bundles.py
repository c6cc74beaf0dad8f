"""Bundles: `/api/bundles/`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark.accounts.tokens import Bearer
from fedimark.api.linkding import shapes
from fedimark.api.linkding.asked import Fields, Slice, id_of, needed, number_of, read_fields, text_of
from fedimark.api.linkding.door import owner_of
from fedimark.api.linkding.listing import drawn
from fedimark.bookmarks.bundles import (
    Bundle,
    bundles_of,
    make_bundle,
    own_bundle,
    read_bundle,
    remove_bundle,
    rewrite_bundle,
)
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.errors import NotFound

_TEXTS = ("name", "search", "any_tags", "all_tags", "excluded_tags", "filter_unread", "filter_shared")


async def get_bundles(request: Request, who: Bearer) -> Response:
    """`GET /api/bundles/`, in their order; there are so few that all are read at once."""
    rows, part = await bundles_of(owner_of(who)), Slice.of(request)
    shown = rows[part.offset : part.offset + part.limit]
    return await drawn(request, len(rows), _at_once(shown), shapes.bundle)


async def post_bundle(request: Request, who: Bearer) -> Response:
    """`POST /api/bundles/`"""
    fields = await read_fields(request)
    needed(fields, "name")
    return JSONResponse(shapes.bundle(await make_bundle(owner_of(who), _read(fields, {}))), 201)


async def get_bundle(request: Request, who: Bearer) -> Response:
    """`GET /api/bundles/{id}/`"""
    return JSONResponse(shapes.bundle(await _found(request, who)))


async def put_bundle(request: Request, who: Bearer) -> Response:
    """`PUT /api/bundles/{id}/`: what is not sent stays, but the name must be."""
    fields = await read_fields(request)
    needed(fields, "name")
    return await _changed(request, who, fields)


async def patch_bundle(request: Request, who: Bearer) -> Response:
    """`PATCH /api/bundles/{id}/`"""
    return await _changed(request, who, await read_fields(request))


async def delete_bundle(request: Request, who: Bearer) -> Response:
    """`DELETE /api/bundles/{id}/`"""
    await remove_bundle(owner_of(who), (await _found(request, who))["id"])
    return Response(status_code=204)


async def asked_bundle(owner: Owner, text: str) -> Row | None:
    """The bundle that a query names; none where it names nothing of the asker's."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    try:
        return await own_bundle(owner, int(text))
    except NotFound:
        return None


async def _found(request: Request, who: Bearer) -> Row:
    try:
        return await own_bundle(owner_of(who), id_of(request))
    except NotFound as error:
        raise NotFound("No BookmarkBundle matches the given query.") from error


async def _changed(request: Request, who: Bearer, fields: Fields) -> Response:
    row = await _found(request, who)
    changed = await rewrite_bundle(owner_of(who), row["id"], partial(_read, fields))
    return JSONResponse(shapes.bundle(changed))


def _read(fields: Fields, before: Row) -> Bundle:
    """What was sent over what stands there. Raises Refused for the field."""
    said = {name: text_of(fields, name) for name in _TEXTS}
    texts = {name: before.get(name) if text is None else text for name, text in said.items()}
    known = {name: text for name, text in texts.items() if text is not None and name != "name"}
    return read_bundle(name=texts["name"] or "", position=number_of(fields, "order"), **known)


async def _at_once(rows: list[Row]) -> AsyncIterator[list[Row]]:
    if rows:
        yield rows
