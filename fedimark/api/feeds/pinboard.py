"""Pinboard's feeds: RSS 1.0 below `/rss/` and JSON below `/json/`, with Pinboard's paths."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts.tokens import viewer_of_key
from fedimark.api.feeds.answer import KEYED, PUBLIC, Format, answer
from fedimark.api.feeds.feed import Feed
from fedimark.api.feeds.parts import amount, part_of
from fedimark.api.feeds.pinboard_json import called, is_callback, pinboard_json
from fedimark.api.feeds.pinboard_path import read, written
from fedimark.api.feeds.rdf import rdf
from fedimark.api.feeds.words import Place, feed_of
from fedimark.doorway.paths import SegmentConvertor
from fedimark.errors import Malformed, NotFound
from fedimark.timelines.places import Asked, is_for_everybody, place_of

_RDF = Format("application/rdf+xml; charset=utf-8", rdf)
_JSON = Format("application/json; charset=utf-8", pinboard_json, is_bare=True)


async def get_rss(request: Request) -> Response:
    """`/rss/{path}`"""
    return await _answer(request, _RDF)


async def get_json(request: Request) -> Response:
    """`/json/{path}?count=400&cb=shown`, also as `/json/v1/{path}`; with `cb` it is a script."""
    name = request.query_params.get("cb", "")
    if not name:
        return await _answer(request, _JSON)
    if not is_callback(name):
        raise Malformed("cb must be the name of a function.")

    def script(feed: Feed) -> str:
        return called(name, pinboard_json(feed))

    return await _answer(request, Format("text/javascript; charset=utf-8", script, name, is_bare=True))


async def _answer(request: Request, form: Format) -> Response:
    parts = [SegmentConvertor().convert(part) for part in request.path_params["path"].split("/")]
    asked = read(parts[1:] if form is not _RDF and parts[0] == "v1" else parts)
    viewer = await viewer_of_key(asked.key) if asked.key else None
    if asked.username != viewer.username if viewer else not is_for_everybody(asked.stream):
        raise NotFound
    part = await part_of(request, asked.stream, viewer)
    page, page_asked = place_of(asked.stream)
    feed = "" if viewer else f"/{'rss' if form is _RDF else 'json'}/{written(asked.stream)}"
    place = Place(page, page_asked, feed, _again(request))
    return answer(request, feed_of(part, place), form, KEYED if viewer else PUBLIC)


def _again(request: Request) -> Asked:
    """What every part of a feed is asked with: how much, and what its script calls."""
    given = {"count": str(amount(request)), "cb": request.query_params.get("cb", "")}
    return tuple((name, value) for name, value in given.items() if request.query_params.get(name))
