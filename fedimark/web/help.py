"""Pages that explain: what this server is, what it keeps, how things are written and pressed."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from fedimark import __version__
from fedimark.accounts import registration
from fedimark.bookmarks.queries import public_counts
from fedimark.here import here
from fedimark.web.respond import page

TEMPLATES: Final = MappingProxyType(
    {
        "/help": "help.html",
        "/help/tags": "help_tags.html",
        "/help/bookmarklets": "help_bookmarklets.html",
        "/help/keyboard": "help_keyboard.html",
        "/help/api": "help_api.html",
        "/privacy": "privacy.html",
    }
)


async def get_help(request: Request) -> Response:
    """One of TEMPLATES, by the path."""
    return page(request, TEMPLATES[request.scope["path"]], base_url=here().settings.base_url)


async def get_about(request: Request) -> Response:
    """`/about`"""
    counts = await public_counts()
    mode = await registration.mode()
    host = here().settings.handles_at
    return page(request, "about.html", host=host, registration=mode, version=__version__, **counts)
