"""A feed as an answer: in the format asked for, or nothing where who asks has it already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from fedimark.api.feeds.atom import atom
from fedimark.api.feeds.bib import bib
from fedimark.api.feeds.feed import Feed
from fedimark.api.feeds.json_feed import json_feed
from fedimark.api.feeds.rss import rss
from fedimark.doorway.known import etag_of, http_date, is_known
from fedimark.errors import NotFound


@dataclass(frozen=True, slots=True)
class Format:
    """How a feed is written; `variant` tells apart what one feed becomes in one media type.

    `is_bare`: no document of this shape can name the feed's other parts, so a header does.
    """

    media_type: str
    draw: Callable[[Feed], str]
    variant: str = ""
    is_bare: bool = False


FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "rss": Format("application/rss+xml; charset=utf-8", rss),
        "atom": Format("application/atom+xml; charset=utf-8", atom),
        "json": Format("application/feed+json; charset=utf-8", json_feed),
        "bib": Format("application/x-bibtex; charset=utf-8", bib),
    }
)
# Whoever keeps one must ask again: what its owner made private is not shown a minute longer.
PUBLIC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Cache-Control": "no-cache",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Link, ETag",
    }
)
_IN_LINKS: Final = "!#$%&'()*+,/:;=?@[]~"
KEYED: Final[Mapping[str, str]] = MappingProxyType({"Cache-Control": "private, no-store"})


def format_of(request: Request) -> Format:
    """The format an address names at its end. Raises NotFound for one there isn't."""
    try:
        return FORMATS[request.path_params["format"]]
    except KeyError:
        raise NotFound from None


def answer(request: Request, feed: Feed, form: Format, headers: Mapping[str, str] = PUBLIC) -> Response:
    """The feed's document, or 304: decided from its entries, before anything of it is written."""
    told = {**headers, "ETag": etag_of((form.media_type, form.variant, feed)), "Last-Modified": http_date(feed.updated)}
    if form.is_bare and (links := _links(feed)):
        told["Link"] = links
    if is_known(request, told["ETag"], told["Last-Modified"]):
        return Response(status_code=304, headers=told)
    return Response(form.draw(feed), headers=told, media_type=form.media_type)


def _links(feed: Feed) -> str:
    """A feed's other parts and its hub as a header. (RFC 8288, RFC 5005 §3, WebSub §4)"""
    named = {**feed.neighbours, "hub": feed.hub} if feed.hub else feed.neighbours
    return ", ".join(f'<{quote(href, _IN_LINKS)}>; rel="{rel}"' for rel, href in named.items())
