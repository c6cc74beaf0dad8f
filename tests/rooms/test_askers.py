"""Follows that are applied together: whatever comes in whatever mixture, all is as if each had come alone."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from typing import Any

import pytest

from fedimark import addresses
from fedimark.database import Row, execute, fetch
from fedimark.here import entered, now
from fedimark.inbox.apply import apply_waiting
from fedimark.inbox.askers import apply_plain
from fedimark.inbox.keeping import keep
from fedimark.vocab.parse import parse
from tests.support.counting import statements
from tests.support.savers import remote_actor, saver

SERVERS = ("cats.example", "dogs.example", "birds.example")
PEOPLE = [f"p{number}" for number in range(24)]
TARGETS = ("ana", "bo", "cy", "nobody")  # bo approves by hand, cy moved away

_CAME = """
INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, next_at, tries, outcome)
VALUES (?, ?, ?, ?, ?, ?, 0, '')
"""
_BLOCK = "INSERT INTO block (blocker_id, blocked_id, is_mute, created_at) VALUES (?, ?, FALSE, 0)"


async def crowd() -> dict[str, int]:
    """People here, and many elsewhere: ana blocks p1, p2 is suspended, p3 blocks bo, p4 was refused before."""
    ana, bo, cy = await saver("ana"), await saver("bo", by_hand=True), await saver("cy")
    await execute("UPDATE actor SET moved_to = 'https://elsewhere.example/u/cy' WHERE id = ?", cy.actor_id)
    found = {name: await remote_actor(name, _host(name)) for name in PEOPLE}
    await execute(_BLOCK, ana.actor_id, found["p1"])
    await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", found["p2"])
    await execute(_BLOCK, found["p3"], bo.actor_id)
    rejected = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'rejected', 0)"
    await execute(rejected, found["p4"], ana.actor_id)
    return found


def _host(name: str) -> str:
    return SERVERS[int(name[1:]) % 3 if int(name[1:]) < 12 else 0]


def _uri(name: str) -> str:
    return f"https://{_host(name)}/u/{name}"


def asks(name: str, target: str, number: int) -> dict[str, Any]:
    """Somebody elsewhere asks to follow somebody here; every fifth time without an id."""
    named = {} if number % 5 == 4 else {"id": f"{_uri(name)}#follows/{number}"}
    return {**named, "type": "Follow", "actor": _uri(name), "object": f"https://a.example/u/{target}"}


def takes_back(name: str, target: str, number: int) -> dict[str, Any]:
    """They never meant it."""
    followed = asks(name, target, number * 5)
    return {"id": f"{_uri(name)}#undo/{number}", "type": "Undo", "actor": _uri(name), "object": followed}


async def came(said: dict[str, Any], actor_id: int, number: int) -> None:
    """What the gate keeps of an activity whose sender it proved."""
    name = addresses.uri_hash(f"{said['actor']} {number}")
    await execute(_CAME, name, actor_id, said["type"], json.dumps(said), now(), now())


async def kept() -> dict[str, list[Any]]:
    """Every table that applying writes, with who rows are of instead of their numbers, and without random ids."""
    people = {row["id"]: row["uri"] or row["local_name"] for row in await fetch("SELECT * FROM actor")}

    def plain(row: Row) -> tuple[Any, ...]:
        who = tuple(people.get(row.get(name)) for name in ("follower_id", "target_id", "owner_id", "actor_id"))
        names = ("outcome", "state", "uri", "kind", "object_uri", "name", "amount", "inbox", "host", "tries")
        said = json.loads(row["body"]) if "body" in row else {}
        return *who, *(row.get(name) for name in names), repr(said.get("object"))

    found = {}
    for table in ("received_activity", "follow", "notification", "activity", "follow_count", "reach"):
        found[table] = [plain(row) for row in await fetch(f"SELECT * FROM {table} ORDER BY id")]
    found["reach"].sort()
    sent = "SELECT d.*, a.kind FROM delivery d JOIN activity a ON a.id = d.activity_id ORDER BY d.id"
    found["delivery"] = [plain(row) for row in await fetch(sent)]
    # Of one run each gets one answer: which of two people hears first says nothing.
    found["activity"].sort(key=repr)
    found["delivery"].sort(key=repr)
    found["follow_count"].sort(key=repr)
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_run_of_follows_leaves_every_row_as_if_each_had_come_alone(fleet, clock, seed):
    chance, found = random.Random(seed), []
    said = [
        (name, chance.choices([asks, takes_back], [4, 1])[0](name, chance.choice(TARGETS), number))
        for number, name in enumerate(chance.choice(PEOPLE) for _ in range(150))
    ]

    for host, at_once in (("a.example", len(said)), ("c.example", 1)):
        clock.set("2026-03-01T12:00:00Z")
        server = await fleet.server(host, follows_an_hour_per_host="9", follows_an_hour_per_domain="9")
        async with entered(server.here):
            people = await crowd()
            for start in range(0, len(said), at_once):
                for number, (name, each) in enumerate(said[start : start + at_once], start):
                    body = json.loads(json.dumps(each).replace("https://a.example", f"https://{host}"))
                    await came(body, people[name], number)
                while await apply_waiting():
                    pass
            found.append(json.loads(json.dumps(await kept()).replace(host, "here.example")))

    together, alone = found
    words = Counter(row[4] for row in together["received_activity"])
    assert words.keys() >= {"accepted", "requested", "refused", "suspended", "ignored", "withdrawn"}
    for table, rows in together.items():
        assert rows == alone[table], table


async def test_twice_as_many_who_ask_cost_no_statement_more(server):
    people = await crowd()
    counted = []

    for names in (PEOPLE[20:22], PEOPLE[5:8], PEOPLE[8:20]):
        for name in names:
            await came(asks(name, "ana", 0), people[name], 0)
        with statements() as count:
            await apply_waiting()
        counted.append(len(count))

    assert counted[1] == counted[2], counted  # the first time domains are looked up


async def test_parts_of_the_lane_that_come_at_one_time_make_one_run(server):
    people = await crowd()
    for name in PEOPLE[5:17]:
        await came(asks(name, "ana", 0), people[name], 0)
    await came({**asks("p20", "ana", 0), "object": 7}, people["p20"], 0)
    ids = [row["id"] for row in await fetch("SELECT id FROM received_activity ORDER BY id")]

    with statements() as count:
        done = await asyncio.gather(*(apply_plain(ids[part::4]) for part in range(4)))

    assert done == [3, 3, 3, 3]  # the one that cannot be read is left to be set aside by itself
    rows = await fetch("SELECT outcome FROM received_activity ORDER BY id")
    assert [row["outcome"] for row in rows] == ["accepted"] * 12 + [""]
    assert len([each for each in count if "INSERT INTO follow " in each]) == 1


async def _of_nobody(people: dict[str, int]) -> list[int]:
    await came(asks("p6", "ana", 0), 10**9, 0)
    return [3, 3, 2, 3]


async def _with_no_address(people: dict[str, int]) -> list[int | type[Exception]]:
    await execute("UPDATE actor SET uri = NULL WHERE id = ?", people["p6"])
    await came(asks("p6", "ana", 0), people["p6"], 0)
    return [3, 3, Exception, 3]


@pytest.mark.parametrize("poison", [_of_nobody, _with_no_address])
async def test_what_spoils_one_part_of_the_lane_spoils_no_other(server, poison):
    people = await crowd()
    for name in PEOPLE[7:17]:
        await came(asks(name, "ana", 0), people[name], 0)
    expected = await poison(people)
    await came(asks("p17", "ana", 0), people["p17"], 0)
    ids = [row["id"] for row in await fetch("SELECT id FROM received_activity ORDER BY id")]

    done = await asyncio.gather(*(apply_plain(ids[part::4]) for part in range(4)), return_exceptions=True)

    assert [Exception if isinstance(each, Exception) else each for each in done] == expected


async def test_a_follow_that_cannot_be_read_holds_up_no_other(server):
    people = await crowd()
    await came(asks("p5", "ana", 0), people["p5"], 0)
    await came({**asks("p6", "ana", 0), "object": 7}, people["p6"], 0)
    await came(asks("p7", "ana", 0), people["p7"], 0)

    await apply_waiting()

    rows = await fetch("SELECT outcome FROM received_activity ORDER BY id")
    assert [row["outcome"].partition(":")[0] for row in rows] == ["accepted", "failed", "accepted"]


async def test_a_follow_taken_back_and_said_again_at_one_moment_stands(server):
    people = await crowd()
    actor = {"id": people["p5"], "uri": _uri("p5")}
    again, undo = parse(asks("p5", "ana", 0)), parse(takes_back("p5", "ana", 0))
    said = [(again, 1), (undo, 2), (again, 3), (again, 3)]

    new = await asyncio.gather(*(keep(each, actor, "{}", at) for each, at in said))

    assert new == [True, True, True, False]
    rows = await fetch("SELECT kind, received_at FROM received_activity ORDER BY id")
    assert [(row["kind"], row["received_at"]) for row in rows] == [("Undo", 2), ("Follow", 3)]
