"""Serving over sockets: uvicorn with httptools and uvloop, and bounds on what a request's head may be.

httptools has no limit of its own: uvicorn takes 200 MB of headers, or a line that never ends.
"""

from __future__ import annotations

import math
import os
import signal
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import lru_cache, partial
from socket import socket
from types import FrameType
from typing import Any, TypeAlias

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from fedimark.logs import SERVING, log
from fedimark.settings import Settings

LINE_LIMIT = 65_536  # bytes of a request line
HEAD_LIMIT = 65_536  # bytes of all header lines together
HEADER_LINES = 200
HEAD_S = 10.0  # from a head's first byte to its last, and from a connection to the first byte

_LINGER_S = 2.0  # how long a refused peer may go on sending, so that it gets to read why
_LINGER_BYTES = 1_048_576
_KEEP_ALIVE_S = 30
_HANDED_OVER = 3  # the first of the sockets that systemd hands over (sd_listen_fds(3))
_AROUND_URL = len("  HTTP/1.1")


def serve(settings: Settings, host: str, port: int, *, workers: int, works: bool, environ: Mapping[str, str]) -> None:
    """Serve until a signal ends it; `works` runs the worker beside. Returns when everything begun is finished.

    On sockets that systemd hands over, where it does, else on `host` and `port`. `environ` is what the serving
    processes read their settings from, beside this one's environment. Ends the process with a message when the port is
    taken.
    """
    os.environ.update(environ)
    config = Config(
        "fedimark.app:serve_and_work_app" if works else "fedimark.app:serve_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application reads them: it must know who brought them
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_s),
    )
    listening = handed_over(os.environ) or [_bound(config)]
    log.info(SERVING, address=_address(listening[0]), base_url=settings.base_url, workers=workers)
    # uvicorn raises the signal that ended it once more, when all is done: that is no failure.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _done)
    if workers > 1:
        _Processes(config, sockets=listening).run()
        return
    server = uvicorn.Server(config)
    server.run(sockets=listening)
    if not server.started:
        raise SystemExit(1)


def handed_over(environ: Mapping[str, str]) -> list[socket]:
    """The listening sockets that systemd opened for this process, of its family as they are; none where it did not."""
    if environ.get("LISTEN_PID") != str(os.getpid()):
        return []
    return [socket(fileno=_HANDED_OVER + number) for number in range(int(environ.get("LISTEN_FDS", "0")))]


def _address(listening: socket) -> str:
    name = listening.getsockname()
    return f"http://{name[0]}:{name[1]}" if isinstance(name, tuple) else f"unix:{name}"


def _done(number: int, frame: FrameType | None) -> None:
    """Nothing is left to do."""


class _Processes(Multiprocess):
    """Several processes on the same sockets, ended together: by a second signal at once."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._end)

    def terminate_all(self) -> None:
        """Let every process finish what it began; who comes now is refused, or waits where systemd holds the socket."""
        for listening in self.sockets:
            listening.close()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._kill)
        super().terminate_all()

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.should_exit.set()

    def _kill(self, number: int, frame: FrameType | None) -> None:
        for each in self.processes:
            each.process.kill()
        os._exit(128 + number)


def _bound(config: Config) -> socket:
    try:
        return config.bind_socket()
    except SystemExit:  # uvicorn has said why, and would end with 3
        raise SystemExit(1) from None


AtOnce: TypeAlias = Callable[[bytes, Callable[[bool], None]], bool]
"""Takes in what a connection brought, where it is one whole request, and says later whether it did: then 202 is
answered. Returns whether it may; else nothing is said later."""
AnswerOf: TypeAlias = Callable[[Any], Any]
"""The answer to a request, where it is there without waiting: its status, head and body; else None. Asked by the scope
of a request, and before that by what a connection brought."""
_Begun: TypeAlias = tuple[RequestResponseCycle, Any]


@lru_cache(maxsize=64)
def _head(status: int, default: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """How each answer of a status begins, with what stands in all of a second."""
    return STATUS_LINE[status] + b"".join([b"%b: %b\r\n" % each for each in default])


class _Refusal(Exception):
    """A head beyond the bounds; leaves httptools' callbacks and comes back as its parser error."""


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose heads are bounded in bytes, lines and time: 414, 431, 408, and an end of the connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._refusal: tuple[int, str] = (400, "This is no HTTP request.")
        self._ended = False  # refused: what still comes is thrown away
        self._thrown_away = 0
        self._in_head = True  # also between two requests
        self._is_short = False  # a head began, or bytes came that may begin one, and it is not whole
        self._timer: TimerHandle | None = None
        self._loose = 0  # bytes since the parser last came forward: of an unfinished head, or of trailers
        self._came_forward = False
        self._head_bytes = 0
        self._head_lines = 0
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
        """A peer has come: it has ten seconds to say something."""
        super().connection_made(transport)
        self._context = copy_context()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """A peer has gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in at once what can be, else feed the parser, within the bounds."""
        if self._ended:
            self._throw_away(data)
        elif self._is_taking:
            self.flow.pause_reading()
            self._behind += data
        # A task, its objects and all doors cost a letter twice what its proof does: the most of them need neither.
        elif self._is_between() and (self._is_taken(data) or self._is_given_again(data)):
            self._stop_timer()
        else:
            self._read(data)

    def _is_taken(self, data: bytes) -> bool:
        """Begin to take in at once what came, where that may be."""
        self._is_taking = self._at_once is not None and self._at_once(data, partial(self._answer, data))
        return self._is_taking

    def _is_between(self) -> bool:
        """Whether no request is under way, nor a part of one."""
        is_answered = self.cycle is None or (self.cycle.response_complete and self.cycle.keep_alive)
        return is_answered and self._in_head and not self._is_short and not self._is_last

    def _read(self, data: bytes) -> None:
        self._is_short = self._in_head
        self._came_forward = False
        self._reading = True
        super().data_received(data)
        self._reading = False
        if self._begun is not None:
            self._give(*self._begun)
        if (
            self._is_short and self._timer is None and not self._ended
        ):  # of nearly every request the whole head comes at once
            self._await_head()
        # Where in a block the parser came forward is unknown: what follows it there is not counted.
        self._loose = 0 if self._came_forward else self._loose + len(data)
        if self._loose > LINE_LIMIT + HEAD_LIMIT and not self._ended and not self.transport.is_closing():
            self._refuse(431, "The head of this request is too large.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head_bytes = self._head_lines = 0
        self._came_forward = self._is_short = True

    def on_url(self, url: bytes) -> None:
        """A part of the request line's target."""
        super().on_url(url)
        if len(self.url) > LINE_LIMIT:
            self._stop(414, "The request line is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header line, or a trailer."""
        self._head_bytes += len(name) + len(value) + len(": \r\n")
        self._head_lines += 1
        if self._head_bytes > HEAD_LIMIT:
            self._stop(431, "The headers are too large.")
        if self._head_lines > HEADER_LINES:
            self._stop(431, "There are too many headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head is whole: the application may have it."""
        if len(self.parser.get_method()) + len(self.url) + _AROUND_URL > LINE_LIMIT:
            self._stop(414, "The request line is too long.")
        self._in_head = self._is_short = False
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._came_forward = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole; another may follow on this connection."""
        self._came_forward = self._in_head = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        # A task and all doors cost what is ready more than all else: it needs neither.
        if self._reading and self._ready is not None and cycle.scope["method"] == "GET":
            self._begun = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _give(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Give an answer that is ready; where there is none, the application answers."""
        self._begun = None
        may_be = not cycle.more_body and cycle.keep_alive and not self._ended and not self.flow.write_paused
        found = self._ready(cycle.scope) if may_be and self._ready is not None else None
        if found is None:
            super()._start_asgi_task(cycle, app)
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

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser would not take: our own refusal, or what is no HTTP."""
        self._refuse(*self._refusal)

    def _stop(self, status: int, words: str) -> None:
        self._refusal = (status, words)
        raise _Refusal(words)

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.headers is None:  # not one byte of a request: nobody waits for an answer
            self.transport.close()
            return
        self._refuse(408, "The request took too long to arrive.")

    def _refuse(self, status: int, words: str) -> None:
        self._ended = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self.cycle is not None and not self.cycle.response_complete:
            # An earlier request of this connection is being answered: its answer is the last.
            self.cycle.keep_alive = False
            return
        body = f"{words}\n".encode()
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        # Closing on bytes that nobody read resets the connection, and the peer would lose the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > _LINGER_BYTES:
            self.transport.abort()
