"""Several whole servers in one process, which reach each other by their host names and nothing else."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from fedimark.accounts.queries import INSTANCE_NAME
from fedimark.accounts.register import KeyPairs
from fedimark.database import fetch_one
from fedimark.here import entered
from fedimark.models import Actor
from fedimark.settings import Settings, read
from tests.support.chance import Chance
from tests.support.clock import Clock
from tests.support.composition import running
from tests.support.keys import Drawer
from tests.support.people import Person
from tests.support.server import Server, browser
from tests.support.storage import Storage

_DUE = """
SELECT (SELECT COUNT(*) FROM received_activity WHERE applied_at IS NULL AND next_at <= ?)
     + (SELECT COUNT(*) FROM delivery WHERE dead_at IS NULL AND next_at <= ?)
     + (SELECT COUNT(*) FROM job WHERE state = 'waiting' AND next_at <= ?) AS due
"""


def _itself(settings: Settings, keys: KeyPairs) -> dict[str, Any]:
    """The row of a server's own actor, as its first start would make it."""
    blank = {name: field.default for name, field in Actor._meta.fields_map.items() if name != "id"}
    name = urlsplit(settings.base_url).hostname or ""
    own = {"local_name": INSTANCE_NAME, "kind": "Application", "username": name, "created_at": 0}
    return {**blank, **own, **asdict(keys)}


class HostRouting(httpx.AsyncBaseTransport):
    """The network of a fleet: a host name leads to that server's application, unknown ones nowhere."""

    def __init__(self) -> None:
        self.apps: dict[str, httpx.ASGITransport] = {}
        self.down: set[str] = set()
        self.requests: list[httpx.Request] = []

    def add(self, host: str, asgi: Any) -> None:
        """Let a host name lead to an application; its crashes become 500, as they do over a socket."""
        self.apps[host] = httpx.ASGITransport(app=asgi, raise_app_exceptions=False, client=("192.0.2.1", 443))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as the host would; raises httpx.ConnectError for hosts that are unknown or down."""
        self.requests.append(request)
        host = request.url.netloc.decode("ascii")
        if host not in self.apps or host in self.down:
            raise httpx.ConnectError(f"nobody answers at {host}", request=request)
        return await self.apps[host].handle_async_request(request)


class Fleet:
    """Servers made on demand; `network` shows and breaks the way between them."""

    def __init__(self, storage: Storage, clock: Clock, folder: Path) -> None:
        self.storage = storage
        self.clock = clock
        self.chance = Chance()
        self.drawer = Drawer()
        self.folder = folder
        self.network = HostRouting()
        self.servers: dict[str, Server] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Fleet:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *raised: Any) -> None:
        await self._stack.aclose()

    async def settings(self, host: str, **chosen: str) -> Settings:
        """Settings of a new server with a database of its own.

        Saved pages are read where a test is about that: all others count who asks whom.
        """
        chosen.setdefault("read_pages", "false")
        return read(
            {},
            base_url=f"https://{host}",
            database_url=await self.storage.new(),
            data_dir=str(self.folder / host),
            **chosen,
        )

    async def server(self, host: str, **chosen: str) -> Server:
        """The server of that host; the first time it is made, with `chosen` settings."""
        if host not in self.servers:
            settings = await self.settings(host, **chosen)
            (self.folder / host).mkdir(exist_ok=True)
            await self.storage.insert(settings.database_url, "actor", _itself(settings, self.drawer.take()))
            http = await self._stack.enter_async_context(httpx.AsyncClient(transport=self.network))
            here, asgi = await self._stack.enter_async_context(running(settings, http, self.clock, self.chance))
            client = await self._stack.enter_async_context(browser(asgi, settings.base_url))
            self.network.add(host, asgi)
            self.servers[host] = Server(host, here, asgi, self.clock, client, self.drawer)
        return self.servers[host]

    async def people(self, *handles: str) -> list[Person]:
        """People by handle (`ana@a.example`); their servers are made when they are not there yet."""
        found = []
        for handle in handles:
            name, _, host = handle.partition("@")
            server = await self.server(host)
            found.append(server.people.get(name) or await server.sign_up(name))
        return found

    async def person(self, handle: str) -> Person:
        """One person by handle."""
        return (await self.people(handle))[0]

    async def settle(self) -> None:
        """Run every server's worker until no queue holds anything due; what must wait stays for its time."""
        for _ in range(20):
            for server in self.servers.values():
                await server.settle()
            if not [host for host, server in self.servers.items() if await self._due(server)]:
                return
        raise AssertionError("the fleet does not come to rest")

    async def wait_for_undo(self) -> None:
        """Let the time for an undo run out, and settle: removals are told now."""
        self.clock.forward(seconds=31)
        await self.settle()

    async def _due(self, server: Server) -> int:
        async with entered(server.here):
            moment = self.clock.micros
            row = await fetch_one(_DUE, moment, moment, moment)
        return int(row["due"]) if row else 0
