"""Who saved a page, as other servers may ask: a collection of our own public bookmarks of it, and of nobody else's.

Each server says only what its own people saved, so that numbers of several servers can be added up and nothing is
counted twice.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.activitypub import queries
from fedimark.activitypub.paging import PAGE, page_of, paged, read_cursor
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.errors import NotFound
from fedimark.outbox.notes import note
from fedimark.vocab.terms import note_context


async def get_link(request: Request) -> Response:
    """`GET /url/{hash}`, and its pages at `?page=first` and `?page={moment}-{id}`; 404 where nobody here saved it."""
    link_hash = request.path_params["hash"]
    total = await queries.own_saves_count(link_hash)
    if not total:
        raise NotFound
    uri = absolute(addresses.link(link_hash))
    asked = request.query_params.get("page")
    if asked is not None:
        rows = await queries.own_saves(link_hash, read_cursor(asked), PAGE + 1)
        return document(request, page_of(uri, asked, rows, lambda row: note(row["local_name"], row), note_context()))
    return document(request, paged(uri, total))
