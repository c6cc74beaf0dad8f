"""Answers as they went out, given again at once to who asks for the same with the same words.

Nothing of the rooms is entered for them: what a handler made to be kept (`doorway.kept`) is found here by the head of
the request. It holds exactly as long as it would be kept there, so that nothing hidden is shown from here either.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fedimark.doorway.asked import PASSED_OVER, SOMEBODYS, Asked
from fedimark.doorway.kept import Made, holds_now, still_holds
from fedimark.here import forget_oldest, here
from fedimark.metrics import CACHE

MOST: Final = 200  # answers; their bodies are those that are kept anyway
HELD: Final = "held"  # where a scope has the Made of which an answer is all there is to say

_READY: Final = "doorway.ready"
_CACHE: Final = "answers"  # as figures name it; what is not kept is no question to it


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer as bytes: its status, the lines of its head after the first, without the empty one, and its body."""

    status: int
    head: bytes
    body: bytes


class Again(NamedTuple):
    """An answer that went out before, and the route that made it."""

    whole: Whole
    route: Any


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
                here().metrics.count(CACHE, _CACHE, "hit")
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
            here().metrics.count(CACHE, _CACHE, "miss")
            if len(answers) >= MOST:
                forget_oldest(answers)
            start, body = said
            answers[key] = _Answer(made, scope.get("route"), start, body, _whole(start, body))


def ready_now(scope: Scope) -> Again | None:
    """The answer to a request, where it is ready and that is known without waiting."""
    asked = _key(scope) if scope["method"] == "GET" else None
    return ready_for(asked) if asked is not None else None


def ready_for(asked: Asked) -> Again | None:
    """The same for a GET that is read already."""
    found: _Answer | None = here().caches.get(_READY, {}).get(asked)
    if found is None or found.whole is None or not holds_now(found.made):
        return None
    here().metrics.count(CACHE, _CACHE, "hit")
    return Again(found.whole, found.route)


def _whole(start: Message, body: Message) -> Whole | None:
    """An answer as bytes; None for one whose length its head does not tell, or that says how the connection goes on."""
    headers, said = start["headers"], body.get("body", b"")
    names = dict(headers)
    is_told = names.get(b"content-length") == b"%d" % len(said) or (start["status"] == 304 and not said)
    if not is_told or b"connection" in names or b"transfer-encoding" in names:
        return None
    return Whole(start["status"], b"".join(b"%b: %b\r\n" % pair for pair in headers), said)


def _key(scope: Scope) -> Asked | None:
    """All of a request that an answer to a stranger may hang on; None where somebody asks."""
    headers = tuple(pair for pair in scope["headers"] if pair[0] not in PASSED_OVER)
    if any(name in SOMEBODYS for name, _ in headers):
        return None
    return Asked(scope["raw_path"], scope["query_string"], headers)
