"""What others send makes us ask a host for actors and keys only so often a minute."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from fedimark.database import fetch_one
from fedimark.errors import NotProven, Postponed
from fedimark.here import entered
from fedimark.remote import budget
from fedimark.remote.budget import MOST_HOSTS, for_proven, for_unproven
from tests.rooms.peers import Asked, Peer, Says, finger, stand
from tests.rooms.strangers import Stranger, amount, applied, key_of, outcome

MOST = 3


@pytest.fixture(autouse=True)
async def narrow(server):
    """The server, which asks one host three times a minute."""
    settings = replace(server.here.settings, actor_fetches_a_minute_per_host=MOST)
    async with entered(replace(server.here, settings=settings)) as here:
        yield here


def like(who: Stranger) -> dict[str, Any]:
    """Something to say."""
    return {"id": f"{who.uri}#like", "type": "Like", "actor": who.uri, "object": "https://a.example/u/ana"}


def invented(host: str, number: int, fleet: Any) -> Stranger:
    """Somebody who does not exist, on a host that may."""
    nobody = Stranger(fleet, f"https://{host}/u/nobody{number}")
    nobody.peer.answers.pop(nobody.path)
    return nobody


async def flood(host: str, amount: int, fleet: Any) -> list[str]:
    """Let requests come whose keys are invented; how each was refused."""
    refused = []
    for number in range(amount):
        nobody = invented(host, number, fleet)
        with pytest.raises((NotProven, Postponed)) as raised:
            await nobody.say(like(nobody))
        refused.append(type(raised.value).__name__)
    return refused


async def test_invented_keys_make_us_ask_a_host_so_often_and_no_more(fleet):
    refused = await flood("bank.example", 6, fleet)

    assert refused == ["NotProven"] * MOST + ["Postponed"] * 3
    assert len(fleet.network.requests) == MOST
    assert await amount("received_activity") == 0
    assert await amount("actor") == 1  # the server itself


async def test_what_one_host_used_up_is_no_others(fleet):
    await flood("bank.example", 6, fleet)

    bo = Stranger(fleet, "https://marks.example/u/bo")
    await bo.say(like(bo))

    assert await amount("received_activity") == 1


async def test_a_key_that_is_known_costs_nothing(fleet):
    bo = Stranger(fleet, "https://bank.example/u/bo")
    await bo.say(like(bo))
    await flood("bank.example", 6, fleet)

    for number in range(5):
        await bo.say(like(bo) | {"id": f"{bo.uri}#{number}"})

    assert await amount("received_activity") == 6


async def test_new_people_are_met_as_many_as_may_be_asked_for(fleet):
    people = [Stranger(fleet, f"https://marks.example/u/p{number}") for number in range(MOST + 1)]

    for each in people[:MOST]:
        await each.say(like(each))
    with pytest.raises(Postponed):
        await people[MOST].say(like(people[MOST]))

    assert await amount("received_activity") == MOST


async def test_after_a_minute_they_come_through(fleet, clock):
    late = Stranger(fleet, "https://bank.example/u/late")
    await flood("bank.example", 6, fleet)
    with pytest.raises(Postponed) as raised:
        await late.say(like(late))

    assert 0 < raised.value.retry_after_s <= 60
    clock.forward(seconds=raised.value.retry_after_s)
    await late.say(like(late))

    assert await amount("received_activity") == 1


async def test_a_changed_key_that_could_not_be_asked_for_is_asked_for_later(fleet, clock):
    bo = Stranger(fleet, "https://bank.example/u/bo")
    await bo.say(like(bo))
    await flood("bank.example", 6, fleet)
    bo.key = key_of(bo.uri, 2)
    bo.show()

    with pytest.raises(Postponed):
        await bo.say(like(bo) | {"id": f"{bo.uri}#2"})
    clock.forward(seconds=61)
    await bo.say(like(bo) | {"id": f"{bo.uri}#2"})

    assert await amount("received_activity") == 2


async def test_other_spellings_of_a_host_are_that_host():
    for url in ("https://bank.example/1", "https://BANK.example/2", "https://bank.example.:443/3"):
        for_unproven(url)

    with pytest.raises(Postponed):
        for_unproven("https://bank.example/4")


async def test_nobody_is_hammered_by_way_of_redirects(fleet):
    bank = stand(fleet, "bank.example")
    for number in range(8):
        nobody = Stranger(fleet, f"https://s{number}.example/u/nobody")
        nobody.peer.rule = lambda asked: Says(302, b"", {"location": f"https://bank.example{asked.target}"})
        with pytest.raises((NotProven, Postponed)):
            await nobody.say(like(nobody))

    assert len(bank.asked) == MOST


async def test_nobody_is_hammered_by_way_of_handles(fleet):
    bank = stand(fleet, "bank.example")
    for number in range(8):
        somebody = Stranger(fleet, f"https://s{number}.example/u/somebody")
        finger(somebody.peer, "somebody@bank.example", somebody.uri)
        with suppress(Postponed):
            await somebody.say(like(somebody))

    # Each host-meta after a WebFinger that is not there is one more.
    assert len(bank.asked) <= MOST


async def test_a_handle_that_was_not_asked_for_is_not_made_up(fleet):
    somebody = Stranger(fleet, "https://social.cats.example/u/somebody")
    finger(somebody.peer, "somebody@cats.example", somebody.uri)
    cats = Peer()
    finger(cats, "somebody@cats.example", somebody.uri)
    fleet.network.add("cats.example", cats)
    for _ in range(MOST):
        for_unproven("https://cats.example/")

    with pytest.raises(Postponed):
        await somebody.say(like(somebody))

    assert await fetch_one("SELECT id FROM actor WHERE uri = ?", somebody.uri) is None


async def test_memory_of_hosts_is_bounded_and_keeps_who_is_asked_most(narrow):
    for number in range(MOST_HOSTS + 50):
        for_unproven(f"https://s{number}.example/")
        with suppress(Postponed):
            for_unproven("https://bank.example/")

    assert len(narrow.caches["remote.asked_for_unproven"]) == MOST_HOSTS
    with pytest.raises(Postponed):
        for_unproven("https://bank.example/")


async def test_what_strangers_use_up_does_not_hold_up_who_is_proven(ana, fleet, clock):
    bo = Stranger(fleet, "https://bank.example/u/bo")
    await bo.say(like(bo))
    await flood("bank.example", 6, fleet)
    clock.forward(seconds=30)
    bo.said["name"] = "Bo, anew"
    bo.show()

    assert await bo.do({"id": f"{bo.uri}#2", "type": "Update", "actor": bo.uri, "object": bo.uri}) == "refreshed"

    assert (await bo.row())["name"] == "Bo, anew"


async def test_a_host_whose_people_change_all_the_time_is_asked_so_often_and_the_rest_later(ana, fleet, clock):
    bo = Stranger(fleet, "https://bank.example/u/bo")
    await bo.say(like(bo))
    for number in range(MOST + 1):
        assert await bo.do({"id": f"{bo.uri}#{number}", "type": "Update", "actor": bo.uri, "object": bo.uri})
    fetched = [asked for asked in bo.peer.asked if asked.target == bo.path]

    assert len(fetched) == 1 + MOST
    assert await outcome() == "failed: Postponed"
    clock.forward(seconds=61)
    await applied()
    assert await outcome() == "refreshed"


async def test_the_two_are_counted_apart():
    for _ in range(MOST):
        for_unproven("https://bank.example/")

    for_proven("https://bank.example/")

    with pytest.raises(Postponed):
        for_unproven("https://bank.example/")
    budget.unlimited("https://bank.example/")


async def test_the_door_says_when_to_come_again(fleet):
    narrow = await fleet.server("n.example", actor_fetches_a_minute_per_host="1")
    answers = []
    for number in range(2):
        nobody = invented("bank.example", number, fleet)
        message = nobody.signed(like(nobody), host="n.example", at=narrow.clock.micros)
        headers = [(name, value) for name, values in message.headers.items() for value in values]
        answers.append(await narrow.browser().post("/inbox", content=message.body, headers=headers))

    assert [answer.status_code for answer in answers] == [401, 503]
    assert 0 < int(answers[1].headers["retry-after"]) <= 60
    assert len([asked for asked in fleet.network.requests if asked.url.host == "bank.example"]) == 1


async def test_asking_twice_for_one_signature_is_one_question(fleet):
    def refuses(asked: Asked) -> Says:
        return Says(401)

    nobody = invented("bank.example", 1, fleet)
    nobody.peer.rule = refuses
    with pytest.raises((NotProven, Postponed)):
        await nobody.say(like(nobody))

    assert len(nobody.peer.asked) == 2
    for_unproven("https://bank.example/")
    for_unproven("https://bank.example/")
    with pytest.raises(Postponed):
        for_unproven("https://bank.example/")
