"""Actors and what belongs to them: whatever they name must be of the site that their id is of."""

from __future__ import annotations

import pytest

from fedimark.database import fetch
from fedimark.errors import NotProven, Untrustworthy
from fedimark.remote.actors import find_actor, known_actor
from fedimark.worker import run_an_errand
from tests.rooms.strangers import Stranger, amount
from tests.rooms.test_backfill import creates, page
from tests.rooms.test_incoming import followed

CLEO = "https://social.cats.example/u/cleo"
EVE = "https://eve.github.io/u/eve"


@pytest.fixture
def cleo(server, fleet) -> Stranger:
    """Somebody whose server has several hosts."""
    parts = {
        "inbox": "https://in.cats.example/cleo",
        "outbox": "https://cats.example/cleo/outbox",
        "followers": "https://cats.example/cleo/followers",
        "endpoints": {"sharedInbox": "https://in.cats.example/all"},
    }
    return Stranger(fleet, CLEO, **parts)


async def test_the_hosts_of_one_domain_are_one_site(cleo):
    row = await find_actor(CLEO)

    assert (row["inbox"], row["shared_inbox"]) == ("https://in.cats.example/cleo", "https://in.cats.example/all")
    assert row["outbox"] == "https://cats.example/cleo/outbox"
    assert row["followers_uri"] == "https://cats.example/cleo/followers"


@pytest.mark.parametrize(
    "said",
    [
        {"inbox": "https://bo.github.io/inbox"},
        {"inbox": "https://github.io/inbox"},
        {"outbox": "https://bo.github.io/outbox"},
        {"endpoints": {"sharedInbox": "https://bo.github.io/inbox"}},
        {"publicKey": {"id": "https://bo.github.io/key", "owner": EVE, "publicKeyPem": "x"}},
    ],
)
async def test_neighbours_under_a_public_suffix_are_strangers(server, fleet, said):
    Stranger(fleet, EVE, **said)

    with pytest.raises(Untrustworthy):
        await find_actor(EVE)

    assert await known_actor(EVE) is None


async def test_a_list_of_followers_elsewhere_is_nobodys(server, fleet):
    Stranger(fleet, EVE, followers="https://bo.github.io/followers", url="https://bo.github.io/")

    row = await find_actor(EVE)

    assert (row["followers_uri"], row["url"]) == ("", EVE)


async def test_a_key_document_of_a_neighbour_leads_to_nobody(server, fleet):
    eve, bo = Stranger(fleet, EVE), Stranger(fleet, "https://bo.github.io/u/bo")
    key = {"id": "https://bo.github.io/key", "owner": EVE, "publicKeyPem": eve.document()["publicKey"]["publicKeyPem"]}
    bo.peer.document("/key", key)
    eve.key_id = "https://bo.github.io/key"

    with pytest.raises(NotProven):
        await eve.say({"id": f"{EVE}#1", "type": "Like", "actor": EVE, "object": "https://a.example/u/ana"})

    assert await amount("received_activity") == 0
    assert bo.peer.asked == []


async def test_an_outbox_on_another_host_of_the_site_is_read(ana, fleet, cleo, wire):
    other = Stranger(fleet, "https://cats.example/u/other")
    mine = [wire("fedimark/create_note", **{"https://marks.example/u/ana": CLEO})]
    mine[0]["object"]["url"] = mine[0]["object"]["id"] = f"{CLEO}/b/k3v7q2mzt5xha"
    theirs = creates(wire, 1)
    other.peer.document("/cleo/outbox", page(cleo, mine + theirs, id="https://cats.example/cleo/outbox"))

    await followed(ana, cleo)
    await run_an_errand()

    assert [row["uri"] for row in await fetch("SELECT uri FROM bookmark")] == [f"{CLEO}/b/k3v7q2mzt5xha"]
