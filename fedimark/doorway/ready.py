"""Answers as they went out, given again at once to who asks for the same with the same words.

Nothing of the rooms is entered for them: what a handler made to be kept (`doorway.kept`) is found here by the head of
the request. It holds exactly as long as it would be kept there, so that nothing hidden is shown from here either.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark.doorway.kept import Made, holds_now, still_holds
from fedimark.here import here

MOST: Final = 200  # answers; their bodies are those that are kept anyway
HELD: Final = "held"  # where a scope has the Made of which an answer is all there is to say

_READY: Final = "doorway.ready"
# What nothing hangs on: who brought the request, and what differs each time. Whatever is not named here tells apart.
_PASSED_OVER: Final = frozenset(
    {
        *(b"host", b"connection", b"x-request-id", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"),
        *(b"x-real-ip", b"forwarded", b"via", b"traceparent", b"tracestate", b"referer", b"dnt", b"priority"),
        *(b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"sec-fetch-user", b"upgrade-insecure-requests"),
    }
)
# Who brings one of these is somebody, whom a session, a key or a block may be about: each time is looked.
_SOMEBODYS: Final = frozenset({b"cookie", b"authorization", b"signature"})


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as bytes: its status, the lines of its head after the first, without the empty one, and its body."""

    status: int
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    """Both messages of an answer, the route that made it, and all of it as bytes where it is simply said."""

    made: Made[Any]
    route: Any
    start: Message
    body: Message
    whole: Whole | None


class Ready:
    """ASGI middleware: gives an answer again, or passes on and keeps what comes where the scope says that it may."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        key = _key(scope) if scope["type"] == "http" and scope["method"] == "GET" else None
        if key is None:
            await self.app(scope, receive, send)
            return
        answers: dict[Hashable, _Answer] = here().caches.setdefault(_READY, {})
        found = answers.get(key)
        if found is not None:
            if await still_holds(found.made):
                scope["route"] = found.route
                # The layers outside add headers to the message: each asker has one of their own.
                await send({**found.start, "headers": [*found.start["headers"]]})
                await send(found.body)
                return
            answers.clear()  # the others are as old, or soon will be

        said: list[Message] = []

        async def listen(message: Message) -> None:
            said.append({**message, "headers": [*message["headers"]]} if "headers" in message else message)
            await send(message)

        await self.app(scope, receive, listen)
        made = scope.get(HELD)
        if isinstance(made, Made) and len(said) == 2 and not said[1].get("more_body"):
            if len(answers) >= MOST:
                del answers[next(iter(answers))]
            start, body = said
            answers[key] = _Answer(made, scope.get("route"), start, body, _whole(start, body))


def ready_now(scope: Scope) -> Whole | None:
    """The answer to a request, where it is ready and that is known without waiting; its scope has the route then."""
    key = _key(scope) if scope["method"] == "GET" else None
    found: _Answer | None = here().caches.get(_READY, {}).get(key) if key is not None else None
    if found is None or found.whole is None or not holds_now(found.made):
        return None
    scope["route"] = found.route
    return found.whole


def _whole(start: Message, body: Message) -> Whole | None:
    """An answer as bytes; None for one whose length its head does not tell, or that says how the connection goes on."""
    headers, said = start["headers"], body.get("body", b"")
    names = dict(headers)
    is_told = names.get(b"content-length") == b"%d" % len(said) or (start["status"] == 304 and not said)
    if not is_told or b"connection" in names or b"transfer-encoding" in names:
        return None
    return Whole(start["status"], b"".join(b"%b: %b\r\n" % pair for pair in headers), said)


def _key(scope: Scope) -> Hashable:
    """All of a request that an answer to a stranger may hang on; None where somebody asks."""
    headers = tuple(pair for pair in scope["headers"] if pair[0] not in _PASSED_OVER)
    if any(name in _SOMEBODYS for name, _ in headers):
        return None
    return scope["raw_path"], scope["query_string"], headers
