"""What is done with bookmarks, as other servers ask for it: how many like and share one; what somebody here shared."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.activitypub import queries
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.bookmarks.shares import counts
from fedimark.errors import NotFound
from fedimark.outbox import documents, ids, reactions
from fedimark.vocab.terms import AS


async def get_likes(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/likes`: how many; by whom is told to nobody."""
    return await _counted(request, "likes")


async def get_shares(request: Request) -> Response:
    """`GET /u/{user}/b/{id}/shares`: how many."""
    return await _counted(request, "shares")


async def get_share(request: Request) -> Response:
    """`GET /u/{user}/shares/{id}`: an Announce while it stands; 410 once it was taken back, 404 for everything else."""
    sharer = await queries.person(request.path_params["user"])
    uri = absolute(addresses.share(sharer["local_name"], request.path_params["id"]))
    row = await queries.standing_share(sharer, request.path_params["id"])
    if row is not None:
        return document(request, reactions.standing(sharer, row))
    grave = await queries.tombstone(uri)
    if grave is None:
        raise NotFound
    return document(request, documents.tombstone(uri, grave["deleted_at"], "Announce"), status=410)


async def _counted(request: Request, which: str) -> Response:
    owner, public_id = await queries.person(request.path_params["user"]), request.path_params["id"]
    row = await queries.shown_bookmark(owner, public_id)
    uri = {"likes": ids.likes, "shares": ids.shares}[which](owner["local_name"], public_id)
    number = (await counts(row["id"]))[which]
    return document(request, {"@context": AS, "id": uri, "type": "Collection", "totalItems": number})
