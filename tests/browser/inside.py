"""A server within the test's own process that a browser can use, and pages elsewhere that it may read.

Servers of their own reach no page that everybody could: all that is on this machine looks private, and is never asked.
Here host names lead to applications, as between the servers of a fleet, and nothing opens a socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeVar

from playwright.sync_api import BrowserContext, Route
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route as PathRoute

from tests.support.clock import Clock
from tests.support.fleet import Fleet
from tests.support.people import Person
from tests.support.storage import SqliteStorage, SqliteTemplate

HERE: Final = "https://a.example"
_PATIENCE_S: Final = 60  # guards against hanging, nothing else
_PASSED_ON: Final = ("accept", "content-type", "hx-request", "hx-target", "hx-trigger")
_OF_THE_WAY: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})

T = TypeVar("T")


class Inside:
    """The server, with ana signed in, on a loop of its own."""

    def __init__(self, template: SqliteTemplate, folder: Path) -> None:
        self.fleet = Fleet(SqliteStorage(template), Clock(), folder)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._ana: Person | None = None

    def start(self) -> None:
        """Make the server, which reads pages, and ana."""
        self._thread.start()
        self._done(self._begin())

    def stop(self) -> None:
        """Take all of it down."""
        self._done(self.fleet.__aexit__(None, None, None))
        self._done(self.fleet.storage.drop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def add_page(self, host: str, html: str) -> None:
        """Let a host of elsewhere answer every address with a page."""

        async def answer(_request: Request) -> HTMLResponse:
            return HTMLResponse(html)

        self.fleet.network.add(host, Starlette(routes=[PathRoute("/{path:path}", answer)]))

    def open_to(self, context: BrowserContext) -> None:
        """Let a browser's requests come to the server, as ana's."""
        context.route(f"{HERE}/**", self._answer)

    def _answer(self, route: Route) -> None:
        asked = route.request
        headers = {name: value for name, value in asked.headers.items() if name in _PASSED_ON}
        status, given, body = self._done(self._ask(asked.method, asked.url, headers, asked.post_data_buffer))
        route.fulfill(status=status, headers=given, body=body)

    async def _begin(self) -> None:
        await self.fleet.__aenter__()
        server = await self.fleet.server("a.example", read_pages="true")
        self._ana = await server.sign_up("ana")

    async def _ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None
    ) -> tuple[int, dict[str, str], bytes]:
        assert self._ana is not None
        # A browser would ask anew where it is led, and that is not brought here again.
        answer = await self._ana.browser.request(method, url, headers=headers, content=body, follow_redirects=True)
        await self._ana.server.settle()
        given = {name: value for name, value in answer.headers.items() if name not in _OF_THE_WAY}
        return answer.status_code, given, answer.content

    def _done(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE_S)


@contextmanager
def inside(template: SqliteTemplate, folder: Path) -> Iterator[Inside]:
    """One that is taken down at the end."""
    server = Inside(template, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
