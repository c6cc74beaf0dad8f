"""What could not be applied is shown to admins, who let it be tried again or forget it."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark.database import execute, fetch_one
from fedimark.here import now
from fedimark.inbox import poison
from fedimark.inbox.apply import apply_waiting
from tests.rooms.strangers import Stranger, outcome

CLEO = "https://mastodon.example/users/cleo"


@pytest.fixture
async def set_aside(server, fleet) -> int:
    """A Note of cleo's that could not be applied; its number."""
    cleo = Stranger(fleet, CLEO)
    await cleo.row()
    note: dict[str, Any] = {"id": f"{CLEO}/statuses/1", "type": "Note", "attributedTo": CLEO, "content": "<p>Hi</p>"}
    await cleo.say({"id": f"{CLEO}#create/1", "type": "Create", "actor": CLEO, "to": ["as:Public"], "object": note})
    await execute("UPDATE received_activity SET applied_at = ?, tries = 5, outcome = 'poison: ValueError'", now())
    row = await fetch_one("SELECT id FROM received_activity")
    return int(row["id"])


async def test_an_admin_sees_what_was_set_aside_and_why(ana, set_aside):
    page = (await ana.browser.get("/moderation/set-aside")).text

    assert "Create" in page
    assert CLEO in page
    assert "ValueError" in page


async def test_it_can_be_tried_again(ana, set_aside):
    reply = await ana.browser.post("/moderation/set-aside/again", data={"id": str(set_aside)})

    assert reply.status_code == 303
    assert await apply_waiting() == 1
    assert await poison.amount() == 0
    assert not (await outcome()).startswith("poison")


async def test_it_can_be_forgotten_and_is_not_taken_in_again(ana, set_aside):
    await ana.browser.post("/moderation/set-aside/forget", data={"id": str(set_aside)})

    assert await poison.some() == []
    assert await apply_waiting() == 0
    assert await outcome() == "forgotten"


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "9" * 30, "²"])
async def test_there_is_nothing_to_do_about_what_is_not_set_aside(ana, set_aside, number):
    await poison.forget(set_aside)

    for act in ("again", "forget"):
        for given in (number, str(set_aside)):
            assert (await ana.browser.post(f"/moderation/set-aside/{act}", data={"id": given})).status_code == 404


async def test_only_admins_see_it(ana, server, set_aside):
    bo = await server.sign_up("bo")

    assert (await bo.browser.get("/moderation/set-aside")).status_code == 403
    assert (await bo.browser.post("/moderation/set-aside/forget", data={"id": str(set_aside)})).status_code == 403
    assert await poison.amount() == 1


async def test_pages_go_on_from_the_last_one(server, set_aside):
    copied = """
    INSERT INTO received_activity (uri_hash, actor_id, kind, body, received_at, tries, next_at, applied_at, outcome)
    SELECT ?, actor_id, kind, body, received_at, tries, next_at, applied_at, outcome FROM received_activity WHERE id = ?
    """
    for number in range(poison.PAGE):
        await execute(copied, f"copy {number}", set_aside)

    first = await poison.some()
    rest = await poison.some(first[-1].id)

    assert len(first) == poison.PAGE
    assert [each.id for each in rest] == [set_aside]
