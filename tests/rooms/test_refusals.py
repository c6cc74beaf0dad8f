"""Every refusal at the door leaves no trace: no row of any table, nothing to do, nothing said."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.errors import FedimarkError, Untrustworthy
from fedimark.moderation import domains
from fedimark.remote.actors import find_actor
from fedimark.vocab.terms import PUBLIC
from tests.rooms.doors import WAYS, knock, signed, speaking
from tests.rooms.peers import Says
from tests.rooms.refusals import EVE, REFUSALS, REMEMBERED, World, activity, endless, named
from tests.rooms.strangers import Stranger, amount, applied, letters
from tests.rooms.test_incoming import followed
from tests.support.traces import no_trace

CLEO = "https://mastodon.example/users/cleo"
NEW = "https://new.example/users/nia"


@pytest.fixture
async def world(server, fleet, ana, wire) -> World:
    """A server with a history, and strangers all around."""
    people = [CLEO, "https://mastodon.example/users/eve", "https://other.example/users/mallory"]
    cleo, eve, mallory, bad = (Stranger(fleet, uri) for uri in (*people, "https://bad.example/users/bea"))
    for each in (eve, mallory, bad):
        await each.row()
    await followed(ana, cleo)
    await domains.block_domain("bad.example", "spam")
    saved = await ana.save("https://store.example/secret", visibility="private")
    await server.settle()
    note = wire("mastodon/create_note", **{"marks.example": "a.example"})
    return World(fleet, ana, cleo, eve, mallory, bad, note, f"{ana.uri}/b/{saved.public_id}")


@pytest.mark.parametrize("group", REFUSALS)
async def test_a_refusal_leaves_no_trace(server, world, group, subtests):
    for name, (status, make) in REFUSALS[group].items():
        with subtests.test(name):
            message = make(world)

            async with no_trace(but=REMEMBERED.get(name, ())):
                assert await knock(server.asgi, message) == status
                await applied()


async def test_a_body_that_never_ends_is_cut_off_and_leaves_no_trace(server, world):
    message = signed(world.cleo, world.note)

    async with no_trace():
        assert await knock(server.asgi, message, body=endless()) == 413


async def test_a_storm_of_deletes_of_people_nobody_heard_of_is_taken_and_leaves_no_trace(server, world, fleet):
    asked = len(fleet.network.requests)

    async with no_trace():
        for number in range(300):
            uri = f"https://gone{number % 20}.example/users/u{number}"
            delete = {"id": f"{uri}#delete", "type": "Delete", "actor": uri, "object": uri}
            message = signed(named(world.eve, f"{uri}#main-key"), delete)
            assert await knock(server.asgi, message) == 202
        await applied()

    assert len(fleet.network.requests) == asked


@pytest.mark.parametrize("way", WAYS)
async def test_one_activity_five_times_at_once_is_one(server, world, fleet, way):
    dora = speaking(Stranger(fleet, "https://betula.example/@dora"), way)
    follow = {"id": f"{dora.uri}#1", "type": "Follow", "actor": dora.uri, "object": world.ana.uri}
    before = await amount("received_activity")

    answers = await asyncio.gather(*(knock(server.asgi, signed(dora, follow, way)) for _ in range(5)))
    await asyncio.gather(*(applied() for _ in range(3)))

    assert answers == [202] * 5
    assert await amount("received_activity") == before + 1
    assert [kind for kind, inbox, _ in await letters() if inbox.startswith("https://betula.example/")] == ["Accept"]


ACTORS: dict[str, dict[str, Any]] = {
    "an id that is not its address": {"id": "https://new.example/users/other"},
    "an id on another server": {"id": "https://mastodon.example/users/nobody"},
    "an id that is ours": {"id": "https://a.example/u/ana"},
    "no id": {"id": None},
    "no inbox": {"inbox": None},
    "an inbox elsewhere": {"inbox": "https://bank.example/inbox"},
    "an inbox of a sibling": {"inbox": "https://other.new.example.org/inbox"},
    "an inbox here": {"inbox": "https://a.example/inbox"},
    "an inbox on a port": {"inbox": "https://new.example:8443/inbox"},
    "an inbox without TLS": {"inbox": "http://new.example/inbox"},
    "an inbox with a password": {"inbox": "https://new.example@10.0.0.1/inbox"},
    "an inbox that is a script": {"inbox": "javascript:alert(1)"},
    "a shared inbox elsewhere": {"endpoints": {"sharedInbox": "https://bank.example/inbox"}},
    "an outbox elsewhere": {"outbox": "https://bank.example/outbox"},
    "another's key": {"publicKey": {"id": f"{EVE}#main-key", "owner": EVE, "publicKeyPem": "x"}},
    "another's key by its owner": {"publicKey": {"id": f"{NEW}#main-key", "owner": EVE, "publicKeyPem": "x"}},
    "no name": {"preferredUsername": "a b"},
    "no type of an actor": {"type": "Note"},
    "two types": {"type": ["Person", "Group"]},
}


@pytest.mark.parametrize("server_of", ["https", "redirected"])
async def test_an_actor_that_points_elsewhere_is_not_met(server, world, fleet, subtests, server_of):
    for name, said in ACTORS.items():
        with subtests.test(name):
            nia = Stranger(fleet, NEW, **said)
            nia.peer.document(nia.path, nia.document())
            if server_of == "redirected":
                old = Stranger(fleet, "https://old.example/users/nia")
                old.peer.answers[old.path] = Says(301, b"", {"location": NEW})

            async with no_trace():
                with pytest.raises(FedimarkError):
                    await find_actor("https://old.example/users/nia" if server_of == "redirected" else NEW)


@pytest.mark.parametrize("home", ["https://a.example/u/ana", "https://a.example:443/u/ana", "https://A.example./u/ana"])
async def test_a_redirect_home_makes_nobody_here_a_stranger(server, world, fleet, home):
    nia = Stranger(fleet, NEW)
    nia.peer.answers[nia.path] = Says(302, b"", {"location": home})

    async with no_trace():
        with pytest.raises(Untrustworthy, match="own-address"):
            await find_actor(NEW)

    assert fleet.network.requests[-1].url.host == "new.example"


# --- taken, and still nothing comes of it -----------------------------------------------------------------------------


@pytest.mark.parametrize("to", [["https://a.example/u/ana"], [f"{CLEO}/followers"], []])
async def test_an_announce_of_what_is_private_elsewhere_brings_it_to_nobody(server, world, fleet, to):
    dora = Stranger(fleet, "https://betula.example/@dora")
    await dora.row()
    note = {"id": f"{dora.uri}/1", "type": "Note", "attributedTo": dora.uri, "name": "Secret", "to": to, "content": ""}
    note |= {"attachment": [{"type": "Link", "href": "https://store.example/x", "mediaType": "text/html"}]}
    dora.peer.document("/@dora/1", note)
    announce = activity(world.cleo, "Announce", note["id"], to=[PUBLIC])

    async with no_trace(but=["received_activity"]):
        assert await world.cleo.do(announce) == "ignored"


@pytest.mark.parametrize("visibility", ["private", "followers"])
async def test_an_announce_of_what_is_not_for_all_here_is_not_even_counted(server, world, visibility):
    saved = await world.ana.save("https://store.example/other", visibility=visibility)

    async with no_trace(but=["received_activity"]):
        announce = activity(world.cleo, "Announce", f"{world.ana.uri}/b/{saved.public_id}", to=[PUBLIC])
        assert await world.cleo.do(announce) == "ignored"


async def test_a_like_of_what_is_private_here_is_not_counted(server, world):
    async with no_trace(but=["received_activity"]):
        assert await world.cleo.do(activity(world.cleo, "Like", world.private)) == "ignored"
