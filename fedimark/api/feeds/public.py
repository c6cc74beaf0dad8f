"""The feed of every public stream, at the stream's address: what strangers see there, whoever asks."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fedimark import addresses
from fedimark.api.feeds.answer import answer, format_of
from fedimark.api.feeds.parts import amount, part_of
from fedimark.api.feeds.words import Place, feed_of
from fedimark.doorway.throttle import take
from fedimark.doorway.visitors import neighbourhood
from fedimark.errors import NotFound
from fedimark.text.query import parse
from fedimark.timelines import queries, stream
from fedimark.timelines.places import is_for_everybody, place_of
from fedimark.timelines.stream import (
    LinkStream,
    PersonStream,
    PopularStream,
    RecentStream,
    SearchStream,
    Stream,
    TagStream,
)

RATE_SEARCH = "300/minute"  # for each neighbourhood: readers of feeds ask for many of them at once


async def get_person(request: Request) -> Response:
    """`/u/{user}/feed.{format}`"""
    return await _answer(request, PersonStream(request.path_params["user"]))


async def get_person_filter(request: Request) -> Response:
    """`/u/{user}/public/feed.{format}`; what is its owner's alone has a feed under their key"""
    only = request.path_params["only"]
    if only not in stream.FILTERS:
        raise NotFound
    return await _answer(request, PersonStream(request.path_params["user"], only=only))


async def get_person_tags(request: Request) -> Response:
    """`/u/{user}/t/{tag},{tag}/feed.{format}`"""
    typed = request.path_params["tags"]
    which = PersonStream(request.path_params["user"], stream.tags_together(typed))
    return await _answer(request, which) if ",".join(which.tags) == typed else _moved(request, which)


async def get_tags(request: Request) -> Response:
    """`/t/{tag},{tag}/feed.{format}`"""
    typed = request.path_params["tags"]
    which = TagStream(stream.tags_together(typed))
    return await _answer(request, which) if ",".join(which.tags) == typed else _moved(request, which)


async def get_recent(request: Request) -> Response:
    """`/recent/feed.{format}`, with `?from=here` as the page has it"""
    return await _answer(request, RecentStream(request.query_params.get("from") == "here"))


async def get_popular(request: Request) -> Response:
    """`/popular/feed.{format}?in=week&tag=sql`"""
    period, tag = request.query_params.get("in", "week"), request.query_params.get("tag", "")
    keys = stream.tags_together(tag) if tag else ()
    if period not in stream.PERIODS or len(keys) > 1:
        raise NotFound
    return await _answer(request, PopularStream(period, keys))


async def get_search(request: Request) -> Response:
    """`/search/feed.{format}?q=`: what everybody may see of what is found, newest first"""
    query = parse(request.query_params.get("q", ""))
    if not query:
        raise NotFound
    await take("search feeds", RATE_SEARCH, f"from {neighbourhood(request)}")
    return await _answer(request, SearchStream(query.text))


async def get_link(request: Request) -> Response:
    """`/url/{hash}/feed.{format}`: every save of one page, each in its saver's words"""
    asked = request.path_params["hash"]
    found = await queries.find(LinkStream(asked), None)
    assert found.link is not None
    if found.link["hash"] != asked:  # found out to be the same page since
        return _moved(request, LinkStream(found.link["hash"]), 303)
    return await _answer(request, found.stream)


async def _answer(request: Request, which: Stream) -> Response:
    form = format_of(request)
    if not is_for_everybody(which):
        raise NotFound
    part = await part_of(request, which, None)
    path, asked = place_of(which)
    count = (("count", str(amount(request))),) if "count" in request.query_params else ()
    place = Place(path, asked, addresses.feed(path, request.path_params["format"]), (*asked, *count))
    return answer(request, feed_of(part, place), form)


def _moved(request: Request, which: Stream, status: int = 308) -> Response:
    """The same feed at the proper address of its stream."""
    query = urlencode(list(request.query_params.multi_items()))
    path = addresses.feed(place_of(which)[0], request.path_params["format"])
    return RedirectResponse(f"{path}?{query}" if query else path, status)
