"""What is kept of senders and their keys: bounded, asked for once by all who wait, and never waited for too long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.errors import Unreachable
from fedimark.inbox import senders
from fedimark.inbox.patience import KEY_PATIENCE_S
from fedimark.inbox.receive import receive
from fedimark.signatures.message import Message
from tests.rooms.doors import signed
from tests.rooms.strangers import Stranger, amount

CLEO = "https://mastodon.example/users/cleo"


def create(number: int) -> dict[str, Any]:
    """A Create of cleo's."""
    note = {"id": f"{CLEO}/statuses/{number}", "type": "Note", "attributedTo": CLEO, "content": "<p>Hi</p>"}
    return {"id": f"{CLEO}#create/{number}", "type": "Create", "actor": CLEO, "to": ["as:Public"], "object": note}


async def take(message: Message) -> None:
    async def body():
        yield message.body

    await receive(message.method, message.target, message.headers, body())


async def test_a_crowd_of_one_unknown_sender_asks_for_the_key_once(server, fleet):
    cleo = Stranger(fleet, CLEO)

    await asyncio.gather(*(take(signed(cleo, create(number))) for number in range(30)))

    assert await amount("received_activity") == 30
    assert len([asked for asked in cleo.peer.asked if asked.target == cleo.path]) == 1


async def test_a_key_whose_server_never_answers_is_waited_for_two_seconds_and_nothing_is_stored(server, fleet):
    cleo = Stranger(fleet, CLEO)
    is_let_go = asyncio.Event()

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await is_let_go.wait()

    fleet.network.add("mastodon.example", silent)

    with pytest.raises(Unreachable) as raised:
        async with asyncio.timeout(10 * KEY_PATIENCE_S):
            await take(signed(cleo, create(1)))
    is_let_go.set()

    assert raised.value.status == 503
    assert await amount("received_activity") == 0
    assert await amount("job") == 1


async def test_of_senders_no_more_than_so_many_are_kept_and_the_oldest_go_first(server, fleet):
    cleo = Stranger(fleet, CLEO)
    row = await cleo.row()

    for number in range(senders.MOST + 10):
        senders.remember(dict(row) | {"key_id": f"{CLEO}#{number}"})

    assert senders.known(f"{CLEO}#9") is None
    assert senders.known(f"{CLEO}#10") is not None
