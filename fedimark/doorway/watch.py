"""Each request has a number: in every log line it causes, in its answer, and on the page that says that we failed."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark.doorway.ready import Whole, ready_now
from fedimark.here import here
from fedimark.logs import REQUEST_ANSWERED, About, told
from fedimark.metrics import REQUEST_S, REQUESTS

NUMBER: Final = "request_number"  # where the scope has it
TRUSTED: Final = "from_trusted_proxy"  # where it says whether one of `trusted_proxies` brought it

_WELL_FORMED = re.compile(r"[A-Za-z0-9_.:-]{8,64}", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})


class Watch:
    """ASGI middleware: numbers, counts and times requests, and writes a line for each, never what was asked with."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and say how that went."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = scope[NUMBER] = _number(scope)
        begun, status = perf_counter(), 0

        async def send_numbered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", number.encode())]
            await send(message)

        followed = here().metrics.following("request", request=number, method=_method(scope))
        with About(request=number), followed as tell:
            try:
                await self.app(scope, receive, send_numbered)
            finally:
                _note(scope, status, perf_counter() - begun)
                tell(route=_route(scope), status=str(status))


def answered_now(scope: Scope) -> Whole | None:
    """The answer that is ready without waiting for anything, numbered, counted and told as every other; else None."""
    begun = perf_counter()
    if here().metrics.span is not None or (found := ready_now(scope)) is None:
        return None
    number = scope[NUMBER] = _number(scope)
    with About(request=number):
        _note(scope, found.status, perf_counter() - begun)
    return Whole(found.status, b"%bx-request-id: %b\r\n" % (found.head, number.encode()), found.body)


def _number(scope: Scope) -> str:
    """The number a trusted proxy gave it, when that is well formed; else one of our own."""
    if scope.get(TRUSTED):
        brought = Headers(scope=scope).get("x-request-id", "")
        if _WELL_FORMED.fullmatch(brought):
            return brought
    return here().new_id()


def _note(scope: Scope, status: int, seconds: float) -> None:
    """Count it under its route, which names nobody; 0 for one whose asker went away."""
    route, method = _route(scope), _method(scope)
    server = here()
    server.metrics.count(REQUESTS, route, method, str(status))
    server.metrics.spent(REQUEST_S, seconds, route)
    if server.settings.access_log:
        told(REQUEST_ANSWERED, method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "none")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
