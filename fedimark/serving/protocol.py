"""What a connection brings, taken in and answered: what is ready without a task, the rest by the application."""

from __future__ import annotations

from asyncio import CancelledError, Transport, current_task
from collections.abc import Callable
from contextvars import copy_context
from functools import lru_cache, partial
from typing import Any, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from fedimark.addresses import without_secret
from fedimark.logs import REQUEST_CUT_OFF, log
from fedimark.serving.heads import BoundedHeads

AtOnce: TypeAlias = Callable[[bytes, Callable[[bool], None]], bool]
"""Takes in what a connection brought, where it is one whole request, and says later whether it did: then 202 is
answered. Returns whether it may; else nothing is said later."""
AnswerOf: TypeAlias = Callable[[Any], Any]
"""The answer to a request, where it is there without waiting: its status, head and body; else None. Asked by the scope
of a request, and before that by what a connection brought."""
_Begun: TypeAlias = tuple[RequestResponseCycle, Any]
_MOMENT_S = 5  # for how long a server is away that is started anew
_CUT_OFF = b"This server was told to end, and this request took too long for it. Try again in a moment.\n"


@lru_cache(maxsize=64)
def _head(status: int, default: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """How each answer of a status begins, with what stands in all of a second."""
    return STATUS_LINE[status] + b"".join([b"%b: %b\r\n" % each for each in default])


class BoundedProtocol(BoundedHeads):
    """HTTP/1.1 with bounded heads, where what needs neither a task nor the doors goes past them.

    A task, its objects and all doors cost a letter twice what its proof does: the most of them need neither.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._at_once: AtOnce | None = getattr(self.app, "at_once", None)
        self._is_taking = False  # a request that is taken in at once
        self._is_last = False  # and after it nothing more: the server ends
        self._behind = b""  # what came meanwhile
        self._answered_at = 0.0
        self._again: AnswerOf | None = getattr(self.app, "again", None)
        self._ready: AnswerOf | None = getattr(self.app, "ready", None)
        self._reading = False
        self._begun: _Begun | None = None  # a request whose answer may be ready, if the whole of it has come

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A peer has come."""
        super().connection_made(transport)
        self._context = copy_context()

    def data_received(self, data: bytes) -> None:
        """Take in at once what can be, else feed the parser."""
        if self._is_taking:
            self.flow.pause_reading()
            self._behind += data
        elif self._is_between() and (self._is_taken(data) or self._is_given_again(data)):
            self._stop_timer()
        else:
            super().data_received(data)

    def _is_taken(self, data: bytes) -> bool:
        """Begin to take in at once what came, where that may be."""
        self._is_taking = self._at_once is not None and self._at_once(data, partial(self._answer, data))
        return self._is_taking

    def _is_between(self) -> bool:
        """Whether no request is under way, nor a part of one."""
        is_answered = self.cycle is None or (self.cycle.response_complete and self.cycle.keep_alive)
        return is_answered and self._in_head and not (self._is_short or self._is_last or self._ended)

    def _parse(self, data: bytes) -> None:
        self._reading = True
        super()._parse(data)
        self._reading = False
        if self._begun is not None:
            self._give(*self._begun)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # A task and all doors cost what is ready more than all else: it needs neither.
        if self._reading and self._ready is not None and cycle.scope["method"] == "GET":
            self._begun = cycle, app
        else:
            self._begin(cycle, app)

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_unless_cut_off, cycle, app))

    def _give(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Give an answer that is ready; where there is none, the application answers."""
        self._begun = None
        may_be = not cycle.more_body and cycle.keep_alive and not self._ended and not self.flow.write_paused
        found = self._ready(cycle.scope) if may_be and self._ready is not None else None
        if found is None:
            self._begin(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        self._say(found)
        self.on_response_complete()

    def _is_given_again(self, data: bytes) -> bool:
        """Give an answer that went out before, where what came is one whole request that it answers."""
        found = None if self._again is None or self.flow.write_paused else self._again(data)
        if found is None:
            return False
        self._say(found)
        self.server_state.total_requests += 1
        self._keep_alive()
        return True

    def _say(self, found: Any) -> None:
        self.transport.write(b"%b%b\r\n%b" % (self._begins(found.status), found.head, found.body))

    def _begins(self, status: int) -> bytes:
        return _head(status, tuple(self.server_state.default_headers))

    def _answer(self, block: bytes, is_taken: bool) -> None:
        """Say that a letter was taken; where it was not, or not so simply said, the application answers it."""
        if is_taken and not self.flow.write_paused and not self.transport.is_closing():
            self.transport.write(b"%bcontent-length: 0\r\n\r\n" % self._begins(202))
            self.server_state.total_requests += 1
            self._keep_alive()
            block = b""
        if block or self._behind or self._is_last:
            # As if it came now: whoever told this goes on with what they were about.
            self.loop.call_soon(self._go_on, block, context=self._context)
        else:
            self._is_taking = False

    def _go_on(self, block: bytes) -> None:
        read, self._behind = block + self._behind, b""
        self._is_taking = False
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if read:
            self._read(read)
        if self._is_last:
            super().shutdown()

    def _keep_alive(self) -> None:
        """Wait for the next request: one timer goes on running for many."""
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come for long, or something was taken in at once meanwhile."""
        left_s = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._is_taking or left_s > 0:
            wait_s = self.timeout_keep_alive if self._is_taking else left_s
            self.timeout_keep_alive_task = self.loop.call_later(wait_s, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    def shutdown(self) -> None:
        """The server ends: what was begun is finished."""
        if self._is_taking:
            self._is_last = True
        else:
            super().shutdown()


async def _unless_cut_off(cycle: RequestResponseCycle, app: Any, scope: Any, receive: Any, send: Any) -> None:
    """Have the application answer. Where the server ends before it has, the log says so in a line, and so does a 503.

    Whoever has half an answer already sees the connection end.
    """
    try:
        await app(scope, receive, send)
    except CancelledError:
        # What this request waited for may have been left off, and nobody has told the request itself to end.
        if not ((own := current_task()) and own.cancelling()):
            raise
        log.warning(REQUEST_CUT_OFF, method=scope["method"], path=without_secret(scope["path"])[:200])
        if cycle.response_started:
            cycle.disconnected = True
            cycle.transport.close()
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(_CUT_OFF))]
        headers.append((b"retry-after", b"%d" % _MOMENT_S))
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": _CUT_OFF})
