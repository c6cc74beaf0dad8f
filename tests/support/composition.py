"""How a test's server is put together: exactly as in life, but for its clock and its way out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import httpx

from fedimark.database import Database
from fedimark.here import Here, entered
from fedimark.settings import Settings
from tests.support.clock import Clock


@asynccontextmanager
async def running(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> AsyncIterator[tuple[Here, Any]]:
    """A server and its ASGI application."""
    if _stands("fedimark.app"):
        async with import_module("fedimark.app").running(settings, http=http, clock=clock) as server:
            yield server.here, server.asgi
        return
    # Until fedimark/app.py stands: rows, clock and way out, and no doors.
    database = await Database(settings).open()
    here = Here(settings=settings, database=database, http=http, clock=clock)
    try:
        if _stands("fedimark.accounts.first"):
            async with entered(here):
                await import_module("fedimark.accounts.first").prepare(settings)
        yield here, _no_doors
    finally:
        await database.close()


def _stands(module: str) -> bool:
    room, _, _ = module.rpartition(".")
    return (not room or find_spec(room) is not None) and find_spec(module) is not None


async def _no_doors(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def settle(here: Here) -> None:
    """Run a server's worker until nothing is left."""
    await import_module("fedimark.worker").settle(here)
