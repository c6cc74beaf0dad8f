"""Each request has a number: in every log line it causes, in its answer, and on the page that says that we failed."""

from __future__ import annotations

import re
from time import perf_counter
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark.doorway.asked import read_asked
from fedimark.doorway.ready import Again, Whole, ready_for, ready_now
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
                route = _path(scope.get("route"))
                _note(route, _method(scope), status, perf_counter() - begun)
                tell(route=route, status=str(status))


def answered_now(scope: Scope) -> Whole | None:
    """The answer that is ready without waiting for anything, numbered, counted and told as every other; else None."""
    begun = perf_counter()
    if here().metrics.span is not None or (found := ready_now(scope)) is None:
        return None
    return _again(found, _number(scope), begun)


def said_again(block: bytes) -> Whole | None:
    """The same for what a connection brought, where that is one whole request of a stranger, plainly written."""
    begun = perf_counter()
    if here().metrics.span is not None or (asked := read_asked(block)) is None or (found := ready_for(asked)) is None:
        return None
    return _again(found, here().new_id(), begun)


def _again(found: Again, number: str, begun: float) -> Whole:
    whole = found.whole
    _note(_path(found.route), "GET", whole.status, perf_counter() - begun, request=number)
    return Whole(whole.status, b"%bx-request-id: %b\r\n" % (whole.head, number.encode()), whole.body)


def _number(scope: Scope) -> str:
    """The number a trusted proxy gave it, when that is well formed; else one of our own."""
    if scope.get(TRUSTED):
        brought = Headers(scope=scope).get("x-request-id", "")
        if _WELL_FORMED.fullmatch(brought):
            return brought
    return here().new_id()


def _note(route: str, method: str, status: int, seconds: float, **more: str) -> None:
    """Count it under its route, which names nobody; 0 for one whose asker went away."""
    server = here()
    server.metrics.count(REQUESTS, route, method, str(status))
    server.metrics.spent(REQUEST_S, seconds, route)
    if server.settings.access_log:
        told(REQUEST_ANSWERED, method=method, route=route, status=status, ms=round(seconds * 1000, 1), **more)


def _path(route: object) -> str:
    return getattr(route, "path", "none")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"
