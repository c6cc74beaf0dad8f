"""Actors who are met at one time: kept together, each as if it came alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError

from fedimark import addresses
from fedimark.database import execute, fetch, write
from fedimark.remote.meeting import Met, met
from tests.support.counting import statements

# SQLite makes no trips, and has one writer.
on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)
WORDS = ("kind", "name", "summary", "icon", "outbox", "followers_uri", "key_id", "public_key", "private_key")


def somebody(who: str, host: str = "b.example", **said: Any) -> Met:
    """Somebody as their server described them, with a key of their own for proofs."""
    uri = f"https://{host}/u/{who}"
    values = dict.fromkeys((*WORDS, "attributed_to"), "") | {"uri": uri, "uri_hash": addresses.uri_hash(uri)}
    values |= {"username": who, "host": host, "site": host, "url": uri, "fields": "[]", "inbox": f"{uri}/inbox"}
    values |= {"shared_inbox": f"https://{host}/inbox", "approves_followers": False, "indexable": False}
    values |= {"created_at": 1, "fetched_at": 2, **said}
    key = f"{uri}#ed25519-key"
    return Met(values, f"https://{host}/inbox", {key: f"key of {who}"}, {key}, {key})


async def kept() -> dict[str, Any]:
    """Who is kept, with the inbox that letters to them go to and their keys; and the servers that are known."""
    sql = """
    SELECT a.username, a.name, i.url, k.public_key FROM actor a JOIN inbox i ON i.id = a.inbox_id
    JOIN actor_key k ON k.actor_id = a.id WHERE a.uri LIKE 'https://%.example/u/%' ORDER BY a.username
    """
    rows = [tuple(row.values()) for row in await fetch(sql)]
    return {"people": rows, "servers": [row["host"] for row in await fetch("SELECT host FROM peer ORDER BY host")]}


async def test_those_met_at_one_time_are_kept_by_as_many_statements_as_two(server):
    counted = []
    for start, amount in ((0, 1), (1, 2), (3, 20)):
        some = [somebody(f"p{number:02}", f"s{number % 2}.example") for number in range(start, start + amount)]
        with statements() as count:
            rows = await asyncio.gather(*map(met, some))
        counted.append(len(count))
        assert [row["uri"] for row in rows] == [each.values["uri"] for each in some]

    assert counted[1] == counted[2], counted
    found = await kept()
    assert found["people"][7] == ("p07", "", "https://s1.example/inbox", "key of p07")
    assert (len(found["people"]), found["servers"]) == (23, ["s0.example", "s1.example"])


@on_postgres
async def test_strangers_are_kept_in_one_trip_with_their_keys(server):
    with statements() as count:
        await asyncio.gather(*(met(somebody(f"p{number}")) for number in range(3)))

    assert len(count) == 1
    assert [key for *_, key in (await kept())["people"]] == ["key of p0", "key of p1", "key of p2"]


async def test_who_is_known_is_kept_as_they_are_now_beside_strangers(server):
    old = somebody("bo", name="Bo")
    await met(old)
    key = f"{old.values['uri']}#another"
    new = somebody("bo", name="Bo Bee", private_key="not theirs", created_at=9)
    new = new._replace(keys={key: "another key"}, named={key}, asserting={key})

    rows = await asyncio.gather(met(somebody("ann")), met(new), met(somebody("cy")))

    assert [(row["username"], row["created_at"]) for row in rows] == [("ann", 1), ("bo", 1), ("cy", 1)]
    inbox = "https://b.example/inbox"
    keys = [("ann", "", inbox, "key of ann"), ("bo", "Bo Bee", inbox, "another key"), ("cy", "", inbox, "key of cy")]
    assert (await kept())["people"] == keys


async def test_who_was_said_to_be_known_or_not_is_kept_all_the_same(server):
    await met(somebody("bo"))

    rows = await asyncio.gather(met(somebody("ann")._replace(is_known=True)), met(somebody("bo", name="Bo Bee")))

    assert [(row["username"], row["name"]) for row in rows] == [("ann", ""), ("bo", "Bo Bee")]
    assert [key for *_, key in (await kept())["people"]] == ["key of ann", "key of bo"]


@on_postgres
async def test_a_server_that_somebody_is_writing_to_is_not_waited_for(server):
    await met(somebody("bo"))

    begun, may_end = asyncio.Event(), asyncio.Event()

    async def writes() -> None:
        async with write():
            await execute("UPDATE peer SET seen_at = seen_at + 1 WHERE host = 'b.example'")
            begun.set()
            await may_end.wait()

    writing = asyncio.create_task(writes())
    await begun.wait()
    row = await asyncio.wait_for(met(somebody("cy")), 10)

    assert row["username"] == "cy"
    assert not writing.done()
    may_end.set()
    await writing


async def test_whoever_is_met_twice_at_one_time_is_kept_once_as_they_said_last(server):
    first, last = somebody("bo", name="Bo"), somebody("bo", name="Bo Bee")

    rows = await asyncio.gather(met(first), met(last))

    assert [row["name"] for row in rows] == ["Bo Bee", "Bo Bee"]
    assert len((await kept())["people"]) == 1


async def test_a_key_that_is_named_no_more_is_kept_no_longer(server):
    before = somebody("bo")
    await met(before)

    await met(before._replace(keys={}, named=set(), asserting=set()))

    assert await fetch("SELECT id FROM actor_key") == []


async def test_one_who_cannot_be_kept_spoils_no_other(server):
    some = [somebody("bo"), somebody("nobody", username=None), somebody("cy")]

    found = await asyncio.gather(*map(met, some), return_exceptions=True)

    assert isinstance(found[1], IntegrityError)
    assert [name for name, *_ in (await kept())["people"]] == ["bo", "cy"]
