"""A valid request changed in one place is refused; changed where nobody signs, it is what it was."""

from __future__ import annotations

import pytest

from fedimark.database import execute
from fedimark.inbox import wanted_keys
from tests.rooms.doors import WAYS, knock, signed, speaking
from tests.rooms.refusals import REFRESHED
from tests.rooms.single_mutations import SAME, UNSIGNED_IN, mutations
from tests.rooms.strangers import Stranger, amount
from tests.support.traces import everything, traces
from tests.support.wire import wire

CLEO = "https://mastodon.example/users/cleo"
# 503: of a host in another spelling nobody can tell whether it is the actor's before it answers.
REFUSED = {400, 401, 404, 405, 413, 415, 503}


@pytest.mark.parametrize("way", WAYS)
async def test_every_request_changed_in_one_place_is_refused_or_means_the_same(server, fleet, way, subtests):
    cleo = speaking(Stranger(fleet, CLEO), way)
    for other in (cleo, Stranger(fleet, "https://mastodon.example/users/eve")):
        await other.row()
    message = signed(cleo, wire("mastodon/create_plain", **{"marks.example": "a.example"}), way)
    assert await knock(server.asgi, message) == 202  # and what it teaches of its server is known
    assert await execute("DELETE FROM received_activity") == 1
    same = SAME | UNSIGNED_IN[way.split()[0]]
    before = await everything()
    named = set()

    for name, changed in mutations(message):
        with subtests.test(name):
            assert name not in named, "two changes of one name"
            named.add(name)
            assert (changed, list(changed.headers)) != (message, list(message.headers)), "nothing was changed"

            status = await knock(server.asgi, changed)

            if name in same:
                assert status == 202
                assert await execute("DELETE FROM received_activity") == 1
            else:
                assert status in REFUSED
                assert await amount("received_activity") == 0
    # What was answered with 503 is remembered by the address of a key that is to be asked for, and by nothing else.
    assert await execute("DELETE FROM job WHERE kind = ?", wanted_keys.JOB) <= 1
    bells = [table for table in before if table.startswith("pgqueuer")]
    assert traces(before, await everything(), but=[*REFRESHED, *bells]) == []

    assert len(named) > 200
    assert await knock(server.asgi, message) == 202
    assert await amount("received_activity") == 1
