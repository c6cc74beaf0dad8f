"""The one place where an error becomes an answer: a page, JSON or a problem document; never somebody's `str(e)`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark import addresses, errors
from fedimark.database import is_gone
from fedimark.doorway.accept import ACTIVITY, wants_activity, wants_json
from fedimark.doorway.cookieless import is_for_programs
from fedimark.doorway.languages import language_of
from fedimark.logs import REQUEST_FAILED, log
from fedimark.signatures.rfc9421 import ACCEPT_SIGNATURE

Draw: TypeAlias = Callable[[Request, int, str, str], str]
"""Draws the error page: request, status, title, detail (words for the public) → HTML."""

_TITLES = {
    kind.status: kind.title
    for kind in (errors.Malformed, errors.Forbidden, errors.NotFound, errors.Gone, errors.TooLarge, errors.WrongType)
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the public is told of an error."""

    status: int
    title: str
    detail: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Errors:
    """ASGI middleware: answers every error that rises through it. `draw` draws the page for people."""

    def __init__(self, app: ASGIApp, draw: Draw) -> None:
        self.app = app
        self.draw = draw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or answer the error."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Starlette's router raises its 404 and 405 only inside an application; alone it answers in plain text.
        scope.setdefault("app", self)
        started = False

        async def watch(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except ClientDisconnect:
            return  # nobody is there to hear it
        except Exception as error:
            request = Request(scope)
            told = tell(error)
            if told.status == HTTPStatus.INTERNAL_SERVER_ERROR or started:
                path = addresses.without_secret(scope["path"])[:200]
                log.error(REQUEST_FAILED, method=request.method, path=path, exc_info=error)
            if started:
                raise  # half an answer is out: the server below closes the connection
            if isinstance(error, errors.SignInFirst) and _is_person_looking(request):
                # Only from a look: what a form sent would be lost on the way.
                answer: Response = RedirectResponse(f"/sign-in?next={quote(_target(request), safe='/')}", 303)
            else:
                answer = self._answer(request, told)
            await answer(scope, receive, send)

    def _answer(self, request: Request, told: Told) -> Response:
        answer = self._face(request, told)
        answer.headers.update(told.headers)
        answer.headers.add_vary_header("Accept")
        return answer

    def _face(self, request: Request, told: Told) -> Response:
        if wants_activity(request) or _sent_activity(request):
            return _problem(told)
        if request.scope["path"].startswith("/api/"):  # linkding's apps read the first, those of Mastodon the second
            words = told.detail or told.title
            return JSONResponse({"detail": words, "error": words}, told.status)
        if wants_json(request) or is_for_programs(request.scope["path"]):
            return JSONResponse({"error": told.detail or told.title}, told.status)
        try:
            drawn = self.draw(request, told.status, told.title, told.detail)
            return HTMLResponse(drawn, told.status, {"content-language": language_of(request)})
        except Exception as error:
            log.error(REQUEST_FAILED, method=request.method, path="the error page itself", exc_info=error)
            return PlainTextResponse(f"{told.title}. {told.detail}\n", told.status)


def problem(error: Exception) -> Response:
    """An error as other servers are told of it: a problem document. (RFC 9457)"""
    told = tell(error)
    answer = _problem(told)
    answer.headers.update(told.headers)
    return answer


def _problem(told: Told) -> Response:
    said = {"type": "about:blank", "title": told.title, "status": told.status, "detail": told.detail}
    return JSONResponse(said, told.status, media_type="application/problem+json")


def tell(error: Exception) -> Told:
    """What the public is told of an error; of an unforeseen one, only that it happened."""
    if isinstance(error, errors.TooMany):
        return Told(error.status, error.title, error.message, {"retry-after": str(error.retry_after_s)})
    if isinstance(error, errors.NotProven):
        # Others knock twice too: this says which second knock we understand.
        return Told(error.status, error.title, error.message, {"accept-signature": ACCEPT_SIGNATURE})
    if isinstance(error, errors.FedimarkError):
        return Told(error.status, error.title, error.message)
    if is_gone(error):
        return Told(errors.Unavailable.status, errors.Unavailable.title)
    if isinstance(error, HTTPException):
        title = _TITLES.get(error.status_code) or HTTPStatus(error.status_code).phrase
        return Told(error.status_code, title, headers=dict(error.headers or {}))
    return Told(500, errors.FedimarkError.title)


def _target(request: Request) -> str:
    """Path and query as they were asked for, still encoded: `%23` in a tag must not become a fragment."""
    raw: bytes = request.scope.get("raw_path") or quote(request.scope["path"]).encode("ascii")
    query: bytes = request.scope.get("query_string", b"")
    return (raw + (b"?" + query if query else b"")).decode("latin-1")


def _is_person_looking(request: Request) -> bool:
    wants_page = not wants_activity(request) and not wants_json(request)
    return request.method in ("GET", "HEAD") and wants_page and not is_for_programs(request.scope["path"])


def _sent_activity(request: Request) -> bool:
    """Whether another server delivered something: it may name no Accept at all."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in (ACTIVITY, "application/ld+json")
