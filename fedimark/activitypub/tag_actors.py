"""Tags as actors: `/t/{tag}` and `/u/{user}/t/{tag}`, each with an inbox, an outbox and a number of followers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.queries import instance_actor
from fedimark.activitypub import queries
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.errors import NotFound
from fedimark.outbox import documents, tag_actors
from fedimark.outbox.tag_actors import SERVICE, TagActor
from fedimark.timelines.stream import tags_together
from fedimark.timelines.tag_actors import tag_actor


async def get_actor(request: Request) -> Response:
    """`GET /t/{tag}` and `GET /u/{user}/t/{tag}` as ActivityPub: the actor, by its one id for every spelling."""
    username, key = _named(request)
    left = await queries.departed(username) if username else None
    if left is not None:
        grave = documents.tombstone(absolute(addresses.stream(username, key)), left["gone_at"], SERVICE)
        return document(request, grave, status=410)
    return document(request, tag_actors.document(await tag_actor(username, key), await instance_actor()))


async def asked_for(request: Request) -> TagActor:
    """The tag whose address this is. Raises NotFound, also for several tags together; Gone for somebody who left."""
    return await tag_actor(*_named(request))


def _named(request: Request) -> tuple[str, str]:
    keys = tags_together(request.path_params["tags"])
    if len(keys) != 1:
        raise NotFound
    return request.path_params.get("user", ""), keys[0]
