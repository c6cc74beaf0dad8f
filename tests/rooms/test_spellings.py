"""Nothing of a request leads to this machine or its neighbours, however its host is spelled and whenever it changes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import cycle
from typing import Any

import httpx
import pytest

from fedimark.errors import Unreachable, Untrustworthy
from fedimark.here import entered
from fedimark.remote import client, guard
from tests.rooms.peers import Peer, Says, way_out
from tests.rooms.spellings import LITERALS, NAMES

PUBLIC_ADDRESS = "93.184.216.34"


class Network:
    """A machine that looks no further than its door: who was to be connected to, and what names mean here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connected: list[str] = []
        self.answers: Callable[[str], list[str]] = lambda host: [PUBLIC_ADDRESS]
        monkeypatch.setattr(socket, "getaddrinfo", self._look_up)
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", self._look_up_soon)
        monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", self._connect)

    def _look_up(self, host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in self.answers(str(host))
        ]

    async def _look_up_soon(self, host: Any, port: Any, **_: Any) -> list[Any]:
        return self._look_up(host, port)

    async def _connect(self, _: Any, address: Any) -> None:
        self.connected.append(str(address[0]))
        raise OSError("nothing leaves this test")


@pytest.fixture
def network(monkeypatch) -> Network:
    """No packet leaves, and each that would have is known."""
    return Network(monkeypatch)


class Marks(httpx.AsyncBaseTransport):
    """https://marks.example answers from memory, and everything else is asked over the real way out."""

    def __init__(self, peer: Peer, real: httpx.AsyncClient) -> None:
        self.marks = httpx.ASGITransport(app=peer)
        self.real = real

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "marks.example" and request.url.port is None:
            return await self.marks.handle_async_request(request)
        return await self.real.send(request, stream=True)


@asynccontextmanager
async def beside_marks(peer: Peer, **chosen: Any) -> AsyncIterator[None]:
    """A server with its real way out, to whom one other server is near."""
    async with (
        way_out(**chosen) as here,
        httpx.AsyncClient(transport=Marks(peer, here.http)) as http,
        entered(replace(here, http=http)),
    ):
        yield


async def get(url: str) -> client.Answer:
    """Ask for a page."""
    return await client.get(url, accept="*/*", signer=None)


async def reaches_nobody(url: str) -> None:
    """It is refused, or its name leads nowhere."""
    with pytest.raises((Untrustworthy, Unreachable)):
        await get(url)


@pytest.mark.parametrize("loopback", [False, True], ids=["in life", "with loopback allowed"])
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("redirected", [False, True], ids=["asked", "redirected"])
async def test_no_spelling_of_a_private_host_is_reached(network, redirected, scheme, loopback, subtests):
    peer = Peer()
    network.answers = lambda _: ["10.0.0.1" if loopback else "127.0.0.1"]
    async with beside_marks(peer, allow_loopback=loopback):
        for name, host in LITERALS.items():
            if loopback and guard.is_this_machine(host.removesuffix(":8000").strip("[]")):
                continue  # what that setting is for
            with subtests.test(name):
                network.connected.clear()
                url = f"{scheme}://{host}/latest"
                peer.answers["/u/ana"] = Says(302, b"", {"location": url})

                await reaches_nobody("https://marks.example/u/ana" if redirected else url)

                assert network.connected == []


@pytest.mark.parametrize("redirected", [False, True], ids=["asked", "redirected"])
async def test_no_name_leads_to_a_private_host(network, redirected, subtests):
    peer = Peer()
    peer.answers["/u/ana"] = Says(302, b"", {"location": "https://rebinding.example/u/ana"})
    for name, addresses in NAMES.items():
        with subtests.test(name):
            network.answers = lambda _, addresses=addresses: addresses
            async with beside_marks(peer):
                with pytest.raises(Untrustworthy, match="private-address"):
                    await get(f"https://{'marks' if redirected else 'rebinding'}.example/u/ana")

            assert network.connected == []


def test_there_are_at_least_sixty_of_them():
    assert len(LITERALS) + len(NAMES) >= 60
    assert len(set(LITERALS.values())) == len(LITERALS)


# --- names that change ------------------------------------------------------------------------------------------------


async def test_a_name_that_changes_between_check_and_connect_leads_to_no_private_host(network):
    turns = cycle([[PUBLIC_ADDRESS], ["127.0.0.1"]])
    network.answers = lambda _: next(turns)

    for _ in range(6):
        async with way_out():
            with pytest.raises((Untrustworthy, Unreachable)):
                await get("https://rebinding.example/")

    assert set(network.connected) == {PUBLIC_ADDRESS}
    assert len(network.connected) == 3


@pytest.mark.parametrize("private", ["127.0.0.1", "::1", "169.254.169.254", "64:ff9b::7f00:1"])
async def test_a_name_with_a_public_and_a_private_address_leads_to_the_public_one_alone(network, private):
    for addresses in ([PUBLIC_ADDRESS, private], [private, PUBLIC_ADDRESS]):
        network.answers = lambda _, addresses=addresses: addresses
        network.connected.clear()
        async with way_out():
            with pytest.raises((Untrustworthy, Unreachable)):
                await get("https://rebinding.example/")

        assert set(network.connected) <= {PUBLIC_ADDRESS}


async def test_a_name_that_changes_between_two_hops_leads_to_no_private_host(network):
    turns = iter([[PUBLIC_ADDRESS], ["127.0.0.1"], ["127.0.0.1"]])
    network.answers = lambda _: next(turns)
    peer = Peer()
    peer.answers["/u/ana"] = Says(302, b"", {"location": "https://rebinding.example/"})

    async with beside_marks(peer):
        for url in ("https://rebinding.example/", "https://marks.example/u/ana"):
            with pytest.raises((Untrustworthy, Unreachable)):
                await get(url)

    assert set(network.connected) <= {PUBLIC_ADDRESS}
