"""The session cookie, and who is signed in."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fedimark.accounts.sessions import token_hash, viewer_of
from fedimark.doorway.cookieless import is_for_programs
from fedimark.doorway.kept import kept
from fedimark.here import here
from fedimark.policy.visibility import Viewer
from fedimark.settings import Settings

# Browsers keep none longer; the row decides when a session ends.
_COOKIE_S: Final = 400 * 24 * 3600
# The same for everybody, so nobody is asked for.
_FOR_EVERYBODY: Final = ("/static/", "/avatars/")


class Sessions:
    """ASGI middleware: puts `scope["viewer"]`, a Viewer or None; asks the database only when the cookie is there."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Find out who asks."""
        if scope["type"] == "http":
            scope["viewer"] = None
            token = session_token(scope)
            if token and not (scope["path"].startswith(_FOR_EVERYBODY) or is_for_programs(scope["path"])):
                scope["viewer"] = await _viewer(scope["method"], token_hash(token))
        await self.app(scope, receive, send)


async def _viewer(method: str, hashed: str) -> Viewer | None:
    # Whoever changes something has mostly changed something just before: nothing is kept that would hold.
    if method not in ("GET", "HEAD"):
        return await viewer_of(hashed)
    return await kept("sessions", hashed, lambda: viewer_of(hashed))


def session_token(scope: Scope) -> str:
    """The token a request's cookie carries, empty when it carries none."""
    return cookie_of(scope, cookie_name(here().settings))


def cookie_of(scope: Scope, name: str) -> str:
    """A cookie as it stands there, empty when there is none.

    Nothing in it is unquoted, as Starlette would: with Python before 3.11.10 a single long one took ten seconds.
    (CVE-2024-7592)
    """
    for header in Headers(scope=scope).getlist("cookie"):
        for part in header.split(";"):
            key, _, value = part.strip().partition("=")
            if key == name:
                return value
    return ""


def remember(response: Response, token: str) -> Response:
    """Let the browser keep a session's token."""
    settings = here().settings
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=_COOKIE_S,
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return response


def forget(response: Response) -> Response:
    """Let the browser forget its session."""
    settings = here().settings
    response.delete_cookie(cookie_name(settings), path="/", secure=settings.is_https, httponly=True, samesite="lax")
    return response


def cookie_name(settings: Settings) -> str:
    """`__Host-fedimark` over https; over http the name carries the port, for ports of one host share their cookies."""
    if settings.is_https:
        return "__Host-fedimark"
    return f"fedimark-{urlsplit(settings.base_url).port or 80}"
