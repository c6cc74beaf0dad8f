"""The inboxes' own door, before everything a page needs: no session, no form, no template.

What is said to an inbox is answered here, the cheapest refusals first; refusals are problem documents. (RFC 9457)
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from fedimark.activitypub.inbox import RETRY_AFTER_S
from fedimark.doorway.errors import problem
from fedimark.doorway.headers import complete
from fedimark.doorway.paths import check_query
from fedimark.errors import Postponed, TooSlow, Unreachable
from fedimark.follows import digests
from fedimark.here import here
from fedimark.inbox import shortcut
from fedimark.inbox.receive import receive as take_in
from fedimark.logs import REQUEST_FAILED, log
from fedimark.remote.known import local_person
from fedimark.signatures.letter import read_letter
from fedimark.timelines.tag_actors import tag_actor
from fedimark.vocab.terms import is_activity_type

BODY_S: Final = 20.0  # from a body's first part to its last

_END: Final = b"/inbox"
_OF_ALL: Final = frozenset({b"/inbox", b"/actor/inbox"})
_SHARED: Final = frozenset(path.decode("ascii") for path in _OF_ALL)
# Whose the others are, where no other spelling could be meant, and what looks whether they are here.
_OF_ONE: Final[tuple[tuple[re.Pattern[bytes], Callable[..., Awaitable[object]]], ...]] = (
    (re.compile(rb"/u/([a-z0-9_]+)/inbox"), local_person),
    (re.compile(rb"()/t/([a-z0-9_]+)/inbox"), tag_actor),
    (re.compile(rb"/u/([a-z0-9_]+)/t/([a-z0-9_]+)/inbox"), tag_actor),
    (re.compile(rb"/u/([a-z0-9_]+)/digest/inbox"), digests.owner_of),
)
# What other servers never send; whose page sent it is for the rooms to judge.
_A_BROWSERS: Final = frozenset({"cookie", "origin", "sec-fetch-site"})
_TAKEN: Final = (
    {"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"0")]},
    {"type": "http.response.body", "body": b""},
)


class Inboxes:
    """ASGI middleware: answers what is posted to the inboxes of this server, its people, its tags and its digests, and
    passes on the rest.

    An address spelled in any other way than ours finds the same gate through the rooms; so does whatever a browser
    sends.
    """

    def __init__(self, app: ASGIApp, body_s: float = BODY_S) -> None:
        self.app = app
        self.body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope.get("raw_path", b"").endswith(_END):
            await self.app(scope, receive, send)
            return
        path: bytes = scope["raw_path"]
        look = None if path in _OF_ALL else _look(path)
        headers = _headers(scope)
        if (look is None and path not in _OF_ALL) or not _A_BROWSERS.isdisjoint(headers):
            await self.app(scope, receive, send)
            return
        try:
            if look is not None:
                await look()
            await _take(scope, path, headers, _body(receive, self.body_s))
        except ClientDisconnect:
            return  # nobody is there to hear it
        except Exception as error:
            await _refused(scope, error)(scope, receive, send)
        else:
            for message in _TAKEN:
                await send(message)


def take_at_once(block: bytes, answer: Callable[[bool], None]) -> bool:
    """Take in what the shared inbox nearly always gets, whole and with nothing to wait for but its commit; whether it
    may be.

    `answer` is told then whether it is committed. Where it is not, or it may not be, the door above knows what to say:
    nothing was done.
    """
    letter = read_letter(block)
    if letter is None or letter.target not in _SHARED or len(letter.body) > here().settings.body_limit_bytes:
        return False
    said = letter.headers.get("content-type", "")
    if not is_activity_type(said) or not _A_BROWSERS.isdisjoint(letter.headers):
        return False
    return shortcut.offer(letter, answer)


def _look(path: bytes) -> Callable[[], Awaitable[object]] | None:
    """What looks whether whose inbox this is are here, and raises where they are not; None for no inbox of ours."""
    for pattern, look in _OF_ONE:
        if match := pattern.fullmatch(path):
            return partial(look, *(name.decode("ascii") for name in match.groups()))
    return None


async def _take(scope: Scope, path: bytes, headers: Mapping[str, tuple[str, ...]], body: AsyncIterator[bytes]) -> None:
    query: bytes = scope["query_string"]
    if query:
        check_query(query)
        path = path + b"?" + query
    await take_in("POST", path.decode("latin-1"), headers, body)


def _headers(scope: Scope) -> dict[str, tuple[str, ...]]:
    """Lower-case names to all their values, as signatures are read."""
    headers: dict[str, tuple[str, ...]] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = (*headers[name], value) if name in headers else (value,)
    return headers


async def _body(receive: Receive, body_s: float) -> AsyncIterator[bytes]:
    """The parts of a body; mostly one. Raises TooSlow, and ClientDisconnect where its sender is gone."""
    message = await receive()
    if message["type"] != "http.request":
        raise ClientDisconnect
    yield message.get("body", b"")
    if message.get("more_body", False):
        async for part in _rest(receive, body_s):
            yield part


async def _rest(receive: Receive, body_s: float) -> AsyncIterator[bytes]:
    deadline = asyncio.get_running_loop().time() + body_s
    more = True
    while more:
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise TooSlow from error
        if message["type"] != "http.request":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _refused(scope: Scope, error: Exception) -> Response:
    answer = problem(error)
    if answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error(REQUEST_FAILED, method="POST", path=scope["raw_path"].decode("latin-1")[:200], exc_info=error)
    if isinstance(error, Unreachable):
        # 503 and not 401: it is not the sender's fault that their key cannot be had just now.
        wait_s = error.retry_after_s if isinstance(error, Postponed) else RETRY_AFTER_S
        answer.headers["retry-after"] = str(wait_s)
    complete(answer.headers, scope)
    return answer
