"""Who saved a page, as other servers may ask: a collection of our own public bookmarks of it, and of nobody else's.

Each server says only what its own people saved, so that numbers of several servers can be added up and nothing is
counted twice.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.activitypub import queries
from fedimark.activitypub.responses import document
from fedimark.addresses import absolute
from fedimark.errors import NotFound
from fedimark.outbox.notes import note
from fedimark.timelines import stream
from fedimark.vocab.terms import AS, Doc, note_context

PAGE = 20


async def get_link(request: Request) -> Response:
    """`GET /url/{hash}`, and its pages at `?page=first` and `?page={moment}-{id}`; 404 where nobody here saved it."""
    link_hash = request.path_params["hash"]
    total = await queries.own_saves_count(link_hash)
    if not total:
        raise NotFound
    uri = absolute(addresses.link(link_hash))
    asked = request.query_params.get("page")
    if asked is not None:
        return document(request, await _page(link_hash, uri, asked))
    collection = {"id": uri, "type": "OrderedCollection", "totalItems": total, "first": f"{uri}?page=first"}
    return document(request, {"@context": AS, **collection})


async def _page(link_hash: str, uri: str, asked: str) -> Doc:
    before = stream.cursor(asked, "")
    if before is None and asked != "first":
        raise NotFound
    rows = await queries.own_saves(link_hash, before, PAGE + 1)
    shown = rows[:PAGE]
    page: Doc = {
        "@context": note_context(),
        "id": f"{uri}?page={asked}",
        "type": "OrderedCollectionPage",
        "partOf": uri,
        "orderedItems": [note(row["local_name"], row) for row in shown],
    }
    if len(rows) > PAGE:
        page["next"] = f"{uri}?page={shown[-1]['saved_at']}-{shown[-1]['public_id']}"
    return page
