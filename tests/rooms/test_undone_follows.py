"""Follows taken back: which Follow an Undo means, in whatever order they come, and those said again under one id."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from fedimark.database import execute, fetch
from tests.rooms.strangers import Stranger, amount, applied, deliver, letters

CLEO = "https://mastodon.example/users/cleo"
DORA = "https://betula.example/@dora"
HERE = {"marks.example": "a.example"}


@pytest.fixture
def cleo(server, fleet) -> Stranger:
    """Somebody of another server."""
    return Stranger(fleet, CLEO)


@pytest.fixture
def dora(server, fleet) -> Stranger:
    """Somebody of a Betula."""
    return Stranger(fleet, DORA)


def asked(which: str, wire: Any) -> dict[str, Any]:
    """A Follow of ana by cleo, with an id of its own."""
    return wire("mastodon/follow", **HERE) | {"id": f"https://mastodon.example/{which}"}


def undone(which: str, wire: Any) -> dict[str, Any]:
    """The Undo of that Follow."""
    return {"id": f"{CLEO}#undo-{which}", "type": "Undo", "actor": CLEO, "object": asked(which, wire)}


async def followers() -> list[str]:
    """The ids of the Follows that stand."""
    return [row["uri"] for row in await fetch("SELECT uri FROM follow WHERE state = 'accepted'")]


# --- which Follow is meant -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_id", [False, True])
async def test_an_old_undo_does_not_end_a_newer_follow(ana, cleo, wire, by_id):
    await cleo.do(asked("first", wire))
    await cleo.do(asked("second", wire))
    late = undone("first", wire)

    came = await cleo.do(late | {"object": late["object"]["id"]} if by_id else late)

    assert came == "ignored"
    assert await followers() == ["https://mastodon.example/second"]


async def test_an_undo_is_not_replayed_onto_the_follow_after_it(ana, cleo, wire):
    await cleo.do(asked("first", wire))
    message = cleo.signed(undone("first", wire))
    await deliver(message)
    await applied()
    await cleo.do(asked("second", wire))

    await deliver(message)
    await applied()

    assert await followers() == ["https://mastodon.example/second"]
    assert await cleo.do(undone("first", wire) | {"id": f"{CLEO}#another"}) == "ignored"
    assert await followers() == ["https://mastodon.example/second"]


async def test_the_undo_of_the_newest_follow_ends_it(ana, cleo, wire):
    await cleo.do(asked("first", wire))
    await cleo.do(asked("second", wire))

    assert await cleo.do(undone("second", wire)) == "withdrawn"

    assert await amount("follow") == 0


@pytest.mark.parametrize("known", [True, False])
async def test_an_undo_of_an_id_nobody_knows_ends_the_follow_it_describes(ana, cleo, wire, known):
    await cleo.do(asked("first", wire))
    if not known:
        await execute("UPDATE follow SET uri = NULL")

    assert await cleo.do(undone("lost", wire)) == "withdrawn"

    assert await amount("follow") == 0


async def test_an_undo_without_an_id_of_the_follow_ends_it(ana, cleo, wire):
    await cleo.do(asked("first", wire))
    undo = undone("first", wire)
    del undo["object"]["id"]

    assert await cleo.do(undo) == "withdrawn"


async def test_an_undo_of_the_follow_of_one_person_leaves_that_of_another(server, ana, cleo, wire):
    bo = await server.sign_up("bo")
    await cleo.do(asked("of-ana", wire))
    await cleo.do(asked("of-bo", wire) | {"object": bo.uri})

    assert await cleo.do(undone("of-ana", wire)) == "withdrawn"

    assert await followers() == ["https://mastodon.example/of-bo"]


ORDERS = [order for order in permutations(["follow 1", "undo 1", "follow 2"]) if order.index("follow 1") == 0]


@pytest.mark.parametrize("order", ORDERS)
async def test_whoever_follows_again_follows_in_the_end(ana, cleo, wire, order):
    for each in order:
        kind, which = each.split()
        await cleo.do((asked if kind == "follow" else undone)(which, wire))

    assert await followers() == ["https://mastodon.example/2"]


async def test_a_follow_that_comes_after_its_undo_begins_nothing(ana, cleo, wire):
    assert await cleo.do(undone("first", wire)) == "ignored"

    assert await cleo.do(asked("first", wire)) == "ignored"

    assert await letters() == []
    assert await cleo.do(asked("second", wire)) == "accepted"


# --- said again under one id ---------------------------------------------------------------------------------------


async def test_a_server_with_one_id_for_every_follow_can_leave_and_come_back(ana, dora, wire, clock):
    follow, undo = wire("betula/follow", **HERE), wire("betula/undo_follow", **HERE)

    for document, left in ((follow, 1), (undo, 0), (follow, 1), (undo, 0), (follow, 1)):
        await dora.do(document)
        assert await amount("follow") == left
        clock.forward(seconds=5)

    assert [kind for kind, _, _ in await letters()] == ["Accept"] * 3


async def test_the_order_they_came_in_counts_where_nothing_was_applied_between(ana, dora, wire, clock):
    follow, undo = wire("betula/follow", **HERE), wire("betula/undo_follow", **HERE)

    for document in (follow, undo, follow, undo, follow):
        await dora.say(document)
        clock.forward(seconds=5)
    await applied()

    assert await amount("follow") == 1
    for document in (undo, follow, undo):
        await dora.say(document)
        clock.forward(seconds=5)
    await applied()
    assert await amount("follow") == 0


@pytest.mark.parametrize("ahead_s", [-600, 0, 600])
async def test_a_request_that_comes_twice_counts_once_whatever_the_clock_of_its_server(ana, dora, wire, clock, ahead_s):
    follow, undo = wire("betula/follow", **HERE), wire("betula/undo_follow", **HERE)
    at = clock.micros + ahead_s * 1_000_000
    messages = [dora.signed(each, at=at + 5_000_000 * place) for place, each in enumerate((follow, undo, follow))]
    for message in messages:
        await deliver(message)
        await applied()
        clock.forward(seconds=5)
    assert await amount("follow") == 1

    for message in (messages[1], messages[0], messages[2], messages[1]):
        await deliver(message)
        await applied()

    assert await amount("follow") == 1
    assert len(await letters()) == 2


async def test_a_moment_that_was_not_signed_does_not_make_a_request_new(ana, dora, wire, clock):
    follow, undo = wire("betula/follow", **HERE), wire("betula/undo_follow", **HERE)
    message = dora.signed(undo)
    for document in (dora.signed(follow), message):
        await deliver(document)
        await applied()
    clock.forward(seconds=5)
    await dora.do(follow)

    later = f"created={clock.micros // 1_000_000 + 60},{message.headers['signature'][0]}"
    await deliver(replace(message, headers={**message.headers, "signature": (later,)}))
    await applied()

    assert await amount("follow") == 1
