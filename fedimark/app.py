"""Composes a server: settings, database, way out, pages, doors; and enters it for every request."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from fedimark import logs, resources, worker
from fedimark.accounts import first
from fedimark.database import Database
from fedimark.doorway.errors import Errors
from fedimark.doorway.headers import Headers
from fedimark.doorway.origins import Origins
from fedimark.doorway.paths import check_query, routed_path
from fedimark.doorway.sessions import Sessions
from fedimark.here import Here, entered, here, now, random_chance, wall_clock
from fedimark.remote import client
from fedimark.routes import routes
from fedimark.settings import Settings, from_process
from fedimark.web.pages import environment, render

if TYPE_CHECKING:
    import httpx


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
        Path(settings.data_dir).mkdir(parents=True, exist_ok=True)
        server = Here(settings=settings, database=database, http=http, clock=clock, chance=chance)
        server.caches["pages"] = environment(resources.templates(), static_versions())
        async with entered(server):
            await first.prepare(settings)
        yield Server(server, compose(server))


def compose(server: Here) -> ASGIApp:
    """The doors of a server, from the outermost in: headers, errors, paths, who asks, from where, which room."""
    rooms: ASGIApp = Router(routes(), redirect_slashes=False)
    for layer in (Origins, Sessions, RawPaths):
        rooms = layer(rooms)
    return Door(server, Headers(Errors(rooms, _draw_error)))


def static_versions() -> dict[str, str]:
    """Each static file with the head of its hash: the address changes when the file does."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for path in sorted(resources.STATIC.iterdir())
        if path.is_file()
    }


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
        self.asgi: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self.asgi is not None:
            await self.asgi(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        logs.configure(self.settings.log_format)
        await receive()
        async with running(self.settings) as server:
            stop = asyncio.Event()
            working = asyncio.create_task(worker.run(server.here, stop)) if self.works else None
            self.asgi = server.asgi
            await send({"type": "lifespan.startup.complete"})
            await receive()
            stop.set()
            server.here.wake.set()
            if working:
                await working
        await send({"type": "lifespan.shutdown.complete"})


def _draw_error(request: Request, status: int, title: str, detail: str) -> str:
    values = {"status": status, "title": title, "detail": detail}
    path = request.scope["path"]
    return render(here().caches["pages"], "error.html", request.scope.get("viewer"), path, now(), **values)
