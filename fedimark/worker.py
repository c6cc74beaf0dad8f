"""The one loop: what came in is applied, what is due is sent, jobs are done, what is old is thrown away.

Each step has a lane of its own, so that a server that does not answer holds up nothing but deliveries. Everything a
step does is in rows first: the worker may die anywhere.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from fedimark.bookmarks.links import move_some
from fedimark.bookmarks.pages import read_pages
from fedimark.bookmarks.remove import finish_removals
from fedimark.database import Row, execute
from fedimark.delivery import claim
from fedimark.delivery.send import drain
from fedimark.follows import subscriptions
from fedimark.follows.healing import ask_again
from fedimark.follows.incoming import BACKFILL
from fedimark.here import MICROS, Here, entered, here, now
from fedimark.importing.importer import forget_old, run_import
from fedimark.inbox.apply import apply_asked, apply_waiting
from fedimark.inbox.backfill import backfill
from fedimark.inbox.feeds import read_feeds
from fedimark.jobs import queue
from fedimark.logs import JOB_DONE, JOB_FAILED, WORKER_FAILED, log
from fedimark.moderation import domains, quarantine, suspension
from fedimark.outbox.streams import announce_waiting
from fedimark.remote.software import learn_software

Jobs: TypeAlias = Mapping[str, Callable[[Row], Awaitable[None]]]

JOBS: Jobs = MappingProxyType(
    {
        "import": run_import,
        domains.JOB: domains.end_dealings,
        suspension.JOB: suspension.relist,
        subscriptions.JOB: subscriptions.follow_along,
        quarantine.JOB: quarantine.bring_in,
    }
)
"""Jobs that ask nobody else."""
ERRANDS: Jobs = MappingProxyType({BACKFILL: backfill})
"""Jobs that ask other servers: they have a lane of their own, so that a slow one holds up no import."""

_PAUSE_S = 1.0
_BREATH_S = 0.05
_GRACE_S = 5.0  # for steps under way when the server stops
_RENEW_S = 20.0
_PRUNE_EVERY = 600 * MICROS
_BATCH = 500
_DAY = 86_400 * MICROS
_KEPT = 30 * _DAY

# Each statement throws away a few at a time, so that nobody waits long for the database.
_OLD = "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} < ? LIMIT ?)"
_OLD_BODIES = """
DELETE FROM activity_body WHERE id IN (SELECT y.id FROM activity_body y
WHERE NOT EXISTS (SELECT 1 FROM activity a WHERE a.id = y.activity_id) LIMIT ?)
"""
_OLD_ACTIVITIES = """
DELETE FROM activity WHERE id IN (SELECT a.id FROM activity a WHERE a.created_at < ?
AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.activity_id = a.id) LIMIT ?)
"""


async def run(server: Here, stop: asyncio.Event) -> None:
    """Work for a server until `stop` is set; one process for each data directory works, the others stand by.

    What goes wrong in a step is logged and tried again; nothing ends the loop.
    """
    async with entered(server), _elected(Path(server.settings.data_dir), stop) as elected:
        if not elected:
            return
        await _take_over()
        wakes = {name: asyncio.Event() for name in STEPS}
        lanes = [asyncio.create_task(_lane(name, wake, stop)) for name, wake in wakes.items()]
        listening = asyncio.create_task(_pass_on(server.wake, wakes))
        try:
            await stop.wait()
            for wake in wakes.values():
                wake.set()
            await asyncio.wait(lanes, timeout=_GRACE_S)
        finally:
            for task in (listening, *lanes):
                task.cancel()
            await asyncio.gather(listening, *lanes, return_exceptions=True)


async def settle(server: Here) -> None:
    """Run every step until none finds anything to do now; what must wait stays for its time. Errors are raised."""
    async with entered(server):
        while sum([await step() for step in STEPS.values()]):
            pass


async def do_a_job() -> int:
    """Do one waiting job that asks nobody else; returns 1, or 0 when there is none."""
    return await _do_one_of(JOBS)


async def run_an_errand() -> int:
    """Do one waiting job that asks other servers; returns 1, or 0 when there is none."""
    return await _do_one_of(ERRANDS)


async def _do_one_of(jobs: Jobs) -> int:
    """Handlers end their jobs themselves. One that raises leaves its job to be tried again when its lease runs out."""
    job = await queue.claim(tuple(jobs))
    if job is None:
        return 0
    renewing = asyncio.create_task(_renew(job["id"]))
    try:
        await jobs[job["kind"]](job)
        log.info(JOB_DONE, kind=job["kind"], job=job["public_id"])
    except Exception:
        log.exception(JOB_FAILED, kind=job["kind"], job=job["public_id"], tries=job["tries"])
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    return 1


async def prune() -> int:
    """Throw away what is old, every ten minutes, a few rows of each kind; returns how many went."""
    caches, moment = here().caches, now()
    if moment < caches.get("worker.prune_at", 0):
        return 0
    unused_since = moment - here().settings.session_days * _DAY
    gone = [
        await _throw("received_activity", "applied_at", moment - _KEPT),
        await _throw("delivery", "dead_at", moment - _KEPT),
        await _throw("job", "ended_at", moment - _KEPT),
        await _throw("withheld", "kept_at", moment - _KEPT),
        await _throw("share", "hidden_at", moment - _KEPT),
        await _throw("follow_count", "since", moment - _DAY),
        await _throw("session", "seen_at", unused_since),
        await _throw("invite", "expires_at", moment),
        await execute(_OLD_ACTIVITIES, moment - _KEPT, _BATCH),
        await execute(_OLD_BODIES, _BATCH),
    ]
    if max(gone) < _BATCH:
        caches["worker.prune_at"] = moment + _PRUNE_EVERY
        gone.append(await forget_old())
    return sum(gone)


STEPS: Mapping[str, Callable[[], Awaitable[int]]] = MappingProxyType(
    {
        "inbox": apply_waiting,
        "origins": apply_asked,
        "removals": finish_removals,
        "links": move_some,
        "jobs": do_a_job,
        "errands": run_an_errand,
        "feeds": read_feeds,
        "follows": ask_again,
        "software": learn_software,
        "pages": read_pages,
        "streams": announce_waiting,
        "deliveries": drain,
        "pruning": prune,
    }
)
"""Each returns how much it did; more than nothing means: look again at once."""


async def _take_over() -> None:
    """Whoever worked here before is dead, or we would not be elected: what it had taken need not wait for its lease."""
    try:
        await claim.take_over()
        await queue.take_over()
    except Exception:
        log.exception(WORKER_FAILED, step="taking over")


async def _lane(name: str, wake: asyncio.Event, stop: asyncio.Event) -> None:
    while not stop.is_set():
        wake.clear()
        try:
            did = await STEPS[name]()
        except Exception:
            log.exception(WORKER_FAILED, step=name)
            did = 0
            await asyncio.sleep(_PAUSE_S)
        if not did:
            await _wait(wake)


async def _wait(event: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(_PAUSE_S):
            await event.wait()
    except TimeoutError:
        pass


async def _pass_on(wake: asyncio.Event, wakes: Mapping[str, asyncio.Event]) -> None:
    while True:
        await wake.wait()
        wake.clear()
        for each in wakes.values():
            each.set()
        # Looking in every lane costs more than a save: the first of many is looked at at once, those after it together.
        await asyncio.sleep(_BREATH_S)


async def _renew(job_id: int) -> None:
    while True:
        await asyncio.sleep(_RENEW_S)
        await queue.renew(job_id)


async def _throw(table: str, column: str, before: int) -> int:
    return await execute(_OLD.format(table=table, column=column), before, _BATCH)


@asynccontextmanager
async def _elected(folder: Path, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Wait until this process is the one that works for a data directory; False when `stop` came first.

    The lock is the file's own: it ends with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not stop.is_set() and not _locked(lock):
            await _wait(stop)
        yield not stop.is_set()
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
