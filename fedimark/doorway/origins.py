"""Forms of other sites are not taken: what changes something must come from our own pages. (CSRF)

The rules of Go 1.25's CrossOriginProtection, plus the cookie's SameSite=Lax; no tokens in forms.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fedimark.doorway.cookieless import is_for_programs
from fedimark.doorway.sessions import session_token
from fedimark.errors import Forbidden
from fedimark.here import here

_SAFE: Final = {"GET", "HEAD", "OPTIONS", "TRACE"}


class Origins:
    """ASGI middleware: raises Forbidden for a request that changes something and comes from another site."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let own forms and programs pass."""
        if scope["type"] == "http" and scope["method"] not in _SAFE and not _may_pass(scope):
            raise Forbidden("This form was sent from another site. Open the page here and send it again.")
        await self.app(scope, receive, send)


def _may_pass(scope: Scope) -> bool:
    # Where no cookie counts, no other site can ask in anybody's name.
    return is_for_programs(scope["path"]) or is_own(scope)


def is_own(scope: Scope) -> bool:
    """Whether a request comes from our own pages, or from a program that carries nobody's session."""
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower() == here().settings.base_url
    # Every browser since 2020 sends one of the two with a form; servers and scripts send neither, and no cookie.
    return not session_token(scope)
