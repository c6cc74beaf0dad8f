"""Somebody elsewhere moves: their followers here go with them, if the new account says so too."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import fetch
from fedimark.errors import Forbidden
from fedimark.inbox.apply import UNREACHABLE_PAUSES_S
from fedimark.moderation import people
from fedimark.notifications.queries import told_to
from fedimark.web.told import sentence
from tests.rooms.strangers import Stranger, applied, letters
from tests.rooms.test_incoming import followed
from tests.support.savers import assert_agreement

OLD = "https://mastodon.example/users/cleo"
NEW = "https://sloth.example/users/cleo"


@pytest.fixture
async def old(server, fleet, ana) -> Stranger:
    """Somebody whom ana follows."""
    return await followed(ana, Stranger(fleet, OLD))


async def follows() -> list[tuple[str, str]]:
    """Whom people here follow, and how it stands."""
    rows = await fetch("SELECT a.uri, f.state FROM follow f JOIN actor a ON a.id = f.target_id ORDER BY f.id")
    return [(row["uri"], row["state"]) for row in rows]


def again(document: dict[str, Any], number: int) -> dict[str, Any]:
    """The same Move said once more."""
    return document | {"id": f"{OLD}#moves/{number}"}


async def test_followers_here_ask_the_new_account_and_leave_the_old(old, fleet, wire):
    Stranger(fleet, NEW, alsoKnownAs=[OLD])

    assert await old.do(wire("mastodon/move")) == "moved"

    assert await follows() == [(NEW, "requested")]
    said = [(kind, inbox) for kind, inbox, _ in await letters()][-2:]
    assert said == [("Follow", f"{NEW}/inbox"), ("Undo", f"{OLD}/inbox")]
    await assert_agreement()


async def test_followers_here_are_told_where_they_went_unless_they_block_that_account(old, fleet, wire, ana):
    new = Stranger(fleet, NEW, alsoKnownAs=[OLD])
    await old.do(wire("mastodon/move"))

    (notice,) = (await told_to(ana.viewer.actor_id)).notices
    assert sentence(notice) == "cleo@mastodon.example moved to “cleo@sloth.example”"
    assert notice.href == NEW
    await people.block(ana.viewer, new.uri)
    assert (await told_to(ana.viewer.actor_id)).notices == ()


@pytest.mark.parametrize("aliases", [[], ["https://mastodon.example/users/eve"], None])
async def test_nobody_is_moved_to_an_account_that_does_not_say_so(old, fleet, wire, aliases):
    Stranger(fleet, NEW, alsoKnownAs=aliases)

    assert await old.do(wire("mastodon/move")) == "ignored"

    assert await follows() == [(OLD, "accepted")]


async def test_nobody_moves_anybody_else(old, fleet, wire):
    eve = Stranger(fleet, "https://mastodon.example/users/eve")
    move = wire("mastodon/move") | {"actor": eve.uri, "id": f"{eve.uri}#1"}

    with pytest.raises(Forbidden):
        await eve.say(move)


async def test_a_second_move_within_a_week_is_not_followed(old, fleet, wire, ana, clock):
    Stranger(fleet, NEW, alsoKnownAs=[OLD])
    await old.do(wire("mastodon/move"))
    await followed(ana, old)

    assert await old.do(again(wire("mastodon/move"), 2)) == "ignored"
    clock.forward(days=8)
    assert await old.do(again(wire("mastodon/move"), 3)) == "moved"


async def test_a_move_waits_for_a_server_that_does_not_answer(old, fleet, wire, clock):
    Stranger(fleet, NEW, alsoKnownAs=[OLD])
    fleet.network.down.add("sloth.example")
    assert await old.do(wire("mastodon/move")) == "failed: Unreachable"

    fleet.network.down.clear()
    clock.forward(seconds=UNREACHABLE_PAUSES_S[0] + 1)
    await applied()

    assert await follows() == [(NEW, "requested")]


async def test_who_follows_both_already_keeps_the_new_one(old, fleet, wire, ana):
    new = await followed(ana, Stranger(fleet, NEW, alsoKnownAs=OLD))

    await old.do(wire("mastodon/move"))

    assert await follows() == [(new.uri, "accepted")]
