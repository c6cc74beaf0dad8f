"""Bounds on what a request's head may be, and on how long its body may pause: httptools has none of its own.

uvicorn would take 200 MB of headers, or a line that never ends, and wait for a body for ever.
"""

from __future__ import annotations

from asyncio import TimerHandle, Transport
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

LINE_LIMIT = 65_536  # bytes of a request line
HEAD_LIMIT = 65_536  # bytes of all header lines together
HEADER_LINES = 200
HEAD_S = 10.0  # from a head's first byte to its last, and from a connection to the first byte
BODY_S = 30.0  # from one part of a body to the next: whoever sends nothing would be waited for as long as they like

_LINGER_S = 2.0  # how long a refused peer may go on sending, so that it gets to read why
_LINGER_BYTES = 1_048_576
_AROUND_URL = len("  HTTP/1.1")


class _Refusal(Exception):
    """A head beyond the bounds; leaves httptools' callbacks and comes back as its parser error."""


class BoundedHeads(HttpToolsProtocol):
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

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """A peer has come: it has ten seconds to say something."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """A peer has gone."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, within the bounds."""
        if self._ended:
            self._throw_away(data)
        else:
            self._read(data)

    def _read(self, data: bytes) -> None:
        self._is_short = self._in_head
        self._came_forward = False
        self._parse(data)
        # Of nearly every request the whole head comes at once, and its body with it.
        if self._ended:
            return
        if not self._in_head:
            self._await_body()
        elif self._is_short and self._timer is None:
            self._await_head()
        # Where in a block the parser came forward is unknown: what follows it there is not counted.
        self._loose = 0 if self._came_forward else self._loose + len(data)
        if self._loose > LINE_LIMIT + HEAD_LIMIT and not self.transport.is_closing():
            self._refuse(431, "The head of this request is too large.")

    def _parse(self, data: bytes) -> None:
        super().data_received(data)

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
        self._is_short = False
        self._stop_timer()
        super().on_headers_complete()
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        """A part of a body."""
        self._came_forward = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole; another may follow on this connection."""
        self._came_forward = self._in_head = True
        self._stop_timer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser would not take: our own refusal, or what is no HTTP."""
        self._refuse(*self._refusal)

    def _stop(self, status: int, words: str) -> None:
        self._refusal = (status, words)
        raise _Refusal(words)

    def _await_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self._too_slow)

    def _await_body(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(BODY_S, self._too_slow)

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
        # It is we who have not taken what came, or have not come to it.
        if not self._in_head and (self.flow.read_paused or self.pipeline):
            self._await_body()
            return
        self._refuse(408, "The request took too long to arrive.")

    def _refuse(self, status: int, words: str) -> None:
        self._ended = True
        self._stop_timer()
        self._unset_keepalive_if_required()
        if self._in_head and self.cycle is not None and not self.cycle.response_complete:
            # An earlier request of this connection is being answered: its answer is the last.
            self.cycle.keep_alive = False
            return
        if not self._in_head and not self._gives_up():
            return
        body = f"{words}\n".encode()
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(STATUS_LINE[status] + head + body)
        # Closing on bytes that nobody read resets the connection, and the peer would lose the answer.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _gives_up(self) -> bool:
        """Wait for the rest of a body no more, and let nobody wait for it; whether its sender can be told why."""
        if self.pipeline and self.pipeline[0][0] is self.cycle:  # not begun, for another is being answered
            self.pipeline.popleft()
            return False
        is_unanswered = not self.cycle.response_started
        if not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if not is_unanswered:
            self.transport.close()
        return is_unanswered

    def _throw_away(self, data: bytes) -> None:
        self._thrown_away += len(data)
        if self._thrown_away > _LINGER_BYTES:
            self.transport.abort()
