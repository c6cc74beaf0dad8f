"""Which language a page is drawn in, and how a browser keeps what was chosen without an account."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark.doorway.sessions import cookie_name, cookie_of
from fedimark.here import here
from fedimark.language.catalogue import LOCALES
from fedimark.language.choosing import best
from fedimark.policy.visibility import Viewer

_COOKIE_S: Final = 400 * 24 * 3600  # browsers keep none longer


def language_of(request: Request) -> str:
    """What the person chose, else what was chosen in this browser, else what it asks for, else the server's own."""
    viewer: Viewer | None = request.scope.get("viewer")
    if viewer is not None and viewer.language in LOCALES:
        return viewer.language
    chosen = cookie_of(request.scope, _name())
    if chosen in LOCALES:
        return chosen
    return best(request.headers.get("accept-language", ""), here().settings.language)


def choose(response: Response, language: str) -> Response:
    """Let the browser keep a language, one of LOCALES: nothing else, and only because somebody asked for it."""
    secure = here().settings.is_https
    response.set_cookie(_name(), language, max_age=_COOKIE_S, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def choose_none(response: Response) -> Response:
    """Let the browser forget the language, where an account says which one it is to be."""
    secure = here().settings.is_https
    response.delete_cookie(_name(), path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _name() -> str:
    return f"{cookie_name(here().settings)}-language"
