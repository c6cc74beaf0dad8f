"""Two whole servers in one process never share rows, settings, clock, keys or what they keep in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fedimark.accounts.queries import instance_actor
from fedimark.accounts.register import register
from fedimark.database import fetch, fetch_one, write
from fedimark.here import entered, here, now
from tests.support.clock import Clock
from tests.support.composition import running
from tests.support.fleet import Fleet
from tests.support.people import PASSWORD, Person
from tests.support.server import Server, browser

AS2 = {"Accept": "application/activity+json"}

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what no database could do otherwise than another."""


@dataclass(frozen=True)
class Pair:
    """Two servers with a clock each, ten years apart, and an ana on each."""

    a: Server
    b: Server
    ana_a: Person
    ana_b: Person

    def each(self) -> tuple[tuple[Server, Person], tuple[Server, Person]]:
        """Both, with their people."""
        return (self.a, self.ana_a), (self.b, self.ana_b)


@pytest.fixture
async def pair(fleet: Fleet) -> AsyncIterator[Pair]:
    """Made as the fleet makes them, but for the clocks and for settings that differ wherever they can."""
    later = Clock()
    later.forward(days=3650)
    async with AsyncExitStack() as stack:
        servers = [
            await _server(stack, fleet, "a.example", fleet.clock, page_size="3", undo_s="30"),
            await _server(stack, fleet, "b.example", later, page_size="5", undo_s="300"),
        ]
        people = [await server.sign_up("ana") for server in servers]
        yield Pair(*servers, *people)


async def _server(stack: AsyncExitStack, fleet: Fleet, host: str, clock: Clock, **chosen: str) -> Server:
    settings = await fleet.settings(host, **chosen)
    http = await stack.enter_async_context(httpx.AsyncClient(transport=fleet.network))
    one, asgi = await stack.enter_async_context(running(settings, http, clock))
    client = await stack.enter_async_context(browser(asgi, settings.base_url))
    fleet.network.add(host, asgi)
    fleet.servers[host] = Server(host, one, asgi, clock, client)
    return fleet.servers[host]


async def test_rows_are_each_servers_own(pair):
    await pair.ana_a.save("https://only-a.example/", tags="aaa")
    await pair.ana_b.save("https://only-b.example/", tags="bbb")

    for server, ana in pair.each():
        own = f"https://only-{server.host[0]}.example/"
        assert [seen.url for seen in await ana.timeline()] == [own]
        async with entered(server.here):
            assert [row["url"] for row in await fetch("SELECT url FROM bookmark")] == [own]
            assert [row["key"] for row in await fetch("SELECT key FROM tag")] == [server.host[0] * 3]


@on_sqlite
async def test_settings_are_each_servers_own(pair):
    for server, ana in pair.each():
        for number in range(7):
            await ana.save(f"https://page{number}.example/")

        page = (await ana.browser.get("/u/ana")).text
        document = (await server.client.get("/u/ana", headers=AS2)).json()

        assert page.count("u-bookmark-of") == server.here.settings.page_size
        assert document["id"] == f"https://{server.host}/u/ana"


async def test_clocks_are_each_servers_own(pair):
    a, b = [await ana.save("https://same.example/") for _, ana in pair.each()]
    moments = []
    for server, saved in ((pair.a, a), (pair.b, b)):
        async with entered(server.here):
            row = await fetch_one("SELECT saved_at FROM bookmark WHERE public_id = ?", saved.public_id)
            moments.append(row["saved_at"])

    assert moments[1] - moments[0] > 3600 * 86_400 * 1_000_000

    # Time that runs on one server is none on the other: its removal can still be undone there.
    for _, ana in pair.each():
        await ana.remove("https://same.example/")
    pair.a.clock.forward(seconds=31)
    await pair.a.settle()
    await pair.b.settle()
    undone = [
        (await ana.browser.post(f"{saved.path}/undo")).status_code
        for (_, ana), saved in zip(pair.each(), (a, b), strict=True)
    ]
    assert undone == [404, 303]


@on_sqlite
async def test_keys_are_each_servers_own(pair):
    keys: list[str] = []
    for server, _ in pair.each():
        async with entered(server.here):
            await register("bo", PASSWORD)
            person = await fetch_one("SELECT private_key FROM actor WHERE local_name = 'bo'")
            keys += [person["private_key"], (await instance_actor())["private_key"]]

    assert len(set(keys)) == 4


@on_sqlite
async def test_sessions_are_each_servers_own(pair):
    cookies = dict(pair.ana_a.browser.cookies)

    pair.b.client.cookies.update(cookies)
    stranger = await pair.b.client.get("/settings/sessions")

    assert (await pair.ana_a.browser.get("/settings/sessions")).status_code == 200
    assert stranger.status_code in (303, 401)


@on_sqlite
async def test_what_is_kept_in_memory_is_each_servers_own(pair):
    for server, _ in pair.each():
        assert (await server.client.get("/u/ana")).status_code == 200

    kept_a, kept_b = pair.a.here.caches, pair.b.here.caches
    assert kept_a is not kept_b
    shared = {
        name for name in kept_a.keys() & kept_b.keys() if _is_mutable(kept_a[name]) and kept_a[name] is kept_b[name]
    }
    # Templates hold nothing of the server they draw for.
    assert shared == {"pages"}
    assert pair.a.here.wake is not pair.b.here.wake


def _is_mutable(value: Any) -> bool:
    return not isinstance(value, int | float | str | bytes | tuple | frozenset | type(None))


@on_sqlite
async def test_a_name_throttled_on_one_server_may_try_on_the_other(pair):
    typed = {"username": "ana", "password": "wrong wrong wrong"}
    first = [(await pair.a.client.post("/sign-in", data=typed)).status_code for _ in range(11)]

    assert first[-1] == 429
    assert (await pair.b.client.post("/sign-in", data=typed)).status_code != 429


async def test_interleaved_requests_and_workers_never_meet(pair):
    async def visit(server: Server, ana: Person, number: int) -> None:
        typed = {"url": f"https://{server.host}.example/{number}", "title": f"{server.host} {number}"}
        saved = await ana.browser.post("/add", data=typed)
        assert saved.status_code == 303, saved.text
        page = await server.client.get(saved.headers["location"])
        document = await server.client.get(saved.headers["location"], headers=AS2)
        assert f"{server.host} {number}" in page.text
        assert document.json()["attributedTo"] == f"https://{server.host}/u/ana"

    async def look_within(server: Server) -> None:
        for _ in range(20):
            async with entered(server.here):
                before = now()
                await asyncio.sleep(0)
                async with write():
                    assert here().settings.host == server.host
                    rows = await fetch("SELECT value FROM fact WHERE name = 'base_url'")
                    assert rows == [{"value": f"https://{server.host}"}]
                    await asyncio.sleep(0)
                assert abs(now() - before) < 10_000_000

    await asyncio.gather(
        *(visit(server, ana, number) for number in range(12) for server, ana in pair.each()),
        *(look_within(server) for server, _ in pair.each()),
        *(server.settle() for server, _ in pair.each()),
    )

    for server, ana in pair.each():
        assert {seen.title.split()[0] for seen in await ana.timeline()} == {server.host}
        assert len(await ana.timeline()) == 12


async def test_requests_that_pass_through_both_servers_come_back_to_their_own(pair, fleet):
    pair.b.clock.set("2026-03-01T12:00:00Z")  # signatures of another year are refused

    async def follow(ana: Person, other: Person) -> None:
        answer = await ana.browser.post("/network/follow", data={"who": other.handle})
        assert answer.status_code == 303, answer.text

    await asyncio.gather(follow(pair.ana_a, pair.ana_b), follow(pair.ana_b, pair.ana_a))
    await asyncio.gather(pair.a.settle(), pair.b.settle())
    await fleet.settle()

    for server, ana in pair.each():
        async with entered(server.here):
            states = await fetch("SELECT state FROM follow ORDER BY id")
        assert [row["state"] for row in states] == ["accepted", "accepted"]
        assert (await ana.browser.get("/followers")).text.count("ana@") >= 1
