"""Files kept with bookmarks: `/api/bookmarks/{id}/assets/`, and `singlefile`, which browsers send a page with."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from fedimark.accounts.tokens import Bearer
from fedimark.api.linkding import queries, shapes
from fedimark.api.linkding.asked import id_of
from fedimark.api.linkding.door import owner_of
from fedimark.api.linkding.metadata import words_of
from fedimark.api.linkding.saying import Said
from fedimark.api.linkding.shapes import day_of
from fedimark.bookmarks.assets import Upload, assets_of, drop, keep, own_asset
from fedimark.bookmarks.draft import checked_url
from fedimark.bookmarks.save import rewrite_bookmark
from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.errors import NotFound
from fedimark.here import here, now
from fedimark.media.assets import asset_path

_AROUND: Final = 65_536  # bytes of a form beside its file
_HARMLESS: Final = {
    # What somebody saved of another site may hold anything: it runs nothing and is nobody's page here.
    "content-security-policy": "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:",
    "x-content-type-options": "nosniff",
    "cache-control": "private, no-store",
    "cross-origin-resource-policy": "same-origin",
}


async def get_assets(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/{id}/assets/`"""
    rows = await assets_of(owner_of(who), await _bookmark(request, who))
    return JSONResponse(shapes.page(len(rows), (None, None), [shapes.asset(row) for row in rows]))


async def get_asset(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/{id}/assets/{asset}/`"""
    return JSONResponse(shapes.asset(await _asset(request, who)))


async def get_file(request: Request, who: Bearer) -> Response:
    """`GET /api/bookmarks/{id}/assets/{asset}/download/`"""
    row = await _asset(request, who)
    path = asset_path(row["digest"])
    if path is None:
        raise NotFound("Asset file does not exist")
    return FileResponse(path, headers=_HARMLESS, media_type=row["content_type"], filename=row["name"])


async def post_file(request: Request, who: Bearer) -> Response:
    """`POST /api/bookmarks/{id}/assets/upload/` with `file`"""
    bookmark_id = await _bookmark(request, who)
    form = await _form(request)
    upload = form.uploads.get("file")
    if upload is None:
        return JSONResponse({"error": "No file provided."}, 400)
    row = await keep(owner_of(who), bookmark_id, _upload(upload, upload.filename or "", upload.content_type or ""))
    return JSONResponse(shapes.asset(row), 201)


async def delete_asset(request: Request, who: Bearer) -> Response:
    """`DELETE /api/bookmarks/{id}/assets/{asset}/`"""
    row = await _asset(request, who)
    await drop(owner_of(who), row["bookmark_id"], row["id"])
    return Response(status_code=204)


async def post_singlefile(request: Request, who: Bearer) -> Response:
    """`POST /api/bookmarks/singlefile/` with `url` and `file`: how a page looks, and a bookmark if there is none."""
    form = await _form(request)
    upload = form.uploads.get("file")
    if upload is None or not form.text("url").strip():
        return JSONResponse({"error": "Both 'url' and 'file' parameters are required."}, 400)
    row = await _saved(who, checked_url(form.text("url")))
    page = _upload(upload, f"HTML snapshot from {day_of(now())}", "text/html", is_snapshot=True)
    await keep(owner_of(who), row["id"], page)
    return JSONResponse({"message": "Snapshot uploaded successfully."}, 201)


async def _saved(who: Bearer, url: str) -> Row:
    """The asker's bookmark of a URL, made where there is none."""
    owner = owner_of(who)
    row = await queries.same_row(owner, url)
    if row is None:
        said = Said(url=url).worded(await words_of(who.viewer, url), None)
        row, _ = await rewrite_bookmark(
            owner, lambda: queries.same_row(owner, url), lambda before: said.over(before, owner, who.scopes)
        )
    return row


async def _form(request: Request) -> SentForm:
    return await read_form(request, here().settings.asset_limit_bytes + _AROUND)


async def _bookmark(request: Request, who: Bearer) -> int:
    row = await queries.own_row(owner_of(who), id_of(request))
    if row is None:
        raise NotFound("No Bookmark matches the given query.")
    return int(row["id"])


async def _asset(request: Request, who: Bearer) -> Row:
    return await own_asset(owner_of(who), await _bookmark(request, who), id_of(request, "asset"))


def _upload(sent: UploadFile, name: str, kind: str, *, is_snapshot: bool = False) -> Upload:
    return Upload(sent.file, name, kind, is_snapshot)
