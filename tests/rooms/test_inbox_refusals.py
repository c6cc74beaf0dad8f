"""What the gate tells of refusals, and keys that could not be had while their sender waited."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from fedimark import worker
from fedimark.errors import Forbidden, Unreachable
from fedimark.inbox import refusals
from fedimark.logs import INBOX_REFUSED
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, amount

CLEO = "https://mastodon.example/users/cleo"


def create(who: str, number: int = 1) -> dict[str, Any]:
    """A Create of somebody's."""
    note = {"id": f"{who}/statuses/{number}", "type": "Note", "attributedTo": who, "content": "<p>Hi</p>"}
    return {"id": f"{who}#create/{number}", "type": "Create", "actor": who, "to": ["as:Public"], "object": note}


async def test_refusals_of_one_host_fill_no_log_and_are_counted(server, fleet):
    cleo, other = Stranger(fleet, CLEO), Stranger(fleet, "https://other.example/u/o")
    stolen = create(CLEO) | {"id": "https://elsewhere.example/1"}

    with structlog.testing.capture_logs() as said:
        for _ in range(refusals.MOST + 7):
            with pytest.raises(Forbidden):
                await cleo.say(stolen)
        with pytest.raises(Forbidden):
            await other.say(create(other.uri) | {"id": "https://elsewhere.example/1"})
        server.clock.forward(seconds=61)
        with pytest.raises(Forbidden):
            await cleo.say(stolen)

    lines = [line for line in said if line["event"] == INBOX_REFUSED]
    assert len(lines) == refusals.MOST + 2
    assert lines[-1]["left_out"] == 7


async def test_a_key_that_cannot_be_had_is_asked_for_by_a_job(server, fleet):
    cleo = Stranger(fleet, CLEO)
    cleo.peer.answers[cleo.path] = Says(503)
    with pytest.raises(Unreachable):
        await cleo.say(create(CLEO))
    assert await amount("received_activity") == 0

    cleo.show()
    assert await worker.run_an_errand() == 1
    await cleo.say(create(CLEO))

    assert await amount("received_activity") == 1


async def test_strangers_make_few_jobs(server, fleet):
    cleo = Stranger(fleet, CLEO)
    cleo.peer.answers[cleo.path] = Says(503)

    for _ in range(3):
        with pytest.raises(Unreachable):
            await cleo.say(create(CLEO))

    assert await amount("job") == 1
