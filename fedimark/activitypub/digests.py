"""Digests as actors: `/u/{user}/digest`, with an inbox, an outbox, a number of followers, and a Note for each day."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.queries import instance_actor
from fedimark.activitypub import queries
from fedimark.activitypub.inbox import post_shared_inbox
from fedimark.activitypub.paging import collection
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.errors import Forbidden, NotFound
from fedimark.follows import digests as followable
from fedimark.outbox import digests, documents
from fedimark.outbox.digest_days import saves_of
from fedimark.outbox.tag_actors import SERVICE
from fedimark.vocab.terms import Doc, note_context

PAGE = 20

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


async def get_actor(request: Request) -> Response:
    """`GET /u/{user}/digest` as ActivityPub; 404 while it is off, 410 where its person left."""
    username = request.path_params["user"]
    left = await queries.departed(username)
    if left is not None:
        grave = documents.tombstone(digests.uri_of(username), left["gone_at"], SERVICE)
        return document(request, grave, status=410)
    return document(request, digests.actor(await followable.owner_of(username), await instance_actor()))


async def post_inbox(request: Request) -> Response:
    """`POST …/inbox`: the same as everybody's, for a digest that is here."""
    await followable.owner_of(request.path_params["user"])
    return await post_shared_inbox(request)


async def get_outbox(request: Request) -> Response:
    """`GET …/outbox`, and its pages at `?page=first` and `?page={day}`: what was told before that day."""
    owner = await _speaking(request)
    uri, asked = f"{digests.uri_of(owner['local_name'])}/outbox", request.query_params.get("page")
    if asked is None:
        total = await queries.digest_count(owner["id"])
        return document(request, {**collection(uri, total), "first": f"{uri}?page=first"})
    if asked != "first" and not _DAY.fullmatch(asked):
        raise NotFound
    days = await queries.digest_days(owner["id"], "" if asked == "first" else asked, PAGE + 1)
    shown = [_without_context(digests.create(owner, day, *await saves_of(owner["id"], day))) for day in days[:PAGE]]
    page: Doc = {"@context": note_context(), "id": f"{uri}?page={asked}", "type": "OrderedCollectionPage"}
    following = {"next": f"{uri}?page={days[PAGE - 1]['day']}"} if len(days) > PAGE else {}
    return document(request, page | {"partOf": uri, "orderedItems": shown} | following)


async def get_followers(request: Request) -> Response:
    """`GET …/followers`: how many; who they are is shown to nobody."""
    owner = await _speaking(request)
    uri = f"{digests.uri_of(owner['local_name'])}/followers"
    return document(request, collection(uri, await queries.digest_followers(owner["id"])))


async def get_day(request: Request) -> Response:
    """`GET …/{day}`: the Note of a day, with what of it is still public; 410 once nothing is."""
    owner, day, saves, amount = await _day(request)
    if not amount:
        uri = absolute(addresses.digest_day(owner["local_name"], day["day"]))
        return document(request, documents.tombstone(uri, day["said_at"]), status=410)
    return document(request, {"@context": note_context(), **digests.note(owner, day, saves, amount)})


async def get_create(request: Request) -> Response:
    """`GET …/{day}/create`: the Create of that Note."""
    owner, day, saves, amount = await _day(request)
    if not amount:
        raise NotFound
    return document(request, digests.create(owner, day, saves, amount))


async def _day(request: Request) -> tuple[Row, Row, list[Row], int]:
    owner = await _speaking(request)
    day = await queries.digest_day(owner["id"], request.path_params["day"])
    saves, amount = await saves_of(owner["id"], day)
    return owner, day, saves, amount


async def _speaking(request: Request) -> Row:
    owner = await followable.owner_of(request.path_params["user"])
    if owner["suspended_at"] is not None:
        raise Forbidden("This account is suspended.")
    return owner


def _without_context(said: Doc) -> Doc:
    return {name: value for name, value in said.items() if name != "@context"}
