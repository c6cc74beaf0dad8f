"""Documents of people, of the server itself, and of bookmarks."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts.queries import instance_actor
from fedimark.activitypub import queries
from fedimark.activitypub.asker import shape_for
from fedimark.activitypub.responses import Written, document, prepared, written
from fedimark.bookmarks.shares import counts
from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.outbox import documents, ids
from fedimark.outbox.consent import group_of
from fedimark.outbox.notes import counted, note, replies, replies_page
from fedimark.outbox.profiles import instance_kind
from fedimark.remote.known import local_person
from fedimark.vocab.terms import AS, note_context

EMBEDDED = 20  # of the answers to a bookmark, how many its Note names


@prepared
async def get_person(request: Request) -> Written:
    """`GET /u/{user}`, also as `/u/{user}.json`: an actor, or 410 for who left."""
    username = request.path_params["user"].removesuffix(".json")
    left = await queries.departed(username)
    if left is not None:
        grave = documents.tombstone(ids.actor(username), left["gone_at"], left["kind"])
        return written(grave, status=410)
    return written(documents.person(await local_person(username)))


@prepared
async def get_instance(request: Request) -> Written:
    """`GET /actor`: whose key our questions are signed with; never asks who asks."""
    kind = instance_kind(request.headers.get("user-agent", ""))
    return written(documents.instance(await instance_actor(), kind))


@prepared
async def get_note(request: Request) -> Written:
    """`GET /u/{user}/b/{id}`: a public or unlisted bookmark; 410 once it ended, 404 for everything else."""
    username, public_id = request.path_params["user"], request.path_params["id"]
    owner = await queries.person(username)
    try:
        row = await queries.shown_bookmark(owner, public_id)
    except NotFound:
        return written(await _grave(username, public_id), status=410)
    said = note(owner["local_name"], row, await shape_for(request), group_of(owner, row))
    answers = await queries.answers(row["id"])
    named = replies(username, public_id, answers[:EMBEDDED]) | {"totalItems": len(answers)}
    heard = counted(username, public_id, await counts(row["id"]))
    return written({"@context": note_context(), **said, "replies": named, **heard})


async def get_replies(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/replies`, and its page at `?page=first`; 404 where the bookmark itself would be."""
    username, public_id = request.path_params["user"], request.path_params["id"]
    row = await queries.shown_bookmark(await queries.person(username), public_id)
    asked = request.query_params.get("page")
    if asked not in (None, "first"):
        raise NotFound
    shape = replies if asked is None else replies_page
    return document(request, {"@context": AS, **shape(username, public_id, await queries.answers(row["id"]))})


async def _grave(username: str, public_id: str) -> dict[str, object]:
    uri = ids.note(username, public_id)
    grave: Row | None = await queries.tombstone(uri)
    if grave is None:
        raise NotFound
    return documents.tombstone(uri, grave["deleted_at"])
