"""linkding's feeds: RSS at `/feeds/{key}/all`, `unread` and `shared`, and at `/feeds/shared` for everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts.tokens import viewer_of_key
from fedimark.api.feeds.answer import FORMATS, KEYED, PUBLIC, answer
from fedimark.api.feeds.parts import Part, amount, first_of
from fedimark.api.feeds.words import Place, feed_of
from fedimark.bookmarks.bundles import FILTERS, held_by, held_of_others, own_bundle
from fedimark.bookmarks.draft import Owner
from fedimark.database import Row
from fedimark.errors import NotFound
from fedimark.policy.visibility import Viewer
from fedimark.search.matching import NOBODY
from fedimark.timelines import queries
from fedimark.timelines.picked import Condition, are_all_listed, picked_here, picked_own
from fedimark.timelines.places import Asked, place_of
from fedimark.timelines.stream import PersonStream, RecentStream

_USUAL: Final = "100"
_FEED: Final = "/feeds/shared"
_TAGS: Final = ("any_tags", "all_tags", "excluded_tags")


async def get_all(request: Request) -> Response:
    """`/feeds/{key}/all?q=&unread=&shared=&bundle=&limit=`: the owner's own, without what is archived"""
    return await _own(request, "")


async def get_unread(request: Request) -> Response:
    """`/feeds/{key}/unread`: those of them to read"""
    return await _own(request, "yes")


async def get_shared(request: Request) -> Response:
    """`/feeds/{key}/shared?q=&user=&bundle=&limit=`: what people here made public, as the owner sees it"""
    return await _shared(request, await viewer_of_key(request.path_params["key"]))


async def get_public(request: Request) -> Response:
    """`/feeds/shared?q=&user=&limit=`: the same for everybody"""
    return await _shared(request, None)


async def _own(request: Request, unread: str) -> Response:
    viewer = await viewer_of_key(request.path_params["key"])
    asked = request.query_params
    wanted = _wanted(viewer.actor_id, asked.get("q", ""), unread or asked.get("unread", ""), asked.get("shared", ""))
    bundle = await _bundle(request, viewer)
    condition = _both(held_by(wanted), held_by(bundle) if bundle else ("TRUE", ()))
    limit = _limit(request)
    entries = await picked_own(viewer, condition, limit + 1)
    found = await queries.find(PersonStream(viewer.username, only="unread" if unread else ""), viewer)
    return _answer(request, first_of(found, entries, limit), KEYED)


async def _shared(request: Request, viewer: Viewer | None) -> Response:
    asked = request.query_params
    bundle = await _bundle(request, viewer) if viewer else None
    wanted = held_by(_wanted(NOBODY, asked.get("q", "")))
    condition = _both(wanted, held_of_others(bundle) if bundle else ("TRUE", ()))
    limit = _limit(request)
    entries = await picked_here(viewer, condition, asked.get("user", ""), limit + 1)
    found = await queries.find(RecentStream(here=True), viewer)
    part = first_of(found, entries, limit, is_all=len(entries) <= limit and await are_all_listed())
    return _answer(request, part, KEYED if viewer else PUBLIC)


def _wanted(owner_id: int, search: str, unread: str = "", shared: str = "") -> Row:
    """What an address asks for, as a bundle holds it; words it does not know narrow nothing, as linkding has it."""
    filters = {"filter_unread": unread, "filter_shared": shared}
    known = {name: word if word in FILTERS else "off" for name, word in filters.items()}
    return {"owner_id": owner_id, "search": search, **dict.fromkeys(_TAGS, ""), **known}


async def _bundle(request: Request, viewer: Viewer) -> Row | None:
    text = request.query_params.get("bundle", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound
    return await own_bundle(Owner.of(viewer), int(text))


def _both(one: Condition, other: Condition) -> Condition:
    return f"({one[0]}) AND ({other[0]})", (*one[1], *other[1])


def _limit(request: Request) -> int:
    return amount(request, "limit") if "limit" in request.query_params else int(_USUAL)


def _answer(request: Request, part: Part, headers: Mapping[str, str]) -> Response:
    page, page_asked = place_of(part.found.stream)
    feed = "" if "key" in request.path_params else _FEED
    return answer(request, feed_of(part, Place(page, page_asked, feed, _again(request))), FORMATS["rss"], headers)


def _again(request: Request) -> Asked:
    """What the shared feed is asked with, where it has an address of its own."""
    return tuple((name, value) for name in ("q", "user", "limit") if (value := request.query_params.get(name)))
