"""Which language a page is drawn in."""

from __future__ import annotations

from starlette.requests import Request

from fedimark.here import here
from fedimark.language.catalogue import LOCALES
from fedimark.language.choosing import best
from fedimark.policy.visibility import Viewer


def language_of(request: Request) -> str:
    """What the person chose, else what their browser asks for, else the server's own."""
    viewer: Viewer | None = request.scope.get("viewer")
    if viewer is not None and viewer.language in LOCALES:
        return viewer.language
    return best(request.headers.get("accept-language", ""), here().settings.language)
