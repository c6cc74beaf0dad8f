"""Drawing a page as the answer to a request."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from fedimark.bookmarks.draft import Owner
from fedimark.doorway.languages import language_of
from fedimark.doorway.paths import asked_for
from fedimark.doorway.redirects import own_path
from fedimark.errors import SignInFirst
from fedimark.here import here, now
from fedimark.language.catalogue import Catalogue
from fedimark.policy.visibility import Viewer
from fedimark.web.pages import encoded
from fedimark.web.translated import Templates


def viewer_of(request: Request) -> Viewer | None:
    """Who is signed in."""
    viewer: Viewer | None = request.scope.get("viewer")
    return viewer


def signed_in(request: Request) -> Viewer:
    """Who is signed in; raises SignInFirst when nobody is."""
    viewer = viewer_of(request)
    if viewer is None:
        raise SignInFirst
    return viewer


def owner_of(request: Request) -> Owner:
    """Who is signed in, as the one who saves; raises SignInFirst."""
    return Owner.of(signed_in(request))


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    """A template drawn for whoever asks."""
    path = asked_for(request.scope)
    # What is asked with a query shows a part, or something else each time.
    values.setdefault("canonical", path if status == 200 and "?" not in path else "")
    language = language_of(request)
    body = encoded(here().caches["pages"](language), name, viewer_of(request), path, now(), **values)
    return HTMLResponse(body, status_code=status, headers={"content-language": language})


def catalogue_of(request: Request) -> Catalogue:
    """The language of whoever asks, for what is no page."""
    drawing: Templates = here().caches["pages"](language_of(request))
    return drawing.catalogue


def asked_path(request: Request) -> str:
    """The path and query as they were sent, still escaped: what a form may send somebody back to."""
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path


def came_from(request: Request) -> str:
    """The page of ours whose link led here, empty where a browser does not say, or where one signed in."""
    begins, said = here().settings.base_url, request.headers.get("referer", "")
    path = own_path(said.removeprefix(begins), "") if said.startswith(f"{begins}/") else ""
    return "" if path.startswith("/sign-in") else path


def onward(path: str) -> Response:
    """After a form: go and see."""
    return RedirectResponse(path, status_code=303)


def moved(path: str) -> Response:
    """The same thing under its proper address, for ever."""
    return RedirectResponse(path, status_code=308)
