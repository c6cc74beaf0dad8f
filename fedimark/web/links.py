"""Everybody who saved one page, and the question who did."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.errors import NotFound
from fedimark.here import here
from fedimark.language.said import _
from fedimark.text import urls
from fedimark.text.works import page_of
from fedimark.timelines import queries, stream
from fedimark.timelines.entries import Page
from fedimark.timelines.link import tags_of
from fedimark.timelines.queries import Found
from fedimark.timelines.remarks import about_link
from fedimark.timelines.savers import link_entry
from fedimark.timelines.stream import LinkStream
from fedimark.web.pages import feeds_of
from fedimark.web.remarks import place_of
from fedimark.web.respond import moved, onward, page, viewer_of
from fedimark.web.values.page import Listing, Side, TagLine


async def get_link(request: Request) -> Response:
    """`/url/{hash}`: by our hash of the canonical URL, or by Pinboard's md5 of the exact one."""
    asked = request.path_params["hash"]
    viewer = viewer_of(request)
    if len(asked) == 32:
        return moved(addresses.link(await queries.link_of_md5(asked, viewer)))
    found = await queries.find(LinkStream(asked), viewer)
    shown = await _saves(request, found)
    assert found.link is not None
    if found.link["hash"] != asked:  # found out to be the same page since
        return onward(addresses.link(found.link["hash"]))
    link, first = await link_entry(found.link, found.viewer_id)
    talk = await about_link(found, place_of(request))
    sides = (Side(_("Tags on this page"), _tags(await tags_of(found))),)
    feeds = feeds_of(found.stream) if found.link["savers"] else ()
    listing = Listing(shown, link=(link.title, link.url))
    return page(request, "url.html", link=link, first=first, listing=listing, talk=talk, sides=sides, feeds=feeds)


async def _saves(request: Request, found: Found) -> Page:
    cursor = stream.cursor(request.query_params.get("before", ""), request.query_params.get("after", ""))
    shown = await queries.page(found, cursor, here().settings.page_size)
    earlier = f"?before={shown.earlier}" if shown.earlier else None
    return Page(shown.entries, earlier, f"?after={shown.later}" if shown.later else None)


def _tags(counted: Sequence[tuple[str, int]]) -> tuple[TagLine, ...]:
    return tuple(TagLine(key, addresses.tags((key,)), people) for key, people in counted)


async def get_lookup(request: Request) -> Response:
    """`/url/?url=…`: where everybody who saved an address stands; without one, the form that asks for it."""
    url = request.query_params.get("url", "").strip()
    if not url:
        return page(request, "lookup.html")
    try:
        asked = page_of(urls.check(url))
    except urls.BadUrl as error:
        raise NotFound(error.message) from error
    return onward(addresses.link(urls.link_hash(asked)))
