"""Headers every answer carries: what a browser may do with it, and who may keep it."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark import addresses

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "script-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
# Of an address with a key in it: no page that it leads to learns it, and no search engine keeps what is there.
_KEYED: Final = {"referrer-policy": "no-referrer", "x-robots-tag": "noindex"}


class Headers:
    """ASGI middleware, the outermost: adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                complete(MutableHeaders(scope=message), scope)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def complete(headers: MutableHeaders, scope: Scope) -> None:
    """Add to the headers of an answer what it does not say itself."""
    if addresses.has_secret(scope["path"]):
        headers.update(_KEYED)
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if scope.get("viewer") is not None:
        headers.setdefault("cache-control", "private, no-store")
    elif headers.get("content-type", "").startswith("text/html"):
        # The same address answers otherwise for who signs in, and to programs.
        headers.setdefault("cache-control", "no-cache")
    if headers.get("content-type", "").startswith("text/html"):
        headers.add_vary_header("Accept, Accept-Language, Cookie")
