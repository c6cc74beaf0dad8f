"""Documents of replies and remarks written here, and of the leave to quote what was written here."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.activitypub import queries
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.bookmarks.stamps import still_stands
from fedimark.errors import NotFound
from fedimark.outbox import documents, quotes
from fedimark.outbox.remark_documents import note, page_of, replies_of
from fedimark.outbox.said import heard_of
from fedimark.vocab.terms import AS, remark_context

EMBEDDED = 20  # of the answers, how many a Note names


async def get_note(request: Request) -> Response:
    """`GET /u/{user}/r/{id}`: a reply or remark; 410 once its author took it back, 404 for what never was."""
    username, public_id = request.path_params["user"], request.path_params["id"]
    owner = await queries.person(username)
    try:
        row = await queries.remark(owner, public_id)
    except NotFound:
        return await _grave(request, absolute(addresses.remark(username, public_id)))
    answers = await queries.answers_to_remark(row["id"])
    said = note(username, row, await heard_of(owner, row))
    named = replies_of(row["uri"], answers[:EMBEDDED]) | {"totalItems": len(answers)}
    return document(request, {"@context": remark_context(), **said, "replies": named})


async def get_replies(request: Request) -> Response:
    """`GET /u/{user}/r/{id}/replies`, and its page at `?page=first`."""
    row = await queries.remark(await queries.person(request.path_params["user"]), request.path_params["id"])
    asked = request.query_params.get("page")
    if asked not in (None, "first"):
        raise NotFound
    shape = replies_of if asked is None else page_of
    return document(request, {"@context": AS, **shape(row["uri"], await queries.answers_to_remark(row["id"]))})


async def get_stamp(request: Request) -> Response:
    """`GET /u/{user}/stamps/{id}`: a QuoteAuthorization; 410 once it was revoked, or what may be quoted is gone."""
    username, public_id = request.path_params["user"], request.path_params["id"]
    stamp = await queries.stamp(await queries.person(username), public_id)
    if stamp["revoked_at"] is None and await still_stands(stamp):
        return document(request, quotes.authorization(username, stamp))
    at = stamp["revoked_at"] or stamp["given_at"]
    grave = documents.tombstone(quotes.stamp_uri(username, public_id), at, "QuoteAuthorization")
    return document(request, grave, status=410)


async def _grave(request: Request, uri: str) -> Response:
    grave = await queries.tombstone(uri)
    if grave is None:
        raise NotFound
    return document(request, documents.tombstone(uri, grave["deleted_at"]), status=410)
