"""What somebody searches for among their own, as a feed under their key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts.tokens import viewer_of_key
from fedimark.api.feeds.answer import KEYED, answer, format_of
from fedimark.api.feeds.parts import Part, amount
from fedimark.api.feeds.words import Place, feed_of
from fedimark.errors import NotFound
from fedimark.text.query import parse
from fedimark.timelines import queries
from fedimark.timelines.searching import Scope, Sought, search
from fedimark.timelines.stream import PersonStream, cursor


async def get_own(request: Request) -> Response:
    """`/secret:{key}/search/feed.{format}?q=…`: private ones and private notes are searched too"""
    form, query = format_of(request), parse(request.query_params.get("q", ""))
    owner = await viewer_of_key(request.path_params["key"])
    if not query:
        raise NotFound("Say what is searched for: ?q=sql")
    before = cursor(request.query_params.get("before", ""), "")
    shown = await search(owner, Sought(query, Scope.MINE), before, amount(request))
    found = await queries.find(PersonStream(owner.username), owner)
    place = Place("/search", (("q", query.text), ("in", "mine")), asked=(("q", query.text),), title=query.text)
    return answer(request, feed_of(Part(found, shown, before is None, True), place), form, KEYED)
