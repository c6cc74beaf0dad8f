"""How a test's server is put together: exactly as in life, but for its clock, its luck and its way out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from fedimark import app
from fedimark.here import Here
from fedimark.settings import Settings
from tests.support.chance import never
from tests.support.clock import Clock


@asynccontextmanager
async def running(
    settings: Settings, http: httpx.AsyncClient, clock: Clock, chance: Callable[[], float] = never
) -> AsyncIterator[tuple[Here, Any]]:
    """A server and its ASGI application."""
    async with app.running(settings, http=http, clock=clock, chance=chance) as server:
        yield server.here, server.asgi
