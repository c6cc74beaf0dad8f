"""A server is lost and comes back from its backup: on either database, muted first, then among its peers as before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from fedimark import worker
from fedimark.database import fetch, write
from fedimark.here import entered
from fedimark.keeping import place, waiting
from fedimark.keeping.backup import back_up
from fedimark.keeping.restore import restore
from fedimark.policy import muted
from fedimark.settings import Settings
from tests.support.composition import running
from tests.support.server import Server, browser
from tests.support.storage import PostgresStorage

PAGE = "https://sqlite.org/"


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    """A new data directory, and an empty database of either kind."""
    settings = Settings(base_url="https://a.example", data_dir=str(tmp_path / "new"), read_pages=False)
    if request.param == "sqlite":
        yield settings
        return
    storage = PostgresStorage(request.getfixturevalue("postgres_template"))
    yield replace(settings, database_url=await storage.new())
    await storage.drop()


async def test_a_restored_server_is_muted_then_receives_and_sends_with_its_old_peers(fleet, empty, tmp_path):
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@b.example")
    await bo.follow(ana)
    await ana.follow(cy)
    await ana.save(PAGE, title="SQLite", tags="sql")
    await fleet.settle()
    fleet.network.down.add("b.example")
    await ana.save("https://example.org/waits", title="Waits")
    await ana.server.settle()
    await back_up(ana.server.here.settings, tmp_path / "a.zip")
    lost = fleet.servers.pop("a.example")
    fleet.network.down.clear()

    await restore(empty, tmp_path / "a.zip", base_url="https://a.example")
    async with (
        httpx.AsyncClient(transport=fleet.network) as http,
        running(empty, http, fleet.clock, fleet.chance) as (here, asgi),
        browser(asgi, empty.base_url) as client,
    ):
        fleet.network.add("a.example", asgi)
        again = Server("a.example", here, asgi, fleet.clock, client, fleet.drawer)
        ana = replace(ana, server=again)

        # Muted: what comes in is taken in, and nothing goes out.
        async with entered(here):
            assert (await muted.muted()).why == muted.RESTORED
        await cy.save("https://example.org/cy", title="Cy")
        for _ in range(3):
            await bo.server.settle()
            await worker.settle(here)
        assert "https://example.org/cy" in [seen.url for seen in await ana.timeline()]
        assert [seen.url for seen in await bo.timeline()] == [PAGE]
        async with entered(here):
            found = await waiting.waiting()
            assert [(line.host, line.kind) for line in found.lines] == [("b.example", "Create")]
            async with write():
                await place.take(empty)
                await muted.unmute()

        # It speaks: what waited arrives, and what is new, both ways.
        await ana.save("https://example.org/new", title="New")
        fleet.clock.forward(days=1)
        for _ in range(4):
            await worker.settle(here)
            await bo.server.settle()
        urls = {PAGE, "https://example.org/waits", "https://example.org/new"}
        assert {seen.url for seen in await bo.timeline()} == urls
        async with entered(here):
            assert await fetch("SELECT id FROM delivery") == []
    assert lost.host == "a.example"
