"""Bookmarklets: bookmarks of a browser that save the page it shows."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from fedimark import addresses
from fedimark.accounts.tokens import Scope, make_token
from fedimark.errors import Refused
from fedimark.web.respond import page, signed_in

_NAME = "Read later, in a bookmarklet"
_SAID = (
    "'url='+encodeURIComponent(location.href)+'&title='+encodeURIComponent(document.title)"
    "+'&description='+encodeURIComponent((getSelection()||'')+'')"
)


async def get_bookmarklets(request: Request) -> Response:
    """`GET /settings/bookmarklets`"""
    signed_in(request)
    return page(request, "bookmarklets.html", popup=popup(), same=same_page(), later="", trouble="")


async def post_key(request: Request) -> Response:
    """`POST /settings/bookmarklets/key`: a bookmarklet with a key of its own, shown once."""
    viewer = signed_in(request)
    try:
        key = (await make_token(viewer, _NAME, Scope.SAVE)).rpartition(":")[2]
    except Refused as error:
        values = {"popup": popup(), "same": same_page(), "later": "", "trouble": error.message}
        return page(request, "bookmarklets.html", **values, status=error.status)
    return page(request, "bookmarklets.html", popup=popup(), same=same_page(), later=read_later(key), trouble="")


def popup() -> str:
    """Opens the form in a small window, which closes once it was sent."""
    window = "'fedimark','width=720,height=720,scrollbars=yes'"
    return f"javascript:void open('{_add()}?jump=close&'+{_SAID},{window})"


def same_page() -> str:
    """Opens the form in place of the page, and leads back to it."""
    return f"javascript:void(location.href='{_add()}?next=same&'+{_SAID})"


def read_later(key: str) -> str:
    """Saves at once, for oneself alone, to be read."""
    window = "'fedimark','width=360,height=220'"
    return f"javascript:void open('{_add()}?later=yes&key={key}&'+{_SAID},{window})"


def _add() -> str:
    return addresses.absolute("/add")
