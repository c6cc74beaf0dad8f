"""What waits in this server's rows just now, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fedimark.database import Row, fetch, fetch_one
from fedimark.delivery import hosts
from fedimark.delivery.hosts import StateCount
from fedimark.here import MICROS, now
from fedimark.policy.muted import is_muted

_RECEIVED = """
SELECT COUNT(*) AS waiting, COALESCE(MIN(received_at), 0) AS oldest,
    (SELECT COUNT(*) FROM received_activity WHERE applied_at IS NOT NULL
        AND outcome >= 'poison' AND outcome < 'poisoo') AS poison
FROM received_activity WHERE applied_at IS NULL
"""
_TELLINGS = "SELECT COUNT(*) AS waiting, COALESCE(MIN(next_at), 0) AS oldest FROM telling WHERE set_aside_at IS NULL"
_JOBS = "SELECT state, COUNT(*) AS amount FROM job WHERE state <> 'done' GROUP BY state"
_STATES = ("held", "waiting", "running", "failed")


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits: activities received, letters by how their host fares, jobs by state. Ages are in seconds."""

    received: int
    received_s: float
    poison: int
    tellings: int
    tellings_s: float
    jobs: Mapping[str, int]
    hosts: tuple[StateCount, ...]
    muted: bool

    @property
    def letters(self) -> int:
        """Letters that wait for any host."""
        return sum(each.waiting for each in self.hosts)


async def standing() -> Standing:
    """How it stands now, in four statements; whether this server is muted is asked at most twice a second."""
    received, tellings = await fetch_one(_RECEIVED), await fetch_one(_TELLINGS)
    assert received is not None and tellings is not None  # an aggregate always has one row
    jobs = {row["state"]: row["amount"] for row in await fetch(_JOBS)}
    return Standing(
        received=received["waiting"],
        received_s=_age(received),
        poison=received["poison"],
        tellings=tellings["waiting"],
        tellings_s=_age(tellings),
        jobs={state: jobs.get(state, 0) for state in _STATES},
        hosts=tuple(await hosts.counts_by_state()),
        muted=await is_muted(),
    )


def _age(row: Row) -> float:
    return max(now() - row["oldest"], 0) / MICROS if row["waiting"] else 0.0
