"""What an admin sees of each host, and does about it."""

from __future__ import annotations

import pytest

from fedimark.database import execute
from fedimark.delivery import hosts
from fedimark.delivery.hosts import FORGOTTEN, State, StateCount
from fedimark.delivery.queries import Counts, counts
from fedimark.delivery.send import drain
from fedimark.policy.muted import ASKED, is_muted, mute, unmute
from tests.rooms.peers import Peer, Says, local_person
from tests.rooms.test_breaker import health, inboxes, peer
from tests.rooms.test_delivery import INBOX, OTHER, speak, stand, waiting
from tests.support.counting import statements

MINUTE = 60_000_000


@pytest.fixture
def bo(server, fleet) -> Peer:
    """https://b.example, which takes everything."""
    return stand(fleet, "b.example", 202)


async def test_a_host_that_takes_everything_is_not_listed(server, bo):
    ana = await local_person()
    await speak(ana, 1)

    await drain()

    assert await hosts.states() == []
    assert await hosts.counts_by_state() == []


async def test_a_host_in_trouble_is_listed_with_what_waits_and_why(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, 1, 2, inboxes=inboxes("b.example", 5))
    said_at = min(row["created_at"] for row in await waiting())
    await drain()
    until = (await peer())["open_until"]
    clock.forward(seconds=10)

    [state] = await hosts.states()

    assert (state.host, state.state, state.fails, state.last_error) == ("b.example", State.RESTING, 5, "http-503")
    assert (state.waiting, state.oldest) == (10, said_at)
    assert state.resting_until == state.next_try == until
    assert await hosts.counts_by_state() == [StateCount(State.RESTING, 1, 10, said_at)]


async def test_hosts_come_by_name_a_page_at_a_time_in_one_statement(server, clock):
    for name in ("d", "b", "c", "a"):
        await health(f"{name}.example", fails=1, failing_days=1, failed_at=clock.micros)
    await health("well.example", answered_at=clock.micros)

    await is_muted()

    with statements() as ran:
        first = await hosts.states(limit=3)
    rest = await hosts.states(first[-1].host)

    assert [state.host for state in (*first, *rest)] == [f"{name}.example" for name in "abcd"]
    assert len(ran) == 1


async def test_what_waits_is_counted_by_how_its_host_fares(server, clock):
    ana = await local_person()
    later, day = clock.micros + 3_600_000_000, 86_400_000_000
    await health("open.example", fails=9, open_until=later, failing_days=1, failed_at=clock.micros)
    await health("dormant.example", fails=30, open_until=clock.micros + 6 * day, failing_days=7, failed_at=clock.micros)
    for host, amount in (("open", 2), ("dormant", 3), ("paused", 1), ("new", 4), ("new2", 1)):
        await speak(ana, 1, inboxes=inboxes(f"{host}.example", amount))
    await hosts.pause("paused.example")

    found = {(count.state, count.hosts, count.waiting) for count in await hosts.counts_by_state()}

    assert found == {("well", 2, 5), ("resting", 1, 2), ("dormant", 1, 3), ("paused", 1, 1)}


async def test_a_host_that_rests_is_tried_at_once_when_an_admin_says_so(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, 1, inboxes=inboxes("b.example", 5))
    await drain()
    bo.rule = lambda _: Says(202)
    assert await drain() == 0

    await hosts.retry("b.example")

    assert await drain() == 5
    assert await waiting() == []


async def test_one_letter_goes_to_a_dormant_host_that_is_tried_in_vain(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    week = 7 * 86_400_000_000
    await health("b.example", fails=40, open_until=clock.micros + week, failing_days=8, failed_at=clock.micros)
    await speak(ana, 1, 2, inboxes=[INBOX, "https://b.example/u/bo/inbox"])

    await hosts.retry("b.example")

    assert await drain() == 1


async def test_a_wish_of_a_host_stands_when_an_admin_tries_it(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(429, b"", {"retry-after": "3600"})
    await speak(ana, 1)
    await drain()

    await hosts.retry("b.example")

    assert await drain() == 0


async def test_a_paused_host_gets_nothing_and_loses_nothing(server, fleet, bo, clock):
    ana = await local_person()
    cy = stand(fleet, "c.example", 202)
    await hosts.pause("b.example")
    await speak(ana, 1, inboxes=[INBOX, OTHER])

    assert await drain() == 1
    [state] = await hosts.states()
    assert (state.state, state.waiting, state.next_try) == (State.PAUSED, 1, 0)
    assert (bo.asked, len(cy.asked)) == ([], 1)
    clock.forward(days=2)
    await speak(ana, 2)
    await hosts.go_on("b.example")
    assert await drain() == 2
    assert [body["n"] for body in bo.bodies()] == [1, 2]


async def test_a_pause_twice_ends_at_once(server, bo):
    ana = await local_person()
    await speak(ana, 1)
    await hosts.pause("b.example")
    await hosts.pause("b.example")

    await hosts.go_on("b.example")

    assert await drain() == 1


async def test_what_waits_for_a_host_that_is_forgotten_is_given_up_and_its_followers_stay(server, bo, clock):
    ana = await local_person()
    await execute(
        "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (999, ?, 'accepted', 0)", ana["id"]
    )
    await health("b.example", fails=9, open_until=clock.micros + MINUTE, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, 2)

    assert await hosts.forget("b.example") == 2

    assert await counts() == Counts(waiting=0, dead=2)
    assert {row["last_error"] for row in await waiting()} == {FORGOTTEN}
    clock.forward(seconds=61)
    await speak(ana, 3)
    assert await drain() == 1
    assert [body["n"] for body in bo.bodies()] == [3]


async def test_while_the_server_is_muted_nothing_is_sent_and_every_host_says_so(server, bo, clock):
    ana = await local_person()
    await speak(ana, 1)
    await hosts.states()
    await mute(ASKED)

    assert await drain() == 0
    assert [count.state for count in await hosts.counts_by_state()] == [State.MUTED]
    await unmute()
    assert await drain() == 1


async def test_a_muted_server_tries_no_host(server, clock):
    ana = await local_person()
    await health("b.example", fails=1, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1)
    await mute(ASKED)

    [state] = await hosts.states()

    assert (state.state, state.waiting, state.next_try) == (State.MUTED, 1, 0)
