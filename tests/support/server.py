"""One whole server of a test: its own settings, database, clock and way out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from fedimark import worker
from fedimark.here import Here
from tests.support.clock import Clock
from tests.support.keys import Drawer
from tests.support.people import Person, sign_up


@dataclass(slots=True)
class Server:
    """`here` is what the server is made of, `asgi` its whole door; `host` is what follows the @."""

    host: str
    here: Here
    asgi: Any
    clock: Clock
    client: httpx.AsyncClient
    drawer: Drawer = field(default_factory=Drawer)
    people: dict[str, Person] = field(default_factory=dict)

    async def sign_up(self, name: str, **chosen: Any) -> Person:
        """A person of this server, signed in; `chosen` goes to `accounts.register.register`."""
        person = await sign_up(self, name, **chosen)
        self.people[name] = person
        return person

    async def settle(self) -> None:
        """Run the worker until nothing is left to do."""
        await worker.settle(self.here)

    def browser(self) -> httpx.AsyncClient:
        """A client of its own, with an empty cookie jar."""
        return browser(self.asgi, self.here.settings.base_url)


def browser(asgi: Any, base_url: str) -> httpx.AsyncClient:
    """A client over the real application, without a socket; sends what a browser's own forms send."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=asgi),
        base_url=base_url,
        headers={"Accept": "text/html,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"},
    )
