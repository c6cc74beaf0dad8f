"""WebFinger: from a handle or an address to an actor. (RFC 7033)"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.queries import instance_actor
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.errors import Malformed, NotFound
from fedimark.follows import digests
from fedimark.here import here
from fedimark.outbox import ids
from fedimark.outbox.digests import handle_of, uri_of
from fedimark.outbox.tag_actors import TagActor
from fedimark.remote.known import local_person
from fedimark.timelines.tag_actors import tag_actor, tag_actor_of_handle
from fedimark.vocab.discovery import webfinger_document
from fedimark.vocab.terms import JRD_JSON, Doc


async def get_webfinger(request: Request) -> Response:
    """`GET /.well-known/webfinger?resource=…`: `acct:ana@host`, or an actor's address. 410 for who left."""
    resource = request.query_params.get("resource", "").strip()
    if not resource:
        raise Malformed("WebFinger asks for a resource, like acct:ana@marks.example.")
    answer = document(request, await _found(resource), media_type=JRD_JSON)
    answer.headers["Access-Control-Allow-Origin"] = "*"  # RFC 7033 §5
    return answer


async def _found(resource: str) -> Doc:
    if resource.startswith(("http://", "https://")):
        if addresses.local_path(resource) == addresses.INSTANCE_ACTOR:
            return _instance(await instance_actor())
        if (digest := addresses.local_digest(resource)) is not None:
            return await _digest(digest)
        if (stream := addresses.local_stream(resource)) is not None:
            return _tag(await tag_actor(*stream))
        return _person(await local_person(_known(addresses.local_username(resource))))
    name, _, host = resource.removeprefix("acct:").removeprefix("@").rpartition("@")
    settings = here().settings
    if host.lower() not in (settings.handles_at, settings.host):
        raise NotFound
    instance = await instance_actor()
    if name.lower() == instance["username"]:
        return _instance(instance)
    if name.lower().startswith("digest."):
        return await _digest(name.lower().removeprefix("digest."))
    if "." in name:  # no person's name has one
        return _tag(await tag_actor_of_handle(name))
    return _person(await local_person(_known(name.lower())))


def _known(name: str | None) -> str:
    if not name:
        raise NotFound
    return name


def _person(actor: Row) -> Doc:
    return _jrd(actor["local_name"], ids.actor(actor["local_name"]))


def _tag(actor: TagActor) -> Doc:
    return _jrd(actor.username, actor.uri)


async def _digest(username: str) -> Doc:
    await digests.owner_of(username)
    return _jrd(handle_of(username), uri_of(username))


def _instance(actor: Row) -> Doc:
    return _jrd(actor["username"], absolute(addresses.INSTANCE_ACTOR))


def _jrd(name: str, uri: str) -> Doc:
    handle = f"{name}@{here().settings.handles_at}"
    template = absolute(addresses.AUTHORIZE_INTERACTION) + "?uri={uri}"
    return webfinger_document(handle=handle, actor_id=uri, page=uri, subscribe_template=template)
