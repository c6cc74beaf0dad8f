"""Bringing bookmarks in from a file, and taking them out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from fedimark.accounts.queries import count_bookmarks
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.doorway.forms import SentForm, read_form
from fedimark.errors import NotFound, Refused, TooLarge, WrongType
from fedimark.here import here
from fedimark.importing import exporter, importer, queries, restoring, undoing
from fedimark.importing.listing import listed
from fedimark.importing.options import PLAIN, read_options
from fedimark.importing.report import Report, read_report
from fedimark.importing.rows_out import tell_nobody
from fedimark.jobs import queue
from fedimark.language.said import _, said
from fedimark.policy.visibility import Viewer
from fedimark.web.pages import word_of
from fedimark.web.respond import catalogue_of, onward, owner_of, page, signed_in
from fedimark.web.values.imports import BrokenRow, ImportJob, ImportLine, SampleRow, UndoJob
from fedimark.web.values.page import Form

_CHUNK = 1_048_576
_ENVELOPE = 65_536  # what a form adds to the file it carries


async def get_import(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`GET /settings/import`"""
    viewer = signed_in(request)
    rows = await queries.imports_of(viewer.account_id, importer.KIND, undoing.KIND)
    lines = tuple(ImportLine(_href(row), _title(row), row["created_at"], _state(row)) for row in rows)
    amount = await count_bookmarks(viewer.actor_id)
    shown = form or Form(PLAIN.document())
    formats = tuple((each.name, each.words) for each in exporter.EXPORTS)
    return page(request, "import.html", status=status, form=shown, imports=lines, bookmarks=amount, formats=formats)


async def post_import(request: Request) -> Response:
    """`POST /settings/import` with a `file`: looked into, and shown before anything is saved."""
    viewer = signed_in(request)
    form: SentForm | None = None
    try:
        form = await read_form(request, limit=here().settings.import_limit_bytes + _ENVELOPE)
        public_id = await _taken(viewer, form)
    except (Refused, TooLarge, WrongType) as error:
        shown = Form({**PLAIN.document(), **dict(form or {})}, {error.field or "file": error.message})
        return await get_import(request, form=shown, status=error.status)
    return onward(f"/settings/import/{public_id}")


async def get_job(request: Request, *, form: Form | None = None, status: int = 200) -> Response:
    """`GET /settings/import/{id}`: the preview, the progress, or the report."""
    row = await queue.of_owner(signed_in(request).account_id, request.path_params["id"])
    if row is None or row["kind"] not in (importer.KIND, undoing.KIND):
        raise NotFound
    if row["kind"] == undoing.KIND:
        return page(request, "import_undone.html", job=_undo(row))
    if row["state"] != "held":
        return page(request, "import_progress.html", job=_job(row, read_report(json.loads(row["report"]))))
    shown = form or Form(_payload(row).get("options", {}))
    report = read_report(_payload(row)["preview"])
    return page(request, "import_preview.html", status=status, job=_job(row, report), form=shown)


async def post_look(request: Request) -> Response:
    """`POST /settings/import/{id}`: looked into once more, with other options."""
    form = await read_form(request)
    try:
        await importer.look_again(signed_in(request), request.path_params["id"], read_options(form))
    except Refused as error:
        shown = Form(dict(form), {error.field or "file": error.message})
        return await get_job(request, form=shown, status=error.status)
    return onward(f"/settings/import/{request.path_params['id']}")


async def post_start(request: Request) -> Response:
    """`POST /settings/import/{id}/start`"""
    await importer.start(signed_in(request), request.path_params["id"])
    return onward(f"/settings/import/{request.path_params['id']}")


async def post_undo(request: Request) -> Response:
    """`POST /settings/import/{id}/undo`: everything it did is taken back, but what was edited since."""
    public_id = await undoing.start(signed_in(request), request.path_params["id"])
    return onward(f"/settings/import/{public_id}")


async def post_follow(request: Request) -> Response:
    """`POST /settings/import/{id}/follow`: whom the archive names is followed again."""
    await restoring.follow_again(signed_in(request), request.path_params["id"])
    return onward(f"/settings/import/{request.path_params['id']}")


async def get_rows(request: Request) -> Response:
    """`GET /settings/import/{id}/rows.csv`: what became of every row."""
    row = await queue.of_owner(signed_in(request).account_id, request.path_params["id"])
    if row is None or row["kind"] != importer.KIND:
        raise NotFound
    catalogue = catalogue_of(request)
    named = f'attachment; filename="import-{row["public_id"]}.csv"'
    headers = {"content-disposition": named, "content-language": catalogue.language}
    return StreamingResponse(listed(row, catalogue), media_type="text/csv; charset=utf-8", headers=headers)


async def get_export(request: Request) -> Response:
    """`GET /settings/export?format=…`: everything one has, in a file of one's choice."""
    owner = owner_of(request)
    return _file(owner, exporter.export_named(request.query_params.get("format", "")))


async def get_json(request: Request) -> Response:
    """`GET /settings/export.json`: everything one has, as Pinboard JSON."""
    return _file(owner_of(request), exporter.export_named("pinboard-json"))


def _file(owner: Owner, chosen: exporter.Export) -> Response:
    name = f"fedimark-{owner.username}.{chosen.ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    made = chosen.make(owner, tell_nobody)
    return StreamingResponse(made, media_type=chosen.media_type, headers=headers)


async def _taken(viewer: Viewer, form: SentForm) -> str:
    options = read_options(form)
    upload = form.uploads.get("file")
    if "file" in form.hollow:
        raise Refused("The file is empty.", field="file")
    if upload is None:
        raise Refused("Choose a file first.", field="file")
    return await importer.take_upload(viewer, upload.filename or "bookmarks", _parts(upload), options)


async def _parts(upload: UploadFile) -> AsyncIterator[bytes]:
    while part := await upload.read(_CHUNK):
        yield part


def _payload(row: Row) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(row["payload"])
    return payload


def _href(row: Row) -> str:
    return f"/settings/import/{row['public_id']}"


def _title(row: Row) -> str:
    name = str(_payload(row)["filename"])
    return _("Taking back %(name)s", name=name) if row["kind"] == undoing.KIND else name


def _state(row: Row) -> str:
    if row["state"] in ("waiting", "running"):
        return _("running")
    if row["kind"] == undoing.KIND:
        return _("%(count)s removed", count=undoing.read_undone(json.loads(row["report"])).removed)
    if _payload(row).get("undo"):
        return _("taken back")
    if row["state"] == "held":
        return _("waits for your word")
    report = read_report(json.loads(row["report"]))
    return said(report.failure) if report.failure else _("%(count)s added", count=report.new)


def _job(row: Row, report: Report) -> ImportJob:
    return ImportJob(
        href=_href(row),
        filename=str(_payload(row)["filename"]),
        new=report.new,
        known=report.known,
        changed=report.changed,
        broken=report.broken,
        broken_rows=tuple(BrokenRow(broken.row, said(broken.reason), broken.excerpt) for broken in report.errors),
        running=row["state"] in ("waiting", "running"),
        done=int(row["done"]),
        total=int(row["total"]),
        failure=said(report.failure),
        samples=tuple(_sample(asdict(sample)) for sample in report.samples),
        undo_href=f"/settings/import/{_payload(row)['undo']}" if _payload(row).get("undo") else "",
        follows=sum(len(_payload(row).get("rest", {}).get(kind, ())) for kind in ("follows", "away")),
        followed=bool(_payload(row).get("followed")),
        moves_from=str(_payload(row).get("rest", {}).get("address", "")),
        handle=f"@{_payload(row)['username']}@{here().settings.handles_at}",
    )


def _sample(sample: dict[str, Any]) -> SampleRow:
    return SampleRow(**{**sample, "fate": word_of(sample["fate"]), "visibility": word_of(sample["visibility"])})


def _undo(row: Row) -> UndoJob:
    undone = undoing.read_undone(json.loads(row["report"]))
    return UndoJob(
        import_href=f"/settings/import/{_payload(row)['import']}",
        filename=str(_payload(row)["filename"]),
        **undoing.document(undone),
        running=row["state"] in ("waiting", "running"),
        done=int(row["done"]),
        total=int(row["total"]),
        failure=said(str(json.loads(row["report"]).get("failure", ""))),
    )
