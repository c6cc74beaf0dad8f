"""`/api/openapi.json`: what programs may ask here, made from the routes and what is said of their handlers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark import __version__
from fedimark.api.linkding import described as linkding
from fedimark.api.linkding.door import Guarded
from fedimark.api.mastodon import described as mastodon
from fedimark.api.openapi import Asked, Call, document, words_of
from fedimark.api.pinboard import described as pinboard
from fedimark.doorway.known import etag_of, is_known
from fedimark.here import here

Line = tuple[str, str, Callable[..., Any]]
_HEADERS: Final = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


def calls_of(base: str, linkding_lines: Iterable[Line], mastodon_lines: Iterable[Line]) -> list[Call]:
    """Every call of the three APIs. Raises KeyError for a route that nothing is said of."""
    return [
        *pinboard.calls(base),
        *(_linkding(path, method, handler) for path, method, handler in linkding_lines),
        *(
            Call(method, path, "Mastodon", words_of(handler.__doc__), mastodon.ASKED[handler])
            for path, method, handler in mastodon_lines
            if method != "OPTIONS"
        ),
    ]


def described(calls: list[Call]) -> Callable[[Request], Any]:
    """What answers `GET /api/openapi.json` for these calls."""

    @lru_cache(maxsize=4)  # of as many servers as there are in one process
    def written(address: str) -> str:
        schemas = {**linkding.SCHEMAS, **mastodon.SCHEMAS}
        return json.dumps(document(calls, schemas, __version__, address), ensure_ascii=False)

    async def get_description(request: Request) -> Response:
        """`GET /api/openapi.json`"""
        text = written(here().settings.base_url)
        headers = {**_HEADERS, "ETag": etag_of(text)}
        if is_known(request, headers["ETag"], ""):
            return Response(status_code=304, headers=headers)
        return Response(text, headers=headers, media_type="application/json")

    return get_description


def _linkding(path: str, method: str, handler: Callable[..., Any]) -> Call:
    of_whom: Mapping[bool, tuple[str, ...]] = {True: ("key",), False: ("", "key")}
    numbered = path.replace("{id}", "{id:number}").replace("{asset}", "{asset:number}")
    if not isinstance(handler, Guarded):
        return Call(method, path, "linkding", words_of(handler.__doc__), linkding.ASKED[handler])
    asked: Asked = linkding.ASKED[handler.handler]
    said = words_of(handler.handler.__doc__)
    return Call(
        method, numbered, "linkding", said, asked, opened_by=of_whom[handler.needs_key], scopes=(handler.scope.word,)
    )
