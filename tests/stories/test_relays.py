"""Two servers whose people do not know each other, and a relay between them, of either style."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import fetch
from fedimark.follows import relays
from fedimark.here import entered
from fedimark.signatures.contexts import contexts
from tests.support.fleet import Fleet
from tests.support.invariants import disagreements
from tests.support.relays import LitePubRelay, MastodonRelay, Relay, digest_by, holds_ld_signature

AS2 = {"Accept": "application/activity+json"}
X = "https://x.example/1"
Y = "https://y.example/2"


class World:
    """Ana at A, Bo at B, who follows the tag rust of his own server, and a relay that both servers asked."""

    def __init__(self, fleet: Fleet, relay: Relay) -> None:
        self.fleet, self.relay = fleet, relay

    async def settle(self) -> None:
        """Until nobody has anything to say."""
        for _ in range(5):
            await self.fleet.settle()
            await self.relay.settle()

    async def rows(self, table: str, host: str = "b.example") -> list[Any]:
        """Rows at a server."""
        async with entered(self.fleet.servers[host].here):
            return await fetch(f"SELECT * FROM {table}")

    async def known(self) -> list[tuple[str, str]]:
        """Address and title of what B has of others."""
        return [(row["url"], row["title"]) for row in await self.rows("bookmark WHERE NOT is_local")]


@pytest.fixture(params=[MastodonRelay, LitePubRelay])
async def world(request, fleet: Fleet) -> World:
    """Both subscribed."""
    ana, bo, cy = await fleet.people("ana@a.example", "bo@b.example", "cy@b.example")
    relay = request.param(fleet.network, fleet.clock, "relay.example")
    await cy.save("https://old.example/", tags="rust")
    await bo.follow("#rust")
    world = World(fleet, relay)
    for server in (ana.server, bo.server):
        async with entered(server.here):
            await relays.add(relay.inbox if request.param is MastodonRelay else relay.uri)
    await world.settle()
    return world


async def test_a_bookmark_with_a_followed_tag_comes_through_the_relay_and_changes_and_ends(world: World):
    ana, bo = world.fleet.servers["a.example"].people["ana"], world.fleet.servers["b.example"].people["bo"]

    await ana.save(X, title="First", tags="rust")
    await world.settle()
    after_save = await world.known()
    world.fleet.clock.forward(seconds=90)
    await ana.edit(X, title="Second")
    await world.settle()
    after_edit = await world.known()
    async with entered(bo.server.here):
        agree = await disagreements()
    await ana.remove(X)
    await world.fleet.wait_for_undo()
    world.fleet.clock.forward(seconds=90)
    await world.settle()

    assert after_save == [(X, "First")]
    assert after_edit == [(X, "Second")]
    assert agree == []
    assert await world.known() == []
    assert [kind["type"] for kind in world.relay.came if kind["type"] in ("Create", "Update", "Delete")] == [
        "Create",
        "Update",
        "Delete",
    ]


async def test_what_nobody_waits_for_leaves_no_row_and_nothing_travels_twice(world: World):
    ana = world.fleet.servers["a.example"].people["ana"]
    cy = world.fleet.servers["b.example"].people["cy"]
    before = [len(await world.rows(table)) for table in ("bookmark", "link", "actor", "tag")]

    await ana.save(X, tags="cats")
    await ana.save(Y, tags="")
    await world.settle()
    after = [len(await world.rows(table)) for table in ("bookmark", "link", "actor", "tag")]
    came = len(world.relay.came)
    await ana.save("https://z.example/", tags="rust")
    await world.settle()

    assert after == before
    assert await world.rows("received_activity WHERE kind = 'Announce' AND outcome <> 'saved'") == []
    # B neither announces nor relays what came to it.
    assert len(world.relay.came) == came + 1
    assert await world.rows("delivery") == []
    assert [status for _, status in world.relay.said if not 200 <= status < 300] == []
    assert cy.name == "cy"


async def test_what_a_relay_passes_on_is_signed_for_old_mastodons_and_proven_for_new_ones(world: World):
    ana = world.fleet.servers["a.example"].people["ana"]
    actor = (await ana.server.client.get(ana.uri, headers=AS2)).json()
    digest = digest_by({address: dict(document) for address, document in contexts().items()})

    await ana.save(X, title="日本", description="A *word*", tags="rust c++ 🐍")
    world.fleet.clock.forward(seconds=2)
    await world.settle()
    await ana.edit(X, title="Second")
    await world.settle()
    await ana.remove(X)
    await world.fleet.wait_for_undo()
    await world.settle()

    said = [each for each in world.relay.came if each["type"] in ("Create", "Update", "Delete")]
    assert [each["type"] for each in said] == ["Create", "Update", "Delete"]
    for each in said:
        assert each["proof"]["verificationMethod"] == f"{ana.uri}#ed25519-key"
        if isinstance(world.relay, MastodonRelay):
            assert each["signature"]["creator"] == actor["publicKey"]["id"]
            assert holds_ld_signature(each, actor["publicKey"]["publicKeyPem"], digest)
        else:
            assert "signature" not in each


async def test_the_relay_was_answered_and_leaving_ends_it(world: World):
    ana = world.fleet.servers["a.example"].people["ana"]

    async with entered(ana.server.here):
        [row] = await relays.every()
        await relays.remove(row["address"])
    await world.settle()
    await ana.save(X, tags="rust")
    await world.settle()

    assert row["state"] == "accepted"
    assert "a.example" not in world.relay.subscribers
    assert await world.known() == []
    if isinstance(world.relay, LitePubRelay):
        assert world.relay.was_accepted == ["https://a.example/actor", "https://b.example/actor"]
