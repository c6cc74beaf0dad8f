"""Telling people here what others do: what is written down, and what nobody wants to hear."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute, fetch, write
from fedimark.moderation import mutes, people
from fedimark.notifications.tell import MOST_A_DAY, MOST_KEPT, Kind, named, tell, untell
from tests.rooms.strangers import amount
from tests.support.savers import remote_actor, save, saver

NOTE = "https://b.example/notes/1"


@pytest.fixture
async def rita(server) -> Any:
    """Somebody here, with a bookmark."""
    rita = await saver("rita")
    await save(rita, "https://sqlite.org/")
    return rita


async def told(owner: Any, actor_id: int, kind: Kind = Kind.LIKE, subject: str = NOTE) -> int:
    """Tell of something; how many notifications there are then."""
    async with write():
        await tell(owner.actor_id, kind, actor_id, subject, bookmark_id=1, at=7)
    return await amount("notification")


async def test_what_is_told_twice_is_told_once_and_can_be_taken_back(rita):
    dee = await remote_actor("dee", "b.example")

    assert await told(rita, dee) == 1
    assert await told(rita, dee, subject=named(NOTE)) == 1
    assert await told(rita, dee, Kind.SHARE) == 2
    async with write():
        await untell(Kind.LIKE, dee, NOTE)
        await untell(Kind.LIKE, dee, "https://b.example/never")

    (left,) = await fetch("SELECT * FROM notification")
    assert (left["kind"], left["owner_id"], left["actor_id"], left["at"]) == (Kind.SHARE, rita.actor_id, dee, 7)


async def test_nothing_is_told_of_oneself_nor_to_people_elsewhere(rita):
    dee, eve = await remote_actor("dee", "b.example"), await remote_actor("eve", "b.example")

    assert await told(rita, rita.actor_id) == 0
    async with write():
        await tell(dee, Kind.FOLLOW, eve, "https://b.example/eve", at=7)
    assert await amount("notification") == 0


async def test_nothing_is_told_of_who_is_muted_blocked_or_blocks_or_is_suspended_or_gone(rita):
    names = ("muted", "blocked", "blocking", "shut", "gone", "fine")
    who = {name: await remote_actor(name, "b.example") for name in names}
    await mutes.mute(rita, "@muted@b.example")
    async with write():
        for blocker, blocked in ((rita.actor_id, who["blocked"]), (who["blocking"], rita.actor_id)):
            await execute("INSERT INTO block (blocker_id, blocked_id, created_at) VALUES (?, ?, 1)", blocker, blocked)
        await execute("UPDATE actor SET suspended_at = 1 WHERE id = ?", who["shut"])
        await execute("UPDATE actor SET gone_at = 1 WHERE id = ?", who["gone"])

    assert [await told(rita, who[name]) for name in names] == [0, 0, 0, 0, 0, 1]


async def test_of_people_here_the_same_holds(rita):
    bo = await saver("bo")
    await people.block(bo, "rita")

    assert await told(rita, bo.actor_id) == 0


async def test_kinds_that_its_owner_does_not_want_are_not_told(rita):
    dee = await remote_actor("dee", "b.example")
    await execute("UPDATE account SET unwanted_kinds = ? WHERE actor_id = ?", 1 << Kind.LIKE, rita.actor_id)

    assert await told(rita, dee) == 0
    assert await told(rita, dee, Kind.SHARE) == 1


async def test_a_storm_of_one_kind_tells_no_more_than_so_much_a_day_and_leaves_the_other_kinds_alone(rita):
    dee = await remote_actor("dee", "b.example")
    async with write():
        for number in range(MOST_A_DAY + 20):
            await tell(rita.actor_id, Kind.LIKE, dee, f"{NOTE}/{number}", bookmark_id=1, at=7)

    assert await amount("notification") == MOST_A_DAY
    assert await told(rita, dee, Kind.REPLY) == MOST_A_DAY + 1


async def test_the_oldest_make_room(rita):
    dee = await remote_actor("dee", "b.example")
    await told(rita, dee)
    line = "INSERT INTO notification (owner_id, kind, actor_id, subject, bundle, day, at) VALUES (?, 2, ?, ?, '', 0, 1)"
    async with write():
        for number in range(MOST_KEPT - 1):
            await execute(line, rita.actor_id, dee, str(number))
    assert await amount("notification") == MOST_KEPT

    assert await told(rita, dee, Kind.SHARE) == MOST_KEPT

    kinds = {row["kind"] for row in await fetch("SELECT DISTINCT kind FROM notification")}
    assert kinds == {Kind.COPY, Kind.SHARE}
