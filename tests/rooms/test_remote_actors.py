"""Actors of other servers: who they are, whose key that is, and where a handle leads."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any

import pytest

from fedimark.database import Row, execute
from fedimark.errors import Gone, NotFound, Refused, Unreachable, Untrustworthy
from fedimark.here import MICROS
from fedimark.remote import actors, webfinger
from fedimark.remote.budget import unlimited
from tests.rooms.peers import Peer, Says, finger, local_person, stand
from tests.support.counting import statements

MARKS = "https://marks.example"
ANA = f"{MARKS}/u/ana"


@pytest.fixture
def marks(server, fleet) -> Peer:
    """https://marks.example, which answers 404 until told otherwise."""
    return stand(fleet, "marks.example")


# --- actors ------------------------------------------------------------------------------------------------------


async def test_an_actor_is_fetched_once_and_known_for_a_day(server, marks, clock, wire):
    marks.document(
        "/u/ana", wire("fedimark/actor") | {"name": "Ana\n<b>Admin</b>", "summary": "<p>x<script>1</script>"}
    )

    row = await actors.find_actor(ANA)
    again = await actors.find_actor(ANA)

    assert again == row
    assert (row["uri"], row["username"], row["host"], row["kind"]) == (ANA, "ana", "marks.example", "Person")
    assert (row["name"], row["summary"]) == ("Ana <b>Admin</b>", "<p>x</p>")
    assert (row["inbox"], row["shared_inbox"]) == (f"{ANA}/inbox", f"{MARKS}/inbox")
    assert row["key_id"] == f"{ANA}#main-key"
    assert row["private_key"] == "" and row["local_name"] is None
    assert [asked.target for asked in marks.asked].count("/u/ana") == 1
    clock.forward(days=1.1)
    marks.document("/u/ana", wire("fedimark/actor") | {"name": "Anna"})
    later = await actors.find_actor(ANA)
    assert (later["id"], later["name"]) == (row["id"], "Anna")


async def test_who_was_just_asked_for_is_not_asked_again_by_whoever_looked_before(server, marks, clock, wire):
    marks.document("/u/ana", wire("fedimark/actor"))

    def asked() -> int:
        return [each.target for each in marks.asked].count("/u/ana")

    first = await actors.meet_actor(ANA, unlimited, 300 * MICROS)
    assert await actors.meet_actor(ANA, unlimited, 300 * MICROS) == first
    assert asked() == 1
    clock.forward(days=0.01)
    assert (await actors.meet_actor(ANA, unlimited, 300 * MICROS))["id"] == first["id"]
    assert asked() == 2


async def test_somebody_known_is_written_once_when_they_are_asked_for_anew(server, marks, clock, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    await actors.find_actor(ANA)
    clock.forward(days=3)

    for ask in (actors.find_actor, actors.refresh_actor):
        with statements() as count:
            await ask(ANA)
        assert len([sql for sql in count if "INSERT INTO actor (" in sql]) == 1, ask


async def test_an_old_row_serves_while_the_server_is_down(server, fleet, marks, clock, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    row = await actors.find_actor(ANA)
    clock.forward(days=3)
    fleet.network.down.add("marks.example")

    assert await actors.find_actor(ANA) == row
    with pytest.raises(Unreachable):
        await actors.refresh_actor(ANA)


async def test_an_actor_that_is_gone_is_marked_and_raised(server, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    await actors.find_actor(ANA)
    marks.answers["/u/ana"] = Says(410)

    with pytest.raises(Gone):
        await actors.refresh_actor(ANA)
    assert (await actors.known_actor(ANA))["gone_at"] is not None
    with pytest.raises(Gone):
        await actors.find_actor(ANA)


async def test_many_who_ask_at_once_share_one_fetch(server, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))

    rows = await asyncio.gather(*(actors.refresh_actor(ANA) for _ in range(10)))

    assert len({row["id"] for row in rows}) == 1
    assert [asked.target for asked in marks.asked].count("/u/ana") == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"inbox": "https://victim.example/inbox"},
        {"inbox": "https://127.0.0.1/inbox"},
        {"inbox": f"{MARKS}:8443/inbox"},
        {"outbox": "https://victim.example/outbox"},
        {"endpoints": {"sharedInbox": "https://victim.example/inbox"}},
        {"endpoints": {"sharedInbox": "https://sibling.example/inbox"}},
        {"type": "Note"},
        {"preferredUsername": "a" * 200},
    ],
)
async def test_an_actor_who_points_elsewhere_is_refused(server, marks, wire, changes):
    marks.document("/u/ana", wire("fedimark/actor") | changes)

    with pytest.raises(Untrustworthy):
        await actors.find_actor(ANA)
    assert await actors.known_actor(ANA) is None


async def test_people_here_are_rows_and_never_asked_over_the_network(server, fleet):
    ana = await local_person()

    assert (await actors.find_actor("https://a.example/u/ana"))["id"] == ana["id"]
    assert (await actors.meet_actor("https://a.example/u/ana", unlimited, 0))["id"] == ana["id"]
    assert (await actors.owner_of_key("https://a.example/u/ana#main-key"))["id"] == ana["id"]
    assert (await actors.find_actor("https://a.example/actor"))["local_name"] == ".instance"
    with pytest.raises(Untrustworthy):
        await actors.owner_of_key("https://a.example/u/ana#other-key")
    with pytest.raises(NotFound):
        await actors.find_actor("https://a.example/u/nobody")
    with pytest.raises(NotFound):
        await actors.find_actor("https://a.example/u/.instance")
    await execute("UPDATE actor SET gone_at = 1 WHERE id = ?", ana["id"])
    with pytest.raises(Gone):
        await actors.find_actor("https://a.example/u/ana")
    assert fleet.network.requests == []


# --- keys --------------------------------------------------------------------------------------------------------


async def held_up(work: Coroutine[Any, Any, Row], go_on: asyncio.Event) -> Row:
    """Do some work which, once what it waits for first is there, gets its turn only when `go_on` is set."""
    steps = work.__await__()
    await asyncio.wait([next(steps)])
    await go_on.wait()
    return await _rest(steps)


@types.coroutine
def _rest(steps: Generator[Any, Any, Row]) -> Generator[Any, Any, Row]:
    return (yield from steps)


async def test_a_key_is_asked_for_once_also_by_who_looked_just_before_the_answer_was_stored(server, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    go_on = asyncio.Event()
    slow = asyncio.create_task(held_up(actors.owner_of_key(f"{ANA}#main-key"), go_on))
    await asyncio.sleep(0)

    row = await actors.owner_of_key(f"{ANA}#main-key")
    go_on.set()

    assert await slow == row
    assert [asked.target for asked in marks.asked].count("/u/ana") == 1


async def test_a_known_key_needs_no_fetch_and_a_new_one_is_looked_up(server, marks, clock, wire):
    document = wire("fedimark/actor")
    marks.document("/u/ana", document)
    row = await actors.owner_of_key(f"{ANA}#main-key")
    before = len(marks.asked)

    assert await actors.owner_of_key(f"{ANA}#main-key") == row
    assert len(marks.asked) == before
    document["publicKey"]["id"] = f"{ANA}#second-key"
    marks.document("/u/ana", document)
    assert (await actors.owner_of_key(f"{ANA}#second-key"))["key_id"] == f"{ANA}#second-key"


@pytest.mark.parametrize("is_actor_stub", [True, False])
async def test_a_key_with_a_document_of_its_own_is_understood(server, fleet, wire, is_actor_stub):
    sloth = stand(fleet, "sloth.example")
    document = wire("gotosocial/actor")
    key = document["publicKey"]
    sloth.document("/users/ezra", document)
    stub = {"id": document["id"], "type": "Person", "publicKey": key}
    sloth.document("/users/ezra/main-key", stub if is_actor_stub else key | {"type": "Key"})

    row = await actors.owner_of_key("https://sloth.example/users/ezra/main-key")
    asked = len(sloth.asked)
    again = await actors.owner_of_key("https://sloth.example/users/ezra/main-key")

    assert row["uri"] == "https://sloth.example/users/ezra"
    assert again == row and len(sloth.asked) == asked


async def test_a_key_that_its_owner_does_not_name_is_nobodys(server, fleet, marks, wire):
    marks.document("/u/ana", wire("fedimark/actor"))
    evil = stand(fleet, "evil.example")
    evil.document("/key", wire("fedimark/actor")["publicKey"] | {"id": "https://evil.example/key"})

    for key_id in ("https://evil.example/key", f"{ANA}#other-key"):
        with pytest.raises(Untrustworthy):
            await actors.owner_of_key(key_id)


async def test_a_key_owned_by_somebody_else_refuses_the_actor(server, marks, wire):
    document = wire("fedimark/actor")
    document["publicKey"]["owner"] = f"{MARKS}/u/bo"
    marks.document("/u/ana", document)

    with pytest.raises(Untrustworthy, match="key-owner"):
        await actors.owner_of_key(f"{ANA}#main-key")


async def test_a_key_that_failed_is_not_asked_for_again_at_once(server, marks, clock, wire):
    for _ in range(3):
        with pytest.raises(NotFound):
            await actors.owner_of_key(f"{ANA}#main-key")
    asked = len(marks.asked)
    marks.document("/u/ana", wire("fedimark/actor"))
    clock.forward(seconds=360)

    row = await actors.owner_of_key(f"{ANA}#main-key")

    assert asked == 1
    assert row["uri"] == ANA


# --- handles -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("handle", ["@ana@marks.example", "ana@marks.example", " @ana@MARKS.example "])
async def test_a_handle_leads_to_an_actor(server, marks, handle):
    finger(marks, "ana@marks.example", ANA)

    assert await webfinger.find_handle(handle) == ANA
    assert marks.asked[0].target == "/.well-known/webfinger?resource=acct:ana@marks.example"


async def test_a_handle_on_another_domain_counts_when_that_domain_agrees(server, fleet, marks, wire):
    social = stand(fleet, "ana.example")
    finger(social, "ana@ana.example", ANA)
    finger(marks, "ana@ana.example", ANA)
    marks.document("/u/ana", wire("fedimark/actor"))

    assert await webfinger.find_handle("@ana@marks.example") == ANA
    assert (await actors.find_actor(ANA))["host"] == "ana.example"


async def test_a_handle_on_a_domain_that_does_not_agree_is_not_believed(server, fleet, marks, wire):
    bank = stand(fleet, "bank.example")
    finger(bank, "ana@bank.example", "https://bank.example/u/ana")
    finger(marks, "ana@bank.example", ANA)
    marks.document("/u/ana", wire("fedimark/actor"))

    with pytest.raises(Untrustworthy, match="subject"):
        await webfinger.find_handle("@ana@marks.example")
    assert (await actors.find_actor(ANA))["host"] == "marks.example"


@pytest.mark.parametrize("subject", ["ana@bank.example/x?y=", "ana@bank.example#marks.example", "ana@bank.example\\x"])
async def test_a_subject_that_is_no_handle_leads_nowhere(server, fleet, marks, wire, subject):
    bank = stand(fleet, "bank.example")
    bank.rule = lambda asked: marks.answers["/.well-known/webfinger"]
    finger(marks, subject, ANA)
    marks.document("/u/ana", wire("fedimark/actor"))

    assert (await actors.find_actor(ANA))["host"] == "marks.example"
    assert bank.asked == []


@pytest.mark.parametrize("address", ["https://[x/", "https://marks.example:99999/", "https://marks.example:x/"])
async def test_an_address_nobody_can_take_apart_is_none(server, marks, wire, address):
    marks.document("/u/ana", wire("fedimark/actor") | {"url": address, "followers": address, "icon": address})
    row = await actors.find_actor(ANA)

    assert (row["url"], row["followers_uri"], row["icon"]) == (ANA, "", "")
    with pytest.raises(Untrustworthy):
        marks.document("/u/bo", wire("fedimark/actor") | {"id": "https://marks.example/u/bo", "inbox": address})
        await actors.find_actor("https://marks.example/u/bo")


@pytest.mark.parametrize("handle", ["", "ana", "@ana", "@@marks.example", "a b@marks.example", "ana@marks.example/x"])
async def test_what_is_no_handle_is_refused(server, handle):
    with pytest.raises(Refused):
        await webfinger.find_handle(handle)


async def test_a_handle_of_this_server_is_a_row(server, fleet):
    await local_person()

    assert await webfinger.find_handle("@ana@a.example") == "https://a.example/u/ana"
    for handle in ("@nobody@a.example", "@.instance@a.example"):
        with pytest.raises(NotFound):
            await webfinger.find_handle(handle)
    assert fleet.network.requests == []


@pytest.mark.parametrize("href", ["https://10.0.0.1/u/ana", "http://marks.example/u/ana", "https://marks.example:99/u"])
async def test_a_handle_that_leads_to_a_private_place_is_refused(server, marks, href):
    finger(marks, "ana@marks.example", href)

    with pytest.raises(Untrustworthy):
        await webfinger.find_handle("@ana@marks.example")
