"""Editing many bookmarks at once: the form above a list of one's own, what it would do, and how far it is."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.bookmarks import bulk
from fedimark.bookmarks.bulk import Preview, Progress, Selection
from fedimark.bookmarks.change import Change, read_change
from fedimark.doorway.forms import SentForm, read_form
from fedimark.doorway.redirects import own_path
from fedimark.errors import NotFound, Refused
from fedimark.language.said import _
from fedimark.policy.visibility import Viewer
from fedimark.text.query import parse
from fedimark.timelines import stream
from fedimark.timelines.searching import Scope
from fedimark.timelines.stream import PersonStream
from fedimark.web.respond import onward, page, signed_in
from fedimark.web.values.page import Form
from fedimark.web.values.saving import BulkAsk

FIELDS = ("add", "remove", "visibility", "to_read", "starred", "archived", "delete", "whole", "stream", "back")
_MARKS = {"to_read": ("to read", "read"), "starred": ("star", "no star"), "archived": ("archive", "out of the archive")}


async def post_bulk(request: Request) -> Response:
    """`POST /bulk`: `id` many times, or `whole` with `stream`; what shall change; `sure` once it was shown."""
    viewer, typed = signed_in(request), await read_form(request)
    try:
        change, selection = read_change(typed), _selection(viewer, typed)
        if not typed.text("sure"):
            looked = await bulk.preview(viewer, selection)
            if not looked.count:
                raise Refused("Choose at least one bookmark.", field="id")
            if change.delete or typed.text("whole"):
                return page(request, "bulk_ask.html", ask=_ask(typed, change, looked), form=Form(typed))
        return onward(_path(await bulk.begin(viewer, selection, change, words_of(change))))
    except Refused as error:
        form = Form(typed, {error.field: error.message})
        return page(request, "bulk_ask.html", ask=_ask(typed, None, None), form=form, status=error.status)


async def get_bulk(request: Request) -> Response:
    """`GET /bulk/{id}`: how far it is, and what came of it."""
    viewer = signed_in(request)
    shown = await bulk.progress(viewer, request.path_params["id"])
    return page(request, "bulk.html", job=shown, told=_told(shown), onward_href=addresses.person(viewer.username))


async def post_undo(request: Request) -> Response:
    """`POST /bulk/{id}/undo`"""
    return onward(_path(await bulk.begin_undo(signed_in(request), request.path_params["id"])))


def words_of(change: Change) -> str:
    """What an edit does, in words: `add sql, star`."""
    if change.delete:
        return "delete"
    said = [f"add {' '.join(change.add)}"] if change.add else []
    said += [f"take off {' '.join(change.remove)}"] if change.remove else []
    said += [f"call {key} {word}" if word else f"delete the tag {key}" for key, word in change.respell]
    said += [change.visibility.word] if change.visibility is not None else []
    said += [words[0 if value else 1] for name, words in _MARKS.items() if (value := getattr(change, name)) is not None]
    return ", ".join(said)


def _path(public_id: str) -> str:
    return f"/bulk/{public_id}"


def _selection(viewer: Viewer, typed: SentForm) -> Selection:
    if not typed.text("whole"):
        return Selection(typed.every("id"))
    return own_list(viewer, typed.text("stream"))


def own_list(viewer: Viewer, path: str) -> Selection:
    """All of a list of one's own, by its path here: a stream, a bundle, what a search of one's own finds.

    Raises NotFound for all other paths.
    """
    path, _, asked = path.partition("?")
    if path == "/search":
        sought = dict(parse_qsl(asked))
        query = parse(sought.get("q", ""))
        if not query or sought.get("in") != Scope.MINE:
            raise NotFound
        return Selection(search=query.text)
    parts = path.strip("/").split("/", 3)
    if parts[:2] != ["u", viewer.username] or len(parts) > 4:
        raise NotFound
    if len(parts) == 4 and parts[2] == "bundles" and parts[3].isascii() and parts[3].isdigit() and len(parts[3]) < 16:
        return Selection(bundle=int(parts[3]))
    return Selection(stream=_own_stream(viewer, parts[2:]))


def _own_stream(viewer: Viewer, rest: list[str]) -> PersonStream:
    if not rest:
        return PersonStream(viewer.username)
    if len(rest) == 1 and rest[0] in stream.FILTERS:
        return PersonStream(viewer.username, only=rest[0])
    if len(rest) == 2 and rest[0] == "t":
        return PersonStream(viewer.username, tags=stream.tags_together(unquote(rest[1])))
    raise NotFound


def _ask(typed: SentForm, change: Change | None, looked: Preview | None) -> BulkAsk:
    fields = [(name, typed.text(name)) for name in FIELDS if typed.text(name)]
    fields += [("id", each) for each in typed.every("id")]
    return BulkAsk(
        words_of(change) if change else "",
        looked.count if looked else 0,
        looked.first if looked else (),
        tuple(fields) if change else tuple(pair for pair in fields if pair[0] in ("id", "whole", "stream", "back")),
        own_path(typed.text("back")),
        is_delete=bool(change and change.delete),
    )


def _told(job: Progress) -> str:
    """What came of it, in a sentence."""
    if job.is_undo:
        return _("Undone: %(done)s of %(total)s are as they were.", done=job.changed, total=job.total)
    if job.kept:
        return _(
            "Done: %(done)s of %(total)s changed. %(kept)s look as if they held a secret, and stay as they were.",
            done=job.changed,
            total=job.total,
            kept=job.kept,
        )
    return _("Done: %(done)s of %(total)s changed.", done=job.changed, total=job.total)
