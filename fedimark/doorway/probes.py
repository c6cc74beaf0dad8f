"""What machines ask that look after this server: whether it lives, whether it is ready, what it counted.

They come before everything else, cost little, and write no access line. Who may not read the figures gets what stands
behind: the answer of an address that does not exist.
"""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fedimark.database import answers, is_current
from fedimark.doorway.visitors import address_of, is_at_this_machine
from fedimark.here import here
from fedimark.keeping import figures
from fedimark.metrics import written

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_CURRENT = "doorway.is_current"
# Whoever sends one of these came through something that stands on this machine, from anywhere.
_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via")


class Probes:
    """ASGI middleware, the outermost: answers `/healthz`, `/readyz` and, to whom it may, `/metrics`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a probe, or pass on."""
        answer = await _answer(scope) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (answer or self.app)(scope, receive, send)


async def _answer(scope: Scope) -> Response | None:
    path = scope["path"]
    if path == "/healthz":
        return PlainTextResponse(f"alive{_seen(scope)}\n", headers={"cache-control": "no-store"})
    if path == "/readyz":
        lacks = await _lacks()
        return PlainTextResponse(f"{lacks or 'ready'}\n", 503 if lacks else 200, {"cache-control": "no-store"})
    if path == "/metrics" and _may_read(Request(scope)):
        return PlainTextResponse(written(await figures.every()), media_type=_PROMETHEUS)
    return None


def _seen(scope: Scope) -> str:
    """How this very request arrived, for who asks to see: what a proxy made of its scheme, host and sender."""
    if scope["query_string"] != b"seen":
        return ""
    request = Request(scope)
    return f" {request.url.scheme} {request.headers.get('host', '-')} {address_of(request) or '-'}"


async def _lacks() -> str:
    """What is missing before people may be sent here, in words that tell a stranger nothing; empty when nothing is."""
    if here().ending.is_set():
        return "This server is ending."
    if not await answers():
        return "The database does not answer."
    # What is up to date stays so for this process: newer migrations come with newer processes.
    if not here().caches.get(_CURRENT):
        if not await is_current():
            return "The database is not up to date."
        here().caches[_CURRENT] = True
    return ""


def _may_read(request: Request) -> bool:
    """Whether somebody brings the token, or asks from this very machine and through nothing else."""
    token = here().settings.metrics_token
    scheme, _, brought = request.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(brought.strip().encode(), token.encode()):
        return True
    return is_at_this_machine(request) and not _was_passed_on(request.headers)


def _was_passed_on(headers: Headers) -> bool:
    return any(name in headers for name in _PASSED_ON)
