"""Crowds of new followers: from one server and from one registrable domain only so many an hour are let in."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from fedimark import addresses
from fedimark.database import Row, atomically, fetch, write
from fedimark.follows import answer, incoming
from fedimark.follows.queries import counts_by_state
from fedimark.here import entered
from fedimark.vocab.activities import ActivityRef
from fedimark.worker import prune
from tests.rooms.strangers import amount
from tests.support.counting import statements

ANA = "https://a.example/u/ana"

_ACTOR = """
INSERT INTO actor (uri, uri_hash, kind, username, host, inbox, created_at, name, summary, url, icon, fields, outbox,
    shared_inbox, private_key, public_key, followers_uri, key_id, approves_followers, indexable, fetched_at)
VALUES (?, ?, 'Person', ?, ?, ?, 0, '', '', '', '', '[]', '', '', '', '', '', '', ?, ?, 0) RETURNING *
"""


@pytest.fixture
async def narrow(server, ana):
    """The server, which lets in two an hour from one host and three from one domain."""
    settings = replace(server.here.settings, follows_an_hour_per_host=2, follows_an_hour_per_domain=3)
    async with entered(replace(server.here, settings=settings)) as here:
        yield here


async def person(uri: str, handle_host: str = "cats.example") -> Row:
    """Somebody elsewhere."""
    async with write():
        values = (uri, addresses.uri_hash(uri), uri.rpartition("/")[2], handle_host, f"{uri}/inbox", False, False)
        return (await fetch(_ACTOR, *values))[0]


async def asks(who: Row, target: str = ANA) -> str:
    """Let somebody elsewhere ask to follow somebody here; what became of it."""
    return await atomically(lambda: incoming.asked(who, target, f"{who['uri']}#follow"))


async def takes_back(who: Row) -> None:
    """Let somebody elsewhere follow no more."""
    undone = ActivityRef(id=f"{who['uri']}#follow", object=ANA, actor=who["uri"])
    assert await atomically(lambda: incoming.withdrawn(who, undone)) == "withdrawn"


async def arrive(*uris: str) -> list[str]:
    """Let new people ask one after the other."""
    return [await asks(await person(uri)) for uri in uris]


async def test_of_a_crowd_from_one_server_the_later_ones_wait_for_a_person(fleet):
    await fleet.server("a.example", follows_an_hour_per_host="2")
    ana, bo, cy, di = await fleet.people("ana@a.example", "bo@b.example", "cy@b.example", "di@b.example")

    for somebody in (bo, cy, di):
        await somebody.follow(ana)
        await fleet.settle()

    async with entered(ana.server.here):
        assert await counts_by_state() == {"requested": 1, "accepted": 2, "rejected": 0}


async def test_another_server_is_not_made_to_wait_and_the_hour_ends(narrow, clock):
    crowd = [f"https://cats.example/u/{number}" for number in range(3)]

    assert await arrive(*crowd) == ["accepted", "accepted", "requested"]

    assert await arrive("https://dogs.example/u/bo") == ["accepted"]
    clock.forward(seconds=3_700)
    assert await arrive("https://cats.example/u/late") == ["accepted"]


async def test_a_domain_full_of_servers_is_one_crowd(narrow):
    crowd = [f"https://s{number}.cats.example/u/one" for number in range(5)]

    assert await arrive(*crowd) == ["accepted"] * 3 + ["requested"] * 2
    assert await arrive("https://cats.example/u/one") == ["requested"]


async def test_neighbours_under_a_public_suffix_are_no_crowd(narrow):
    people = [f"https://s{number}.github.io/u/one" for number in range(5)]

    assert await arrive(*people) == ["accepted"] * 5


async def test_handles_on_many_domains_do_not_hide_a_crowd(narrow):
    people = [await person(f"https://cats.example/u/{number}", f"handles{number}.example") for number in range(4)]

    assert [await asks(each) for each in people] == ["accepted", "accepted", "requested", "requested"]


async def test_following_and_leaving_again_is_counted_each_time(narrow):
    bo = await person("https://cats.example/u/bo")

    for _ in range(2):
        assert await asks(bo) == "accepted"
        await takes_back(bo)

    assert await asks(bo) == "requested"


async def test_who_is_let_in_already_is_no_newcomer(narrow):
    bo = await person("https://cats.example/u/bo")

    assert [await asks(bo) for _ in range(5)] == ["accepted"] * 5
    assert await arrive("https://cats.example/u/cy") == ["accepted"]


async def test_who_waits_for_a_person_is_answered_by_a_person_however_often_they_ask(narrow, ana, clock):
    await arrive("https://cats.example/u/bo", "https://cats.example/u/cy")
    di = await person("https://cats.example/u/di")
    assert await asks(di) == "requested"

    clock.forward(days=1)
    assert await asks(di) == "requested"

    [waiting] = await fetch("SELECT id FROM follow WHERE state = 'requested'")
    await answer.accept(ana.viewer, str(waiting["id"]))
    assert await asks(di) == "accepted"


async def test_a_crowd_is_counted_over_everybody_here(narrow, server):
    await server.sign_up("bo")
    first, second, third = [await person(f"https://cats.example/u/{number}") for number in range(3)]

    assert await asks(first) == "accepted"
    assert await asks(second, "https://a.example/u/bo") == "accepted"
    assert await asks(third) == "requested"


@pytest.mark.parametrize(("host", "let_in"), [("cats.example", 2), ("s{number}.cats.example", 3)])
async def test_several_workers_at_once_let_in_no_more(narrow, host, let_in):
    people = [await person(f"https://{host.format(number=number)}/u/{number}") for number in range(12)]

    outcomes = await asyncio.gather(*(asks(each) for each in people))

    assert Counter(outcomes) == {"accepted": let_in, "requested": 12 - let_in}


async def test_asking_costs_the_same_however_many_asked(narrow):
    await arrive("https://cats.example/u/first")
    few, many = await person("https://cats.example/u/few"), await person("https://cats.example/u/many")
    with statements() as after_few:
        await asks(few)
    await arrive(*[f"https://s{number}.cats.example/u/one" for number in range(20)])
    takes_one = await person("https://dogs.example/u/one")
    with statements() as after_many:
        await asks(takes_one)

    assert len(after_many) == len(after_few)
    assert await asks(many) == "requested"


async def test_what_was_counted_is_thrown_away(narrow, clock):
    await arrive("https://cats.example/u/bo")
    assert await amount("follow_count") == 2

    clock.forward(days=2)
    await prune()

    assert await amount("follow_count") == 0
