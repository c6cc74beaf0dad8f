"""What becomes of a key that cannot be had while its sender waits."""

from __future__ import annotations

import pytest

from fedimark.database import Row
from fedimark.errors import FedimarkError, Gone, NotProven, Unavailable, Unreachable, Untrustworthy
from fedimark.inbox.patience import in_time


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unavailable(), Unavailable),  # our own disk is full: no fault of theirs, and they should try again
        (Unreachable(), Unreachable),
        (Gone(), Gone),
        (Untrustworthy(), NotProven),
    ],
)
async def test_only_what_cannot_be_believed_counts_against_the_sender(error: FedimarkError, told: type[Exception]):
    async def asking() -> Row:
        raise error

    with pytest.raises(told) as raised:
        await in_time(asking())

    assert type(raised.value) is told
