"""Programs of a test's people: a key, and a client that brings it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn

from fedimark.accounts.tokens import USUAL, Scope, make_token
from fedimark.here import entered
from fedimark.serving.protocol import BoundedProtocol
from tests.support.people import Person

PATIENCE_S = 30  # a hang guard, no measurement


async def key_of(person: Person, scopes: Scope = USUAL) -> str:
    """A new key of somebody's, as `NAME:HEX`."""
    async with entered(person.server.here):
        return await make_token(person.viewer, "a program", scopes)


async def program_of(person: Person, scopes: Scope = USUAL) -> httpx.AsyncClient:
    """A program that brings a new key of somebody's with each request, and says nothing a browser would."""
    server = person.server
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=server.asgi),
        base_url=server.here.settings.base_url,
        headers={"Authorization": f"Token {(await key_of(person, scopes)).rpartition(':')[2]}"},
    )


@asynccontextmanager
async def listening(asgi: Any) -> AsyncIterator[str]:
    """A server on a socket of this machine, spoken to as in life; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(asgi, http=BoundedProtocol, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    config.load()
    serving = asyncio.create_task(server._serve(sockets=[listener]))
    async with asyncio.timeout(PATIENCE_S):
        while not server.started:
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
