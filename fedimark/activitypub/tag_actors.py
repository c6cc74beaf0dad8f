"""Tags as actors: `/t/{tag}` and `/u/{user}/t/{tag}`, each with an inbox, an outbox and a number of followers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.queries import instance_actor
from fedimark.activitypub import queries
from fedimark.activitypub.inbox import post_shared_inbox
from fedimark.activitypub.paging import PAGE, collection, page_of, paged, read_cursor
from fedimark.activitypub.responses import Written, document, prepared, written
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.errors import Forbidden, NotFound
from fedimark.outbox import documents, ids, passed_on, tag_actors, tag_documents
from fedimark.outbox.tag_actors import SERVICE, TagActor
from fedimark.timelines import carried
from fedimark.timelines.stream import tags_together
from fedimark.timelines.tag_actors import tag_actor
from fedimark.vocab.terms import AS, Doc


@prepared
async def get_actor(request: Request) -> Written:
    """`GET /t/{tag}` and `GET /u/{user}/t/{tag}` as ActivityPub: the actor, by its one id for every spelling."""
    username, key = _named(request)
    left = await queries.departed(username) if username else None
    if left is not None:
        grave = documents.tombstone(absolute(addresses.stream(username, key)), left["gone_at"], SERVICE)
        return written(grave, status=410)
    actor = await tag_actor(username, key)
    said = tag_actors.document(actor, await instance_actor())
    if actor.owner is None and await passed_on.is_on():
        said |= tag_actors.of_others_too(actor)
    return written(said)


async def post_inbox(request: Request) -> Response:
    """`POST …/inbox`: the same as everybody's, for a tag that is here."""
    username, key = _named(request)
    await tag_actor(username, key)
    return await post_shared_inbox(request)


async def get_outbox(request: Request) -> Response:
    """`GET …/outbox`, and its pages at `?page=first` and `?page={moment}-{id}`: every Announce, said aloud or not."""
    actor = await _speaking(request)
    uri = f"{actor.uri}/outbox"
    asked = request.query_params.get("page")
    if asked is not None:
        rows = await carried.page(actor, read_cursor(asked), PAGE + 1)
        return document(request, page_of(uri, asked, rows, lambda row: _announce(actor, row), AS))
    total = await carried.amount(actor)
    return document(request, paged(uri, total))


async def get_followers(request: Request) -> Response:
    """`GET …/followers`: how many; who they are is shown to nobody."""
    actor = await _speaking(request)
    return document(request, collection(f"{actor.uri}/followers", await carried.follower_count(actor)))


async def get_announce(request: Request) -> Response:
    """`GET …/announce/{id}`: the Announce of a bookmark; 410 once it was taken back, 404 for everything else."""
    actor, public_id = await _speaking(request), request.path_params["id"]
    row, other = await carried.one(actor, public_id), await carried.one_of_others(actor, public_id)
    if row is not None:
        return document(request, _announce(actor, row))
    if other is not None and other["ended_at"] is None:
        return document(request, _announce_of_other(actor, other))
    at = other["ended_at"] if other is not None else await carried.taken_back_at(actor, public_id)
    if at is None:
        raise NotFound
    grave = documents.tombstone(addresses.announcement(actor.uri, public_id), at, "Announce")
    return document(request, grave, status=410)


async def _speaking(request: Request) -> TagActor:
    """The tag whose address this is; raises Forbidden while its person is suspended, which may pass."""
    actor = await tag_actor(*_named(request))
    if actor.owner is not None and actor.owner["suspended_at"] is not None:
        raise Forbidden("This account is suspended.")
    return actor


def _announce(actor: TagActor, row: Row) -> Doc:
    note_uri = ids.note(row["local_name"], row["public_id"])
    return tag_documents.announce(actor.uri, row["public_id"], note_uri, row["saved_at"])


def _announce_of_other(actor: TagActor, row: Row) -> Doc:
    return tag_documents.announce(actor.uri, row["uri_hash"], row["uri"], row["said_at"])


def _named(request: Request) -> tuple[str, str]:
    keys = tags_together(request.path_params["tags"])
    if len(keys) != 1:
        raise NotFound
    return request.path_params.get("user", ""), keys[0]
