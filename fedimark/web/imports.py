"""Bringing bookmarks in from a file, and taking them out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fedimark.accounts.queries import count_bookmarks
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.doorway.forms import read_form
from fedimark.errors import NotFound, Refused, TooLarge, WrongType
from fedimark.here import here
from fedimark.importing import exporter, importer, queries
from fedimark.importing.report import Report, read_report
from fedimark.jobs import queue
from fedimark.web.pages import Form
from fedimark.web.respond import onward, owner_of, page, signed_in
from fedimark.web.values import BrokenRow, ImportJob, ImportLine

_CHUNK = 1_048_576
_ENVELOPE = 65_536  # what a form adds to the file it carries


async def get_import(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`GET /settings/import`"""
    viewer = signed_in(request)
    rows = await queries.imports_of(viewer.account_id, importer.KIND)
    lines = tuple(ImportLine(_href(row), _payload(row)["filename"], row["created_at"], _state(row)) for row in rows)
    amount = await count_bookmarks(viewer.actor_id)
    return page(request, "import.html", status=status, form=form or Form(), imports=lines, bookmarks=amount)


async def post_import(request: Request) -> Response:
    """`POST /settings/import` with a `file`: looked into, and shown before anything is saved."""
    viewer = signed_in(request)
    try:
        form = await read_form(request, limit=here().settings.import_limit_bytes + _ENVELOPE)
        upload = form.uploads.get("file")
        if upload is None:
            raise Refused("Choose a file first.", field="file")
        public_id = await importer.take_upload(viewer, upload.filename or "bookmarks", _parts(upload))
    except (Refused, TooLarge, WrongType) as error:
        return await get_import(request, form=Form(errors={"file": error.message}), status=error.status)
    return onward(f"/settings/import/{public_id}")


async def get_job(request: Request) -> Response:
    """`GET /settings/import/{id}`: the preview, the progress, or the report."""
    row = await queue.of_owner(signed_in(request).account_id, request.path_params["id"])
    if row is None or row["kind"] != importer.KIND:
        raise NotFound
    name = "import_preview.html" if row["state"] == "held" else "import_progress.html"
    report = _payload(row)["preview"] if row["state"] == "held" else json.loads(row["report"])
    return page(request, name, job=_job(row, read_report(report)))


async def post_start(request: Request) -> Response:
    """`POST /settings/import/{id}/start`"""
    await importer.start(signed_in(request), request.path_params["id"])
    return onward(f"/settings/import/{request.path_params['id']}")


async def get_export(request: Request) -> Response:
    """`GET /settings/export.json`: everything one has, as Pinboard JSON."""
    owner = owner_of(request)
    name = f"fedimark-{owner.username}.json"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(_export(owner), media_type="application/json", headers=headers)


async def _export(owner: Owner) -> AsyncIterator[bytes]:
    async for part in exporter.export(owner):
        yield part


async def _parts(upload: UploadFile) -> AsyncIterator[bytes]:
    while part := await upload.read(_CHUNK):
        yield part


def _payload(row: Row) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(row["payload"])
    return payload


def _href(row: Row) -> str:
    return f"/settings/import/{row['public_id']}"


def _state(row: Row) -> str:
    if row["state"] in ("waiting", "running"):
        return "running"
    if row["state"] == "held":
        return "waits for your word"
    report = read_report(json.loads(row["report"]))
    return report.failure or f"{report.new:,} added"


def _job(row: Row, report: Report) -> ImportJob:
    return ImportJob(
        href=_href(row),
        filename=str(_payload(row)["filename"]),
        new=report.new,
        known=report.known,
        changed=report.changed,
        broken=report.broken,
        broken_rows=tuple(BrokenRow(broken.row, broken.reason, broken.excerpt) for broken in report.errors),
        running=row["state"] in ("waiting", "running"),
        done=int(row["done"]),
        total=int(row["total"]),
        failure=report.failure,
    )
