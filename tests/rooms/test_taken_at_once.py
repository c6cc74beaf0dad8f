"""What the shared inbox takes in before a request has a task: it believes no more, and saying no it did nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fedimark.activitypub.door import take_at_once
from fedimark.database import execute
from fedimark.here import now
from fedimark.inbox import senders
from fedimark.moderation.domains import block_domain
from fedimark.signatures.message import Message
from tests.rooms.doors import block_of, knock, signed, with_headers
from tests.rooms.strangers import Stranger, amount, key_of

GUARD_S = 20
CLEO = "https://mastodon.example/users/cleo"


def create(number: int = 1, **said: Any) -> dict[str, Any]:
    """A Create of cleo's in its usual shape."""
    note = {"id": f"{CLEO}/statuses/{number}", "type": "Note", "attributedTo": CLEO, "content": "<p>Hi</p>", **said}
    return {"id": f"{CLEO}#create/{number}", "type": "Create", "actor": CLEO, "to": ["as:Public"], "object": note}


@pytest.fixture
async def cleo(server, fleet) -> Stranger:
    """Cleo, who was heard by the long way, and then by the short one."""
    stranger = Stranger(fleet, CLEO)
    await stranger.row()
    for number in range(2):
        assert await knock(server.asgi, signed(stranger, create(-number))) == 202
    return stranger


async def taken(message: Message) -> bool | None:
    """Whether a request was taken in; None where it may not be."""
    answer = asyncio.get_running_loop().create_future()
    if not take_at_once(block_of(message), answer.set_result):
        await asyncio.sleep(0)
        assert not answer.done()
        return None
    return await asyncio.wait_for(answer, GUARD_S)


async def test_what_is_usual_is_taken_in_once_it_is_committed(cleo, server):
    assert await taken(signed(cleo, create(1)))

    assert await amount("received_activity") == 3


async def test_the_same_again_is_taken_and_stored_once(cleo, server):
    assert await taken(signed(cleo, create(1)))
    assert await taken(signed(cleo, create(1)))

    assert await amount("received_activity") == 3


async def test_many_at_one_time_are_all_taken(cleo, server):
    answers = await asyncio.gather(*(taken(signed(cleo, create(number))) for number in range(1, 40)))

    assert answers == [True] * 39
    assert await amount("received_activity") == 2 + 39


async def test_whoever_was_suspended_since_is_not_taken_and_refused_by_the_door(cleo, server):
    await execute("UPDATE actor SET suspended_at = ? WHERE uri = ?", now(), CLEO)

    assert await taken(signed(cleo, create(1))) is False
    assert senders.known(cleo.key_id) is None
    assert await knock(server.asgi, signed(cleo, create(1))) == 403
    assert await amount("received_activity") == 2


async def test_whoever_comes_from_a_domain_blocked_since_may_not_be(cleo, server):
    await block_domain("mastodon.example")

    assert await taken(signed(cleo, create(1))) is None
    assert await knock(server.asgi, signed(cleo, create(1))) == 403


async def test_whoever_comes_from_a_domain_that_another_process_blocked_is_refused_by_the_door(cleo, server):
    known = server.here.caches.copy()
    await block_domain("mastodon.example")
    server.here.caches.update(known)  # as if nobody had told this one

    assert await taken(signed(cleo, create(1))) is False
    assert await knock(server.asgi, signed(cleo, create(1))) == 403
    assert await amount("received_activity") == 2


async def test_where_somebody_is_to_be_noted_the_door_does_it(cleo, server):
    server.clock.forward(seconds=2)
    assert await taken(signed(cleo, create(1)))

    server.clock.forward(seconds=61)
    assert await taken(signed(cleo, create(3))) is None


async def test_what_was_changed_on_the_way_may_not_be(cleo, server):
    message = signed(cleo, create(1))
    forged = Message(message.method, message.target, message.headers, message.body.replace(b"Hi", b"Ho"))

    assert await taken(forged) is None
    assert await taken(with_headers(message, {"host": "b.example"})) is None
    assert await taken(with_headers(message, {"date": "Thu, 20 Aug 2015 09:15:00 GMT"})) is None
    assert await amount("received_activity") == 2


async def test_nobody_is_taken_for_another_by_their_key(cleo, server):
    cleo.key = key_of(CLEO, 2)

    assert await taken(signed(cleo, create(1))) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [("content-type", "text/plain"), ("cookie", "a=b"), ("origin", "https://a.example"), ("sec-fetch-site", "none")],
)
async def test_what_a_browser_or_a_form_sends_may_not_be(cleo, server, header, value):
    assert await taken(with_headers(signed(cleo, create(1)), {header: value})) is None


@pytest.mark.parametrize("target", ["/inbox?a=b", "/u/cleo/inbox", "/%69nbox", "/"])
async def test_what_is_for_another_door_may_not_be(cleo, server, target):
    assert await taken(signed(cleo, create(1), to=target)) is None


async def test_what_is_too_long_or_unusual_may_not_be(cleo, server):
    unusual = create(1) | {"type": "Announce", "object": f"{CLEO}/statuses/1"}

    assert await taken(signed(cleo, create(1, content="x" * 1_048_577))) is None
    assert await taken(signed(cleo, unusual)) is None
    assert await taken(signed(cleo, create(1), "rfc9421 RSA")) is None


async def test_where_the_database_takes_nothing_the_door_is_told(cleo, server):
    await execute("ALTER TABLE received_activity RENAME TO elsewhere")

    assert await taken(signed(cleo, create(1))) is False

    await execute("ALTER TABLE elsewhere RENAME TO received_activity")
