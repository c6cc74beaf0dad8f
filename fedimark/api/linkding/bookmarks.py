"""Bookmarks: `/api/bookmarks/` and what stands below it."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark.accounts.tokens import Bearer
from fedimark.api.linkding import queries, shapes
from fedimark.api.linkding.asked import Filters, id_of, read_fields
from fedimark.api.linkding.bundles import asked_bundle
from fedimark.api.linkding.door import may_read, owner_of
from fedimark.api.linkding.listing import answered
from fedimark.api.linkding.metadata import words_of
from fedimark.api.linkding.saying import Said
from fedimark.bookmarks.draft import checked_url
from fedimark.bookmarks.marks import mark
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.bookmarks.save import Rewrite, rewrite_bookmark
from fedimark.database import Row
from fedimark.errors import NotFound, Refused


async def get_bookmarks(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/`: those that are not archived."""
    return await _own(request, who, archived=False)


async def get_archived(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/archived/`"""
    return await _own(request, who, archived=True)


async def get_shared(request: Request, who: Bearer | None) -> Response:
    """`GET /api/bookmarks/shared/?user=`: what people here show everybody, also without a key."""
    viewer_id = who.viewer.actor_id if who else 0
    bundle = await asked_bundle(owner_of(who), request.query_params.get("bundle", "")) if who else None
    found = queries.shared_list(viewer_id, Filters.of(request, bundle))
    return await answered(request, found, viewer_id)


async def get_check(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/check/?url=`: the asker's bookmark of a page, and what the page says of itself."""
    asked = request.query_params.get("url", "")
    if not asked.strip():
        raise Refused("This field is required.", field="url")
    url = checked_url(asked)
    row = await queries.same_row(owner_of(who), url)
    found = shapes.bookmark(row, who.viewer.actor_id) if row else None
    return JSONResponse(shapes.check(found, asked, await words_of(who.viewer, url)))


async def post_bookmark(request: Request, who: Bearer) -> Response:
    """`POST /api/bookmarks/`: a new one, or over the one that the asker has of this URL."""
    said, owner = Said.read(await read_fields(request), is_new=True), owner_of(who)
    url = checked_url(said.url or "")
    words = None
    if "disable_scraping" not in request.query_params and said.lacks_words(await queries.same_row(owner, url)):
        words = await words_of(who.viewer, url)

    def written(before: Row | None) -> Rewrite:
        # Of one that is there already the URL was only named, perhaps in another spelling.
        known = said.worded(words, before)
        return (replace(known, url=None) if before else known).over(before, owner, who.scopes)

    row, _ = await rewrite_bookmark(owner, lambda: queries.same_row(owner, url), written)
    return await _told(row, who, 201)


async def get_bookmark(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/{id}/`"""
    row = await _found(request, who)
    return JSONResponse(shapes.bookmark(row, who.viewer.actor_id))


async def put_bookmark(request: Request, who: Bearer) -> Response:
    """`PUT /api/bookmarks/{id}/`: what is not sent stays, as with the original; but the URL must be."""
    return await _written(request, who, is_new=True)


async def patch_bookmark(request: Request, who: Bearer) -> Response:
    """`PATCH /api/bookmarks/{id}/`"""
    return await _written(request, who, is_new=False)


async def delete_bookmark(request: Request, who: Bearer) -> Response:
    """`DELETE /api/bookmarks/{id}/`: hidden at once; until its undo runs out the page brings it back."""
    row = await _found(request, who)
    await remove_bookmark(owner_of(who), row["public_id"])
    return Response(status_code=204)


async def post_archive(request: Request, who: Bearer) -> Response:
    """`POST /api/bookmarks/{id}/archive/`; whatever its body calls itself, nobody reads it."""
    return await _archived(request, who, True)


async def post_unarchive(request: Request, who: Bearer) -> Response:
    """`POST /api/bookmarks/{id}/unarchive/`"""
    return await _archived(request, who, False)


async def _own(request: Request, who: Bearer, *, archived: bool) -> Response:
    owner = owner_of(who)
    bundle = await asked_bundle(owner, request.query_params.get("bundle", ""))
    found = queries.own_list(owner, Filters.of(request, bundle), archived=archived)
    return await answered(request, found, owner.actor_id)


async def _found(request: Request, who: Bearer) -> Row:
    row = await queries.own_row(owner_of(who), id_of(request))
    if row is None:
        raise NotFound("No Bookmark matches the given query.")
    return row


async def _written(request: Request, who: Bearer, *, is_new: bool) -> Response:
    said, owner = Said.read(await read_fields(request), is_new=is_new), owner_of(who)

    async def look() -> Row:
        return await _found(request, who)

    row, _ = await rewrite_bookmark(owner, look, lambda before: said.over(before, owner, who.scopes))
    return await _told(row, who, 200)


async def _archived(request: Request, who: Bearer, value: bool) -> Response:
    row = await _found(request, who)
    await mark(owner_of(who), row["public_id"], "archived", value)
    return Response(status_code=204)


async def _told(row: Row, who: Bearer, status: int) -> Response:
    if not may_read(who):
        return JSONResponse(shapes.said(row), status)
    stands = await queries.own_row(owner_of(who), row["id"])  # None where another request removed it meanwhile
    return JSONResponse(
        shapes.bookmark(stands or {**row, "modified_at": row["updated_at"]}, who.viewer.actor_id), status
    )
