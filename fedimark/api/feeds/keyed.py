"""Feeds for whoever has their owner's key: what only the owner may see, below `/secret:KEY/`.

The key stands in the address and nowhere else: in no document, no log, no Referer.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.tokens import viewer_of_key
from fedimark.api.feeds.answer import KEYED, answer, format_of
from fedimark.api.feeds.parts import Part, amount, first_of, part_of
from fedimark.api.feeds.words import Place, feed_of
from fedimark.bookmarks.bundles import held_by, own_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.errors import NotFound
from fedimark.here import now
from fedimark.text.calendar import this_day
from fedimark.timelines import queries, resurfacing, stream
from fedimark.timelines.entries import Page
from fedimark.timelines.picked import picked_own
from fedimark.timelines.places import place_of
from fedimark.timelines.stream import NetworkStream, PersonStream, Stream


async def get_all(request: Request) -> Response:
    """`/secret:{key}/feed.{format}`: all that its owner saved"""
    return await _answer(request, "")


async def get_part(request: Request) -> Response:
    """`/secret:{key}/{only}/feed.{format}`: private, unread, untagged, starred, public; or the network"""
    return await _answer(request, request.path_params["only"])


async def get_tags(request: Request) -> Response:
    """`/secret:{key}/t/{tag},{tag}/feed.{format}`: with the owner's private tags"""
    return await _answer(request, "", stream.tags_together(request.path_params["tags"]))


async def get_bundle(request: Request) -> Response:
    """`/secret:{key}/bundles/{id}/feed.{format}`: what one of the owner's bundles holds, newest first"""
    form, named = format_of(request), request.path_params["id"]
    owner = await viewer_of_key(request.path_params["key"])
    if not (named.isascii() and named.isdigit() and len(named) < 19):
        raise NotFound
    bundle = await own_bundle(Owner.of(owner), int(named))
    limit = amount(request)
    entries = await picked_own(owner, held_by(bundle), limit + 1)
    found = await queries.find(PersonStream(owner.username), owner)
    place = Place(addresses.person(owner.username), title=f"{owner.username} / {bundle['name']}")
    return answer(request, feed_of(first_of(found, entries, limit), place), form, KEYED)


async def get_again(request: Request) -> Response:
    """`/secret:{key}/again/feed.{format}`: this day in earlier years, then what has long been to read"""
    form, owner, moment = format_of(request), await viewer_of_key(request.path_params["key"]), now()
    earlier, forgotten = await resurfacing.again(owner, moment, this_day(moment, owner.time_zone))
    found = await queries.find(PersonStream(owner.username), owner)
    place = Place("/again", title=f"{owner.username} / again")
    return answer(request, feed_of(Part(found, Page((*earlier, *forgotten)), False, True), place), form, KEYED)


async def _answer(request: Request, only: str, keys: tuple[str, ...] = ()) -> Response:
    form = format_of(request)
    owner = await viewer_of_key(request.path_params["key"])
    which: Stream
    if only == "network":
        which = NetworkStream(leaves=True)
    elif only and only not in stream.FILTERS:
        raise NotFound
    else:
        which = PersonStream(owner.username, keys, only)
    part = await part_of(request, which, owner)
    count = (("count", str(amount(request))),) if "count" in request.query_params else ()
    return answer(request, feed_of(part, Place(*place_of(which), asked=count)), form, KEYED)
