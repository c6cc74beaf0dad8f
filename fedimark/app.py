"""Composes a server: settings, database, way out, pages, doors; and enters it for every request."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from fedimark import logs, resources, spans, worker
from fedimark.accounts import first
from fedimark.activitypub.door import Inboxes, take_at_once
from fedimark.database import Database, brought_in
from fedimark.doorway.errors import Errors
from fedimark.doorway.headers import Headers
from fedimark.doorway.languages import language_of
from fedimark.doorway.origins import Origins
from fedimark.doorway.paths import check_query, routed_path
from fedimark.doorway.probes import Probes
from fedimark.doorway.ready import Ready, Whole
from fedimark.doorway.sessions import Sessions
from fedimark.doorway.table import Table
from fedimark.doorway.watch import NUMBER, TRUSTED, Watch, answered_now, said_again
from fedimark.here import Here, entered, here, now, random_chance, standing_in, wall_clock
from fedimark.keeping import figures
from fedimark.language.catalogue import read
from fedimark.remote import client
from fedimark.routes import routes
from fedimark.settings import Settings, from_process
from fedimark.web.pages import environment, render
from fedimark.web.static_files import static_versions
from fedimark.web.translated import Templates

if TYPE_CHECKING:
    import httpx


_ENDS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Server:
    """One running server: what it is made of, and its whole door."""

    here: Here
    asgi: ASGIApp


class Door:
    """Every request passes here: it enters the server's own context and is routed on its raw path."""

    def __init__(self, server: Here, rooms: ASGIApp) -> None:
        self.server = server
        self.rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as this server."""
        async with entered(self.server):
            await self.rooms(scope, receive, send)


class RawPaths:
    """Routes on the raw path, each segment decoded once and strictly."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the path that routes are matched against."""
        if scope["type"] == "http":
            # In place: the layers outside must see who asks, which the next one finds out.
            scope["path"] = routed_path(scope.get("raw_path") or scope["path"].encode())
            check_query(scope.get("query_string", b""))
        await self.app(scope, receive, send)


class Proxied(ProxyHeadersMiddleware):
    """Whose request it is, by the word of a trusted proxy; and whether there is one, which else nobody knows after."""

    def __init__(self, app: Any, trusted: str) -> None:
        super().__init__(app, trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on as the one whom the proxy brings."""
        scope[TRUSTED] = self.trusts(scope)
        await super().__call__(scope, receive, send)

    def trusts(self, scope: Any) -> bool:
        """Whether a trusted proxy brings a request."""
        return (scope.get("client") or ("",))[0] in self.trusted_hosts


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    http: httpx.AsyncClient | None = None,
    clock: Callable[[], int] = wall_clock,
    chance: Callable[[], float] = random_chance,
) -> AsyncIterator[Server]:
    """A server from its settings, ready to answer; the database must be migrated. `http`, `clock` and
    `chance` are for tests.

    Raises Unavailable when the database does not answer, Refused when it belongs to another base URL.
    """
    async with AsyncExitStack() as stack:
        database = await Database(settings).open()
        stack.push_async_callback(database.close)
        if http is None:
            http = await stack.enter_async_context(client.build(settings))
        if settings.otel_endpoint:
            database.metrics.span, end = spans.exported(settings.otel_endpoint)
            stack.push_async_callback(asyncio.to_thread, end)
        Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
        server = Here(settings, database, http, clock, chance=chance, metrics=database.metrics)
        server.caches["pages"] = _pages
        async with entered(server):
            await first.prepare(settings)
        yield Server(server, compose(server))


def compose(server: Here) -> ASGIApp:
    """The doors of a server, from the outermost in: probes, inboxes, numbers, answers that are ready, headers, errors,
    paths, who asks, which room.
    """
    rooms: ASGIApp = _rooms()
    for layer in (Origins, Sessions, RawPaths):
        rooms = layer(rooms)
    return Door(server, Probes(Inboxes(Watch(Ready(Headers(Errors(rooms, _draw_error)))))))


@lru_cache(maxsize=1)
def _rooms() -> Table:
    """The table of addresses, which is the same for every server of a process."""
    return Table(routes())


@cache
def _pages(language: str) -> Templates:
    """The templates of this installation in a language, compiled once a process and only where one is asked for: they
    hold nothing of the server they draw for.
    """
    return environment(resources.templates(), static_versions(), read(resources.LOCALES, language))


def serve_app() -> ASGIApp:
    """What one process serves, from the environment, without a worker."""
    return _Serving(from_process(), works=False)


def serve_and_work_app() -> ASGIApp:
    """What one process serves, from the environment, with the worker beside it."""
    return _Serving(from_process(), works=True)


class _Serving:
    """An ASGI application that builds its server when it starts, and takes it down when it ends."""

    def __init__(self, settings: Settings, *, works: bool) -> None:
        self.settings = settings
        self.works = works
        self.asgi: Proxied | None = None
        self.inside: Context | None = None  # of the server that is being served

    def at_once(self, block: bytes, answer: Callable[[bool], None]) -> bool:
        """Take in a whole request before it has a task and passes all doors; see `take_at_once`."""
        return self.inside is not None and self.inside.run(take_at_once, block, answer)

    def ready(self, scope: Scope) -> Whole | None:
        """The answer to a request that needs neither a task nor the doors, for it went out before; else None."""
        if self.inside is None or self.asgi is None:
            return None
        scope[TRUSTED] = self.asgi.trusts(scope)
        return self.inside.run(answered_now, scope)

    def again(self, block: bytes) -> Whole | None:
        """The same for what a connection brought, where that is one whole request, before anything takes it apart."""
        return self.inside.run(said_again, block) if self.inside is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self.asgi is not None:
            await self.asgi(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        logs.configure(self.settings.log_format)
        await receive()
        async with running(self.settings) as server, kept_up(server.here):
            ending = server.here.ending
            # Else the worker would begin new things while the server waits for requests to end.
            hear_of_the_end(ending, {end: signal.getsignal(end) for end in _ENDS})
            working = asyncio.create_task((worker.run if self.works else worker.pass_on)(server.here, ending))
            self.asgi = Proxied(server.asgi, self.settings.trusted_proxies)
            with standing_in(server.here):
                self.inside = copy_context()
            gc.freeze()  # what a process is made of stays: going through it took 70 ms, in which nobody was answered
            await send({"type": "lifespan.startup.complete"})
            await receive()
            ending.set()
            server.here.wake.set()
            await working
        await send({"type": "lifespan.shutdown.complete"})


@asynccontextmanager
async def kept_up(server: Here) -> AsyncIterator[None]:
    """While a block runs, do what every process of a server that lives on does beside: count, and see to the log."""
    async with figures.kept(server), entered(server), brought_in():
        yield


def hear_of_the_end(ending: asyncio.Event, beside: Mapping[int, Any] = MappingProxyType({})) -> None:
    """Set `ending` as soon as a signal asks this process to end; a second one ends it at once.

    For the main thread, in the loop that `ending` belongs to. `beside` are handlers that the first signal calls too.
    Where a parent started this process, the second is the parent's affair: who signals all of them, as a terminal does,
    has not asked twice.
    """
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def heard(number: int, frame: FrameType | None) -> None:
        if not seen:
            seen.append(number)
            loop.call_soon_threadsafe(ending.set)
            if callable(then := beside.get(number)):
                then(number, frame)
        elif multiprocessing.parent_process() is None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    for end in _ENDS:
        signal.signal(end, heard)


def _draw_error(request: Request, status: int, title: str, detail: str) -> str:
    # Only where we failed: every other answer must be the same for the same question.
    number = request.scope.get(NUMBER, "") if status >= 500 else ""
    values = {"status": status, "title": title, "detail": detail, "number": number}
    path = request.scope["path"]
    pages = here().caches["pages"](language_of(request))
    return render(pages, "error.html", request.scope.get("viewer"), path, now(), **values)
