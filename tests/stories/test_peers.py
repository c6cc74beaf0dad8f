"""Our server and each peer of the pack, both directions end to end; FEDERATION.md prints what comes of it."""

from __future__ import annotations

import pytest

from tests.support.peers.quirks import PEERS, When
from tests.support.peers.signing import CAVAGE
from tests.support.peers.story import both_ways, meet
from tests.support.peers.table import patience_s, printed


@pytest.mark.parametrize("name", PEERS)
async def test_both_follow_each_other_and_what_each_says_arrives_is_edited_and_goes(fleet, name):
    quirks = PEERS[name]
    meeting = await meet(fleet, quirks, delivery_total_s=patience_s(quirks))

    line = await both_ways(meeting)

    assert str(line) in printed(), f"FEDERATION.md says otherwise; python -m tests.support.peers would write\n{line}"
    trouble = [each for each in meeting.peer.arrivals if each.trouble and each.kind not in quirks.refuses]
    assert trouble == []
    if quirks.verifies is When.AFTERWARDS:
        assert {each.scheme for each in meeting.peer.arrivals} == {CAVAGE}
