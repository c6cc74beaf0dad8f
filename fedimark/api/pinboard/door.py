"""The door of Pinboard's API: who asks, by key or password; what for; and the answer, or the error, in its shapes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from fedimark.accounts.tokens import Bearer, Scope, bearer_of
from fedimark.api.pinboard.answers import MEDIA_TYPES, Format, code
from fedimark.api.pinboard.arguments import Arguments, read_arguments
from fedimark.bookmarks.draft import Owner
from fedimark.doorway import programs
from fedimark.doorway.errors import tell
from fedimark.errors import FedimarkError, Malformed, NotFound, Refused, SignInFirst
from fedimark.policy.visibility import Viewer

WRONG = "something went wrong"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who asks, with what; `key` is as it was sent, empty for who proved a password."""

    bearer: Bearer
    arguments: Arguments
    form: Format
    rest: str = ""  # of the address, behind the method
    key: str = ""

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        return self.bearer.viewer

    @property
    def owner(self) -> Owner:
        """Who asks, as the one who saves."""
        return Owner.of(self.bearer.viewer)


@dataclass(frozen=True, slots=True)
class Method:
    """What answers a method, and the scopes of which a key needs one.

    `takes` names its arguments beside `format`, each that must be there with a `!`.
    `writes`: what is wrong with its arguments is said with status 200, in the words of the method, as at Pinboard.
    """

    answer: Callable[[Call], Awaitable[str | AsyncIterator[str]]]
    scopes: tuple[Scope, ...]
    takes: str = ""
    writes: bool = False


async def answered(request: Request, method: Method, rest: str = "") -> Response:
    """Answer one call of a method."""
    form = _form(request.query_params.get("format", ""))  # also where the rest cannot be read
    try:
        arguments = await read_arguments(request)
        form = _form(arguments.text("format"))
        bearer, key = await _who(request, arguments)
        bearer.need(*method.scopes)
        said = await method.answer(Call(bearer, arguments, form, rest, key))
    except Refused as error:
        # What is too large or too many says so itself; all else is a bad request there.
        status = 200 if method.writes else error.status if error.status != Refused.status else Malformed.status
        return Response(code(form, WRONG), status, media_type=MEDIA_TYPES[form])
    except FedimarkError as error:
        return refused(error)
    if isinstance(said, str):
        return Response(said, media_type=MEDIA_TYPES[form], headers=_KEPT)
    return StreamingResponse(said, media_type=MEDIA_TYPES[form], headers=_KEPT)


def _form(asked: str) -> Format:
    return "json" if asked.strip().lower() == "json" else "xml"


_KEPT = {"cache-control": "private, no-store"}


async def _who(request: Request, arguments: Arguments) -> tuple[Bearer, str]:
    """Who asks: by `auth_token`, by a key in `Authorization`, else by name and password. Raises SignInFirst."""
    kind, _, sent = request.headers.get("authorization", "").partition(" ")
    key = arguments.text("auth_token") or request.headers.get("x-auth-token", "")
    if not key and kind.lower() in ("token", "bearer"):
        key = sent
    if key:
        found = await bearer_of(key)
        if found is None:
            raise SignInFirst
        await programs.count_call(found)
        return found, key
    if kind.lower() != "basic":
        raise SignInFirst
    try:
        return await programs.by_password(request, *_basic(sent)), ""
    except Refused as error:
        raise SignInFirst from error


def _basic(sent: str) -> tuple[str, str]:
    """Name and password of a Basic header. Raises SignInFirst. (RFC 7617)"""
    try:
        name, colon, password = base64.b64decode(sent.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as error:
        raise SignInFirst from error
    if not colon or "\0" in name + password:
        raise SignInFirst
    return name, password


def refused(error: FedimarkError) -> Response:
    """An error as Pinboard says it: a line of plain text under its status."""
    told = tell(error)
    headers = dict(told.headers)
    if isinstance(error, SignInFirst):
        headers["www-authenticate"] = 'Basic realm="API", charset="UTF-8"'
        return PlainTextResponse("401 Forbidden", told.status, headers)
    if isinstance(error, NotFound):
        return PlainTextResponse("404 Not Found", told.status, headers)
    words = told.detail if told.detail.startswith(told.title) else f"{told.title}. {told.detail}".rstrip()
    return PlainTextResponse(f"{told.status} {words}", told.status, headers)
