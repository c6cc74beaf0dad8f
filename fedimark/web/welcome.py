"""The front door, and the addresses of Pinboard that still work here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts import first, registration
from fedimark.bookmarks.queries import public_counts
from fedimark.doorway.paths import SegmentConvertor
from fedimark.errors import NotFound
from fedimark.here import here
from fedimark.text import tags
from fedimark.timelines import queries
from fedimark.timelines.entries import Page
from fedimark.timelines.stream import FILTERS, RecentStream
from fedimark.web.respond import moved, onward, page, viewer_of
from fedimark.web.values.page import Listing

_FEW = 8
_OTHERWISE: Mapping[str, str] = MappingProxyType({"toread": "unread"})  # what Pinboard has two names for


async def get_welcome(request: Request) -> Response:
    """`/`: one's network when signed in; the first account's form on a new server; else what this place is."""
    if viewer_of(request):
        return onward("/network")
    if await first.is_first_visit():
        return onward("/setup")
    found = await queries.find(RecentStream(), None)
    recent = await queries.page(found, None, _FEW)
    return page(
        request,
        "welcome.html",
        host=here().settings.handles_at,
        registration=await registration.mode(),
        listing=Listing(Page(recent.entries)),
        **await public_counts(),
    )


async def get_pinboard_person(request: Request) -> Response:
    """`/u:user/`, `/u:user/t:a/t:b/`, `/u:user/b:…`, `/u:user/unread/`"""
    user = request.path_params["user"]
    rest = [_OTHERWISE.get(part, part) for part in request.path_params.get("rest", "").split("/") if part]
    if rest in ([], ["profile"]):
        return moved(addresses.person(user))
    if all(part.startswith("t:") for part in rest):
        return moved(addresses.person_tags(user, _keys(rest)))
    if len(rest) == 1 and rest[0].startswith("bundle:"):
        name = SegmentConvertor().convert(rest[0].removeprefix("bundle:"))
        return moved(f"{addresses.bundles(user)}?name={quote(name, safe='')}")
    if len(rest) == 1 and rest[0].startswith("b:"):
        return moved(addresses.bookmark(user, rest[0].removeprefix("b:")))
    if len(rest) == 1 and rest[0] in FILTERS:
        return moved(addresses.person_filter(user, rest[0]))
    if rest in (["notes"], ["bundles"]):
        return moved(addresses.notes(user) if rest == ["notes"] else addresses.bundles(user))
    raise NotFound


async def get_pinboard_tags(request: Request) -> Response:
    """`/t:a/t:b/`"""
    rest = [part for part in f"t:{request.path_params['rest']}".split("/") if part]
    if not all(part.startswith("t:") for part in rest):
        raise NotFound
    return moved(addresses.tags(_keys(rest)))


async def get_pinboard_link(request: Request) -> Response:
    """`/url:HASH`"""
    return moved(addresses.link(request.path_params["hash"]))


async def get_pinboard_page(request: Request) -> Response:
    """`/popular/`, `/recent/`, `/network/`"""
    return moved(request.url.path.rstrip("/"))


async def get_pinboard_search(request: Request) -> Response:
    """`/search/?query=`"""
    asked = request.query_params.get("query", request.query_params.get("q", ""))
    return moved(f"/search?q={quote(asked, safe='')}" if asked else "/search")


async def get_pinboard_note(request: Request) -> Response:
    """`/note/add/`"""
    return moved("/notes/add")


def _keys(parts: Iterable[str]) -> list[str]:
    keys = [tags.key(SegmentConvertor().convert(part.removeprefix("t:"))) for part in parts]
    if not all(key.strip(".") for key in keys):
        raise NotFound
    return keys
