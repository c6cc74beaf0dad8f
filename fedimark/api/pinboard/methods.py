"""Every method of Pinboard's API v1, and the two that we add, with what a key must be allowed for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from fedimark.accounts.tokens import Scope
from fedimark.api.pinboard import own, posts
from fedimark.api.pinboard.door import Method, answered, refused
from fedimark.errors import NotFound

_READ, _WRITE = (Scope.READ,), (Scope.WRITE,)
_SAVED = "url! description! extended tags dt replace shared toread"

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "posts/update": Method(posts.update, _READ),
        "posts/add": Method(posts.add, (Scope.WRITE, Scope.SAVE), _SAVED, writes=True),
        "posts/delete": Method(posts.delete, _WRITE, "url!", writes=True),
        "posts/get": Method(posts.get, _READ, "tag dt url meta"),
        "posts/recent": Method(posts.recent, _READ, "tag count"),
        "posts/dates": Method(posts.dates, _READ, "tag"),
        "posts/all": Method(posts.everything, _READ, "tag start results fromdt todt meta"),
        "posts/suggest": Method(posts.suggest, _READ, "url!"),
        "posts/delta": Method(posts.delta, _READ, "since! results"),
        "tags/get": Method(own.get_tags, _READ),
        "tags/delete": Method(own.delete, _WRITE, "tag!", writes=True),
        "tags/rename": Method(own.rename, _WRITE, "old! new!", writes=True),
        # What it tells opens feeds, and holds when the key that asked is long revoked: who asks must open them already.
        "user/secret": Method(own.secret, (Scope.READ | Scope.FEED,)),
        "user/api_token": Method(own.api_token, (Scope.READ, Scope.WRITE)),
        "notes/list": Method(own.list_notes, _READ),
        "network/recent": Method(own.network, _READ, "count"),
    }
)
NOTE = Method(own.get_note, _READ)  # `notes/ID`


async def get_method(request: Request) -> Response:
    """`/v1/{room}/{method}`: answer it, however it is asked."""
    name = f"{request.path_params['room']}/{request.path_params['method']}"
    if name in METHODS:
        return await answered(request, METHODS[name])
    if request.path_params["room"] != "notes":
        return refused(NotFound())
    return await answered(request, NOTE, request.path_params["method"])
