"""The door of linkding's API: who asks, with which key, and errors in the words that its clients know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from fedimark.accounts.tokens import Bearer, Scope
from fedimark.bookmarks.draft import Owner
from fedimark.doorway.errors import tell
from fedimark.doorway.programs import bearer
from fedimark.errors import FedimarkError, Malformed, Refused, SignInFirst, Taken

Known: TypeAlias = Callable[[Request, Bearer], Awaitable[Response]]
Anybody: TypeAlias = Callable[[Request, Bearer | None], Awaitable[Response]]

_NO_KEY, _WRONG_KEY = "Authentication credentials were not provided.", "Invalid token."
_ASK_FOR = {"www-authenticate": "Token"}
_FIELDS = 400  # what the original says of a field that cannot be


@dataclass(frozen=True, slots=True)
class Guarded:
    """A handler for who brings a key that holds and has a scope; where none is needed, for everybody else too."""

    handler: Known | Anybody
    scope: Scope
    needs_key: bool

    async def __call__(self, request: Request) -> Response:
        """Answer, or say what is wrong in linkding's words."""
        try:
            is_known = self.needs_key or "authorization" in request.headers
            who = await bearer(request) if is_known else None
            if who is not None:
                who.need(self.scope)
            return _unkept(await self.handler(request, who))  # type: ignore[arg-type]
        except SignInFirst:
            return JSONResponse(
                {"detail": _WRONG_KEY if request.headers.get("authorization") else _NO_KEY}, 401, _ASK_FOR
            )
        except FedimarkError as error:
            return refusal(error)


def known(scope: Scope, handler: Known) -> Guarded:
    """A handler for who brings a key with this scope."""
    return Guarded(handler, scope, needs_key=True)


def anybody(scope: Scope, handler: Anybody) -> Guarded:
    """The same for everybody; who brings a key must bring one that holds and has this scope."""
    return Guarded(handler, scope, needs_key=False)


def _unkept(answer: Response) -> Response:
    """An answer that no cache keeps: whose it is stands in a header."""
    answer.headers.setdefault("cache-control", "private, no-store")
    return answer


def owner_of(who: Bearer) -> Owner:
    """Who asks, as the one who saves."""
    return Owner.of(who.viewer)


def refusal(error: FedimarkError) -> Response:
    """An error as linkding says it: a list beside the field, or one sentence."""
    told = tell(error)
    if isinstance(error, Refused) and (error.status == Refused.status or isinstance(error, Taken) or error.field):
        status = _FIELDS if error.status in (Refused.status, Taken.status, Malformed.status) else error.status
        return JSONResponse({error.field or "non_field_errors": [error.message]}, status)
    return JSONResponse({"detail": told.detail or told.title}, told.status, dict(told.headers))


async def no_such_place(request: Request) -> Response:
    """Whatever else is asked for under the API's address."""
    return JSONResponse({"detail": "Not found."}, 404)


def may_read(who: Bearer) -> bool:
    """Whether an answer may say what the asker did not say themselves."""
    return Scope.READ in who.scopes
