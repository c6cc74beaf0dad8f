"""The queue of jobs: rows, leased while they run, so that a killed worker's job is taken up again.

A job is held (waiting for its owner's word), waiting, running, done or failed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from fedimark.database import Row, Statement, atomically, execute, fetch_one, is_sqlite, marks
from fedimark.here import MICROS, here, now
from fedimark.jobs.bell import ring
from fedimark.jobs.holders import holder, living

LEASE = 60 * MICROS
MOST_TRIES = 5

_ADD = """
INSERT INTO job
    (public_id, owner_id, kind, payload, state, total, next_at, created_at, done, report, lease_until, tries)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, '{}', 0, 0)
"""
# Looking is all that most looks come to, and to look needs no turn among those who write.
_IS_ANY = """
SELECT id FROM job WHERE (state = 'waiting' AND next_at <= ? AND kind IN ({kinds}))
    OR (state = 'running' AND lease_until <= ?) LIMIT 1
"""
_CLAIM = """
UPDATE job SET state = 'running', lease_until = ?, leased_by = ?, tries = tries + 1 WHERE id = (
    SELECT id FROM job WHERE kind IN ({kinds}) AND tries < ? AND (
        (state = 'waiting' AND next_at <= ?) OR (state = 'running' AND lease_until <= ?))
    ORDER BY id LIMIT 1{lock})
RETURNING *
"""
_GIVE_UP = "UPDATE job SET state = 'failed', ended_at = ? WHERE state = 'running' AND lease_until <= ? AND tries >= ?"
_PROGRESS = """
UPDATE job SET done = ?, total = COALESCE(?, total), lease_until = ? WHERE id = ? AND state = 'running'
"""
_REACHED = """
UPDATE job SET report = ?, done = CASE WHEN state = 'running' THEN ? ELSE done END,
lease_until = CASE WHEN state = 'running' THEN ? ELSE lease_until END WHERE id = ?
"""
_TAKE_OVER = """
UPDATE job SET lease_until = ? WHERE state = 'running' AND lease_until > ? AND leased_by NOT IN ({living})
"""
_GIVE_BACK = """
UPDATE job SET state = 'waiting', next_at = ?, lease_until = 0, tries = tries - 1 WHERE id = ? AND state = 'running'
"""
_RENEW = "UPDATE job SET lease_until = ? WHERE id = ? AND state = 'running'"
_END = "UPDATE job SET state = ?, report = ?, ended_at = ?, lease_until = 0 WHERE id = ? AND ended_at IS NULL"


async def add(
    kind: str,
    payload: Mapping[str, object],
    owner_id: int | None = None,
    state: str = "waiting",
    total: int = 0,
) -> str:
    """Write down a job, inside `write()` or not, and return its public id; `state` is `held` or `waiting`.

    `kind` picks the worker's handler, `payload` is kept as JSON, `owner_id` is an account. Set `here().wake` after
    the commit.
    """
    public_id = await _write_down(kind, payload, owner_id, state, total)
    await ring("jobs")
    return public_id


async def add_errand(kind: str, payload: Mapping[str, object], owner_id: int | None = None) -> str:
    """As `add`, of a job that asks other servers, which the worker has a lane of its own for."""
    public_id = await _write_down(kind, payload, owner_id, "waiting", 0)
    await ring("errands")
    return public_id


async def was_added(kind: str, payload: Mapping[str, object], since: int) -> bool:
    """Whether this very job was written down after a moment, whatever became of it."""
    sql = "SELECT id FROM job WHERE kind = ? AND payload = ? AND created_at > ? LIMIT 1"
    return await fetch_one(sql, kind, json.dumps(payload, ensure_ascii=False), since) is not None


async def claim(kinds: Sequence[str]) -> Row | None:
    """Take the oldest job of these kinds for a minute, or None; `progress` and `renew` prolong the lease.

    A running job whose lease ran out is taken again, at most 5 times in all; then it has failed, with
    the report it wrote last. Outside of every transaction.
    """
    if await fetch_one(_IS_ANY.format(kinds=marks(len(kinds))), now(), *kinds, now()) is None:
        return None

    async def work() -> Row | None:
        moment = now()
        lock = "" if is_sqlite() else " FOR UPDATE SKIP LOCKED"
        await execute(_GIVE_UP, moment, moment, MOST_TRIES)
        sql = _CLAIM.format(kinds=marks(len(kinds)), lock=lock)
        return await fetch_one(sql, moment + LEASE, holder(), *kinds, MOST_TRIES, moment, moment)

    return await atomically(work)


async def take_over() -> None:
    """Free the jobs of workers that are no more."""
    moment, alive = now(), await living()
    await execute(_TAKE_OVER.format(living=marks(len(alive))), moment, moment, *alive)


async def give_back(job_id: int) -> None:
    """Let a running job that was not done after all be taken by another at once; the try does not count."""
    await execute(_GIVE_BACK, now(), job_id)


async def progress(job_id: int, done: int, total: int | None = None) -> None:
    """Say how far a running job is, in whatever its handler counts; prolongs its lease."""
    await execute(_PROGRESS, done, total, now() + LEASE, job_id)


def reached(job_id: int, done: int, report: Mapping[str, object]) -> Statement:
    """The same in a script, with what it did so far; also of a job of the past, which is done by a command."""
    return _REACHED, (json.dumps(report), done, now() + LEASE, job_id)


async def renew(job_id: int) -> None:
    """Prolong the lease of a running job."""
    await execute(_RENEW, now() + LEASE, job_id)


async def finish(job_id: int, report: Mapping[str, object]) -> None:
    """A job is done; `report` is kept as JSON. A job that has ended stays as it ended."""
    await _end(job_id, "done", report)


async def fail(job_id: int, report: Mapping[str, object]) -> None:
    """A job has failed for good; `report` is kept as JSON. A job that has ended stays as it ended."""
    await _end(job_id, "failed", report)


async def start(public_id: str) -> bool:
    """Let a held job wait for the worker; False when there is no such job. Set `here().wake` after the commit."""
    sql = "UPDATE job SET state = 'waiting', next_at = ? WHERE public_id = ? AND state = 'held'"
    started = await execute(sql, now(), public_id) > 0
    if started:
        await ring("jobs")
    return started


async def of_owner(account_id: int, public_id: str) -> Row | None:
    """Somebody's own job; None for unknown ones and for those of others."""
    return await fetch_one("SELECT * FROM job WHERE public_id = ? AND owner_id = ?", public_id, account_id)


async def _write_down(kind: str, payload: Mapping[str, object], owner_id: int | None, state: str, total: int) -> str:
    public_id, moment = here().new_id(), now()
    text = json.dumps(payload, ensure_ascii=False)
    await execute(_ADD, public_id, owner_id, kind, text, state, total, moment, moment)
    return public_id


async def _end(job_id: int, state: str, report: Mapping[str, object]) -> None:
    await execute(_END, state, json.dumps(report, ensure_ascii=False), now(), job_id)
