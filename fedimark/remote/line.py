"""One kept connection to another server: requests one after the other, each with its answer, bounded in every part."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, NamedTuple

import httptools

_LONGEST_REST = 65_536  # bytes of an answer beside its body: heads, what stands between chunks, trailers


class Told(NamedTuple):
    """An answer as it came over the wire, its body as it was packed; `is_whole` where that came to its end."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    is_whole: bool


class Broken(OSError):
    """What came is no HTTP, has a head without end, or ended before an answer began."""


class Stale(Broken):
    """A connection that was kept had been closed there: nothing was answered, and it may be asked anew."""


class Line(asyncio.Protocol):
    """A connection; whoever has it in hand asks over it alone. `is_fit` for another request, or not any more."""

    def __init__(self) -> None:
        self.is_fit = True
        self.idle_since = 0.0
        self._was_asked = False
        self._waiter: asyncio.Future[None] | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._has_head, self._is_whole, self._wants_head = False, False, True
        self._begin(0)

    async def exchange(self, request: bytes, most: int, patience_s: float | None) -> Told:
        """Send a request and read its answer: of the body `most` bytes and whatever came with them.

        `patience_s` is how long the body is waited for once the head has come. Raises Broken.
        """
        is_reused, self._was_asked = self._was_asked, True
        self._begin(most)
        try:
            if not self.is_fit:
                raise Broken("closed")
            self._transport.write(request)
            await self._next()
            self._wants_head = False
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    while not self._is_done():
                        await self._next()
        except Broken as error:
            if is_reused and not self._read:
                raise Stale("stale") from error
            raise
        finally:
            if not self._is_whole or self._transport.is_closing():
                self.close()
        return Told(self._status, self._headers, bytes(self._body), self._is_whole)

    def close(self) -> None:
        """Not to be asked over again."""
        self.is_fit = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It stands."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Read on; what nobody asked for ends the connection."""
        if self._is_whole or not self._was_asked:
            self.close()
            return
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_fit = False
        except httptools.HttpParserError:
            self._fail()
            return
        if self._read - self._seen > _LONGEST_REST:
            self._fail()
        elif self._is_done() or (self._has_head and self._wants_head):
            self._tell(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes, which is how an answer without a length ends."""
        names = {name for name, _ in self._headers}
        if self._has_head and exc is None and names.isdisjoint((b"content-length", b"transfer-encoding")):
            self._is_whole = True
        self._fail()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of an answer."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """A head is read; of one that only says that more will come (1xx) nothing is kept."""
        self._status = self._parser.get_status_code()
        self._has_head = self._status >= 200
        if not self._has_head:
            self._headers = []

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._seen += len(body)
        if len(self._body) <= self._most:
            self._body += body

    def on_message_complete(self) -> None:
        """An answer is whole; a second one that nobody asked for is one too many."""
        if self._has_head:
            self.is_fit = self.is_fit and not self._is_whole and self._parser.should_keep_alive()
            self._is_whole = True

    def _begin(self, most: int) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._status, self._most, self._read, self._seen = 0, most, 0, 0
        self._headers, self._body = [], bytearray()
        self._has_head, self._is_whole, self._wants_head = False, False, True

    async def _next(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _is_done(self) -> bool:
        return self._is_whole or len(self._body) > self._most or (self._has_head and not self.is_fit)

    def _fail(self) -> None:
        self.is_fit = False
        self._tell(None if self._has_head else Broken("no-answer"))

    def _tell(self, error: Broken | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            if error is None:
                self._waiter.set_result(None)
            else:
                self._waiter.set_exception(error)
