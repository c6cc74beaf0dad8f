"""A person's collections: the outbox with public bookmarks; of followers and followed only how many."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.activitypub import queries
from fedimark.activitypub.paging import PAGE, collection, page_of, paged, read_cursor
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.database import Row
from fedimark.follows.queries import follower_count, following_count
from fedimark.outbox import documents
from fedimark.outbox.consent import group_of
from fedimark.outbox.notes import note
from fedimark.text import tags
from fedimark.vocab.terms import Doc, note_context

FEATURED = 5


async def get_outbox(request: Request) -> Response:
    """`GET /u/{user}/outbox`, and its pages at `?page=first` and `?page={moment}-{id}`."""
    owner = await queries.person(request.path_params["user"])
    uri = absolute(addresses.outbox(owner["local_name"]))
    asked = request.query_params.get("page")
    if asked is not None:
        rows = await queries.outbox_page(owner, read_cursor(asked), PAGE + 1)
        return document(request, page_of(uri, asked, rows, lambda row: _create(owner, row), note_context()))
    total = await queries.public_count(owner)
    return document(request, paged(uri, total))


async def get_instance_outbox(request: Request) -> Response:
    """`GET /actor/outbox`: the server itself says nothing."""
    return document(request, {**collection(absolute(addresses.INSTANCE_OUTBOX), 0), "orderedItems": []})


async def get_followers(request: Request) -> Response:
    """`GET /u/{user}/followers`: how many; no `first`, which tells Mastodon that the list is not shown."""
    owner = await queries.person(request.path_params["user"])
    uri = absolute(addresses.followers(owner["local_name"]))
    return document(request, collection(uri, await follower_count(owner["id"])))


async def get_following(request: Request) -> Response:
    """`GET /u/{user}/following`: how many."""
    owner = await queries.person(request.path_params["user"])
    uri = absolute(addresses.following(owner["local_name"]))
    return document(request, collection(uri, await following_count(owner["id"])))


async def get_featured(request: Request) -> Response:
    """`GET /u/{user}/featured`: the newest five, so that a profile elsewhere is not empty."""
    owner = await queries.person(request.path_params["user"])
    rows = await queries.newest_public(owner, FEATURED)
    items = [note(owner["local_name"], row, group=group_of(owner, row)) for row in rows]
    uri = absolute(addresses.featured(owner["local_name"]))
    return document(request, {**collection(uri, len(items)), "@context": note_context(), "orderedItems": items})


async def get_featured_tags(request: Request) -> Response:
    """`GET /u/{user}/tags`: the most used tags, those only that Mastodon can carry."""
    owner = await queries.person(request.path_params["user"])
    name = owner["local_name"]
    found = [(tags.hashtag(key), key) for key in await queries.most_used_tags(owner, 3 * FEATURED)]
    items = [
        {"type": "Hashtag", "name": f"#{safe}", "href": absolute(addresses.person_tags(name, (key,)))}
        for safe, key in found
        if safe
    ][: 2 * FEATURED]
    uri = absolute(addresses.featured_tags(name))
    return document(
        request,
        {"@context": note_context(), "id": uri, "type": "Collection", "totalItems": len(items), "items": items},
    )


async def get_instance_featured(request: Request) -> Response:
    """`GET /actor/featured`: nothing; GoToSocial asks every actor, and complains where there is none."""
    return document(request, collection(absolute(addresses.INSTANCE_FEATURED), 0) | {"orderedItems": []})


def _create(owner: Row, row: Row) -> Doc:
    return documents.create(owner["local_name"], row, group=group_of(owner, row))
