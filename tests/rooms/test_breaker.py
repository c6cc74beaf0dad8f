"""Hosts in trouble are left alone, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from collections import Counter as Tally

import pytest

from fedimark.database import execute, fetch_one
from fedimark.delivery.breaker import Lane
from fedimark.delivery.claim import SLOTS, claim, take_over
from fedimark.delivery.peers import heard_from
from fedimark.delivery.queries import Counts, counts
from fedimark.delivery.schedule import EXPIRED
from fedimark.delivery.send import drain
from tests.rooms.peers import Peer, Says, local_person
from tests.rooms.test_delivery import INBOX, OTHER, claimed, speak, stand, waiting
from tests.support.counting import statements

DAY_S = 86_400


def inboxes(host: str, amount: int) -> list[str]:
    """Inboxes of people of one host."""
    return [f"https://{host}/u/{number}/inbox" for number in range(amount)]


async def peer(host: str = "b.example") -> dict:
    """What is known of a host."""
    row = await fetch_one("SELECT * FROM peer WHERE host = ?", host)
    assert row is not None
    return row


async def health(host: str, **columns: int) -> None:
    """Let a host fare so."""
    known = {"fails": 0, "open_until": 0, "failing_days": 0, "failed_at": 0, "answered_at": 0} | columns
    sql = "INSERT INTO peer (host, scheme, scheme_until, software, software_at, seen_at) VALUES (?, '', 0, '', 0, 0)"
    await execute(f"{sql} ON CONFLICT DO NOTHING", host)
    await execute(f"UPDATE peer SET {', '.join(f'{name} = ?' for name in known)} WHERE host = ?", *known.values(), host)


@pytest.fixture
def bo(server, fleet) -> Peer:
    """https://b.example, which takes everything."""
    return stand(fleet, "b.example", 202)


async def test_five_failures_open_it_a_probe_goes_after_a_minute_and_success_closes_it(server, fleet, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, 1, inboxes=inboxes("b.example", 5))
    assert await drain() == 5
    fails = (await peer())["fails"]

    clock.forward(seconds=30)
    shut = await drain()
    clock.forward(seconds=31)
    probes = await drain()
    clock.forward(seconds=100)
    still_shut = await drain()
    bo.rule = lambda _: Says(202)
    clock.forward(seconds=25)

    assert (fails, shut, probes, still_shut) == (5, 0, 1, 0)
    assert await drain() == 5
    assert await waiting() == []
    row = await peer()
    assert (row["fails"], row["open_until"], row["failing_days"]) == (0, 0, 0)
    assert row["answered_at"] > 0


async def test_an_answer_of_no_shows_a_host_at_work(server, bo):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, 1, inboxes=inboxes("b.example", 4))
    await drain()

    bo.rule = lambda _: Says(404)
    await speak(ana, 2, inboxes=["https://b.example/new"])
    await drain()

    assert (await peer())["fails"] == 0


async def test_what_is_said_to_an_open_host_waits_for_its_probe(server, bo, clock):
    ana = await local_person()
    await health("b.example", fails=5, open_until=clock.micros + 60_000_000, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, 2, inboxes=[INBOX, "https://b.example/u/bo/inbox"])

    assert await drain() == 0
    clock.forward(seconds=61)
    assert await drain() == 4
    assert await waiting() == []


async def test_a_dead_host_does_not_slow_live_ones(server, fleet, bo, clock):
    ana = await local_person()
    later = clock.micros + 3_600_000_000
    await health("dead.example", fails=9, open_until=later, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, inboxes=inboxes("dead.example", 1_200))
    await speak(ana, 2)

    assert await drain() == 1
    assert [body["n"] for body in bo.bodies()] == [2]
    assert (await peer("dead.example"))["next_at"] == later


async def test_looking_for_work_costs_the_same_however_much_waits_for_the_dead(server, clock):
    ana = await local_person()
    later = clock.micros + 3_600_000_000
    await health("dead.example", fails=9, open_until=later, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, inboxes=inboxes("dead.example", 1_200))
    await claim()

    with statements() as ran:
        assert await claim() == []

    assert len(ran) <= 6


async def test_seven_failing_days_silence_a_host_until_it_is_heard_from(server, fleet, bo, clock):
    ana = await local_person()
    fleet.network.down.add("b.example")
    for day in range(7):
        await speak(ana, day, inboxes=inboxes("b.example", 5))
        await drain()
        clock.forward(days=1)
    assert (await peer())["failing_days"] == 7
    fleet.network.down.clear()
    await speak(ana, 8)

    assert await drain() == 0
    await heard_from("https://b.example/u/bo", INBOX, "")

    assert await drain() > 5
    assert (await peer())["failing_days"] == 0
    assert 8 in [body["n"] for body in bo.bodies()]
    assert (await counts()).waiting == 0


async def test_a_dormant_host_gets_a_probe_a_week_and_what_was_said_a_week_ago_is_given_up(server, fleet, bo, clock):
    ana = await local_person()
    fleet.network.down.add("b.example")
    week = 7 * DAY_S * 1_000_000
    await health("b.example", fails=40, open_until=clock.micros + week, failing_days=8, failed_at=clock.micros)
    await speak(ana, 1)
    clock.forward(days=3)
    await speak(ana, 2)

    tried = await drain()
    clock.forward(days=4.1)
    probes = await drain()

    assert (tried, probes) == (0, 1)
    first, second = await waiting()
    assert (first["last_error"], first["tries"]) == (EXPIRED, 0)
    assert (second["last_error"], second["dead_at"]) == ("unreachable", None)
    assert await counts() == Counts(waiting=1, dead=1)
    assert (await peer())["open_until"] > clock.micros + 6 * DAY_S * 1_000_000


async def test_hearing_from_a_host_that_is_well_is_one_read_a_minute(server, clock):
    await health("b.example", answered_at=clock.micros)

    with statements() as ran:
        for _ in range(3):
            await heard_from("https://b.example/u/bo", INBOX, "")

    assert len(ran) == 1


async def test_a_wish_stands_also_when_its_host_is_heard_from(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503, b"", {"retry-after": "7200"})
    await speak(ana, 1, inboxes=inboxes("b.example", 5))
    await drain()
    clock.forward(seconds=1_800)

    await heard_from(INBOX)

    assert await drain() == 0
    bo.rule = lambda _: Says(202)
    clock.forward(seconds=5_500)
    assert await drain() == 5


async def test_an_inbox_keeps_its_order_through_failures_breaker_and_revival(server, fleet, bo, clock):
    ana = await local_person()
    fleet.network.down.add("b.example")
    for number in range(10):
        await speak(ana, number)
        await drain()
        clock.forward(seconds=1_000)
    assert (await peer())["open_until"] > 0

    fleet.network.down.clear()
    clock.forward(days=2)
    await speak(ana, 10)
    await drain()

    assert [body["n"] for body in bo.bodies()] == list(range(11))


async def test_a_poison_inbox_stops_no_other_inbox_of_its_host(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda asked: Says(500 if "poison" in asked.target else 202)
    poison, well = "https://b.example/poison/inbox", "https://b.example/well/inbox"

    for number in range(12):
        await speak(ana, number, inboxes=[poison, well])
        await drain()
        clock.forward(seconds=200)

    assert [json.loads(asked.body)["n"] for asked in bo.asked if "well" in asked.target] == list(range(12))
    assert len([asked for asked in bo.asked if "poison" in asked.target]) < 8


async def test_at_most_four_inboxes_of_a_host_are_served_at_once_and_all_in_the_end(server, fleet):
    ana = await local_person()
    under_way: Tally[str] = Tally()
    most = 0

    async def slow(scope, receive, send):
        nonlocal most
        under_way[scope["path"]] += 1
        assert under_way[scope["path"]] == 1
        most = max(most, under_way.total())
        await asyncio.sleep(0.01)
        under_way[scope["path"]] -= 1
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    fleet.network.add("b.example", slow)
    await speak(ana, 1, 2, inboxes=inboxes("b.example", 12))

    assert await drain() == 24
    assert 2 <= most <= 4


async def test_a_host_changes_its_lane_when_it_answers_and_when_it_has_not_for_an_hour(server, bo, clock):
    ana = await local_person()
    await speak(ana, 1)
    lanes = [visit.lane for visit in await claim()]
    await take_over()
    await drain()
    await speak(ana, 2)
    lanes += [visit.lane for visit in await claim()]
    await take_over()
    clock.forward(seconds=3_700)
    lanes += [visit.lane for visit in await claim()]

    assert lanes == [Lane.OTHERS, Lane.FAST, Lane.OTHERS]


async def test_fast_hosts_never_wait_for_slow_ones(server, fleet, bo, clock):
    ana = await local_person()
    await health("b.example", answered_at=clock.micros)
    let_go, begun = asyncio.Event(), asyncio.Event()
    slow_ones = SLOTS[Lane.OTHERS] + 40
    hanging = 0

    async def hang(scope, receive, send):
        nonlocal hanging
        hanging += 1
        if hanging == SLOTS[Lane.OTHERS]:
            begun.set()
        await let_go.wait()
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    for number in range(slow_ones):
        fleet.network.add(f"slow{number}.example", hang)
    await speak(ana, 1, inboxes=[f"https://slow{number}.example/inbox" for number in range(slow_ones)])
    draining = asyncio.create_task(drain())
    await asyncio.wait_for(begun.wait(), 60)

    await speak(ana, 2)
    async with asyncio.timeout(60):
        while not bo.asked:
            await asyncio.sleep(0.05)

    assert hanging == SLOTS[Lane.OTHERS]
    let_go.set()
    assert await asyncio.wait_for(draining, 60) == slow_ones + 1


async def test_a_worker_killed_during_a_probe_leaves_one_probe_to_its_successor(server, fleet, bo, clock):
    ana = await local_person()
    await health("b.example", fails=6, open_until=clock.micros, failing_days=1, failed_at=clock.micros)
    await speak(ana, 1, 2, inboxes=[INBOX, "https://b.example/u/bo/inbox"])
    [[probe]] = await claimed()  # and then the process is killed
    beside = await claimed()
    clock.forward(seconds=61)
    [[again]] = await claimed()

    assert beside == []
    assert probe["id"] == again["id"]
    await take_over()
    assert await drain() == 4
    assert (await peer())["open_until"] == 0


async def test_what_a_killed_worker_had_taken_for_a_host_that_opened_meanwhile_waits(server, bo, clock):
    ana = await local_person()
    await speak(ana, 1)
    assert await claim()  # and then the process is killed
    await health("b.example", fails=6, open_until=clock.micros + 300_000_000, failing_days=1, failed_at=clock.micros)
    clock.forward(seconds=61)

    assert await drain() == 0
    clock.forward(seconds=240)
    assert await drain() == 1


async def test_a_letter_behind_one_that_was_cancelled_goes(server, bo, clock):
    ana = await local_person()
    bo.rule = lambda _: Says(503)
    await speak(ana, 1, 2)
    await drain()
    bo.rule = lambda _: Says(202)
    await execute("DELETE FROM delivery WHERE id = (SELECT MIN(id) FROM delivery)")

    clock.forward(seconds=61)

    assert await drain() == 1


async def test_a_letter_taken_up_again_does_not_go_beside_a_younger_one(server, bo, clock):
    ana = await local_person()
    await speak(ana, 1, 2)
    await execute("UPDATE delivery SET dead_at = 1 WHERE id = (SELECT MIN(id) FROM delivery)")
    [[younger]] = await claimed()
    await execute("UPDATE delivery SET dead_at = NULL")

    assert await claim() == []
    await take_over()
    clock.forward(seconds=61)
    await drain()
    assert [body["n"] for body in bo.bodies()] == [1, 2]
    assert younger["tries"] == 0


async def test_two_hosts_fail_apart(server, fleet, bo):
    ana = await local_person()
    cy = stand(fleet, "c.example", 202)
    fleet.network.down.add("b.example")
    await speak(ana, 1, inboxes=[*inboxes("b.example", 6), OTHER])

    await drain()

    assert (await peer())["fails"] == 5  # what was under way beside the fifth counts for nothing
    assert (await peer("c.example"))["fails"] == 0
    assert len(cy.bodies()) == 1
