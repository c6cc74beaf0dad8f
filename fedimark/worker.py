"""What the worker does: what came in is applied, what is due is sent, jobs are done, what is old is thrown away.

Each step has a lane of its own, so that a server that does not answer holds up nothing but deliveries. Everything a
step does is in rows first: the worker may die anywhere. When which is taken, by whom, is decided by the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter
from types import MappingProxyType
from typing import TypeAlias

from fedimark.accounts import moving
from fedimark.accounts.links import check_links
from fedimark.bookmarks import bulk, consenting, giving, naming
from fedimark.bookmarks.assets import sweep
from fedimark.bookmarks.links import move_some
from fedimark.bookmarks.pages import read_pages
from fedimark.bookmarks.remove import finish_removals
from fedimark.bookmarks.traces import TRACES_LAST
from fedimark.bookmarks.untold import tell_waiting
from fedimark.bookmarks.withdrawing import finish_withdrawals
from fedimark.database import Row, execute, is_sqlite
from fedimark.delivery import claim
from fedimark.delivery.send import drain
from fedimark.follows import subscriptions
from fedimark.follows.healing import ask_again
from fedimark.follows.incoming import BACKFILL
from fedimark.here import MICROS, Here, entered, here, now
from fedimark.importing import importer, restoring, undoing
from fedimark.inbox import mentions, older, wanted_keys
from fedimark.inbox.apply import apply_asked, apply_waiting
from fedimark.inbox.backfill import backfill
from fedimark.inbox.feeds import read_feeds
from fedimark.jobs import embedded, postgres, queue
from fedimark.jobs.lanes import Step, Work
from fedimark.keeping.place import keep_mark
from fedimark.keeping.sizes import learn_sizes
from fedimark.logs import JOB_DONE, JOB_FAILED, About, log
from fedimark.metrics import STEPS as STEPS_TAKEN
from fedimark.metrics import STEPS_S
from fedimark.moderation import domains, mutes, quarantine, suspension
from fedimark.outbox.digest_days import tell_days
from fedimark.outbox.streams import announce_waiting
from fedimark.policy.muted import is_muted
from fedimark.remote.actors import CONSENT
from fedimark.remote.software import learn_software
from fedimark.search.indexing import index_some
from fedimark.timelines.waiting import merge_some

Jobs: TypeAlias = Mapping[str, Callable[[Row], Awaitable[None]]]

JOBS: Jobs = MappingProxyType(
    {
        importer.KIND: importer.run_import,
        undoing.KIND: undoing.run_undo,
        bulk.JOB: bulk.run,
        bulk.UNDO: bulk.run_undo,
        domains.JOB: domains.end_dealings,
        suspension.JOB: suspension.relist,
        subscriptions.JOB: subscriptions.follow_along,
        quarantine.JOB: quarantine.bring_in,
        moving.KIND: moving.run_followers,
        CONSENT: consenting.follow_along,
    }
)
"""Jobs that ask nobody else."""
ERRANDS: Jobs = MappingProxyType(
    {
        BACKFILL: backfill,
        older.JOB: older.read_older,
        giving.JOB: giving.give,
        naming.JOB: naming.name_page,
        mentions.JOB: mentions.save_mentioned,
        restoring.KIND: restoring.run_follows,
        wanted_keys.JOB: wanted_keys.fetch_key,
    }
)
"""Jobs that ask other servers: they have a lane of their own, so that a slow one holds up no import."""

_RENEW_S = 20.0
_INBOX_SHARDS = 4
_PRUNE_EVERY = 600 * MICROS
_BATCH = 500
_DAY = 86_400 * MICROS
_KEPT = 30 * _DAY

# Each statement throws away a few at a time, so that nobody waits long for the database.
_OLD = "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} < ? LIMIT ?)"
# What came first is old first: nobody reads the rest for that.
_OLD_RECEIVED = f"""
DELETE FROM received_activity WHERE id IN (SELECT id FROM (
    SELECT id, applied_at FROM received_activity ORDER BY id LIMIT {_BATCH}) r WHERE r.applied_at < ?)
"""
_OLD_BODIES = """
DELETE FROM activity_body WHERE id IN (SELECT y.id FROM activity_body y
WHERE NOT EXISTS (SELECT 1 FROM activity a WHERE a.id = y.activity_id) LIMIT ?)
"""
_WITHOUT_JOB = f"""
DELETE FROM {{table}} WHERE id IN (SELECT id FROM (
    SELECT id, job_id FROM {{table}} ORDER BY id LIMIT {_BATCH}) r
    WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.id = r.job_id))
"""
_OLD_ACTIVITIES = f"""
DELETE FROM activity WHERE id IN (SELECT id FROM (
    SELECT id, created_at FROM activity ORDER BY id LIMIT {_BATCH}) a
    WHERE a.created_at < ? AND a.id NOT IN (SELECT d.activity_id FROM delivery d))
"""


async def run(server: Here, stop: asyncio.Event) -> None:
    """Work for a server until `stop` is set, alone or with others, as its database allows.

    What goes wrong in a step is logged and tried again. Raises Unavailable when the engine for PostgreSQL is missing.
    """
    async with entered(server):
        ending = asyncio.create_task(_say_when(stop, server.ending))
        try:
            await (embedded if is_sqlite() else postgres).run(_work(), stop)
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)


async def pass_on(server: Here, stop: asyncio.Event) -> None:
    """Tell workers elsewhere what this process writes, until `stop` is set; on SQLite they look by themselves."""
    async with entered(server):
        if not is_sqlite():
            await postgres.pass_on(stop)


async def settle(server: Here) -> None:
    """Run every step until none finds anything to do now; what must wait stays for its time. Errors are raised."""
    async with entered(server):
        while sum([await do(name) for name in STEPS]):
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
    except asyncio.CancelledError:  # this process ends: another takes it up where it stands
        await queue.give_back(job["id"])
        raise
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
        await execute(_OLD_RECEIVED, moment - _KEPT),
        await _throw("delivery", "dead_at", moment - _KEPT),
        await _throw("job", "ended_at", moment - _KEPT),
        await _throw("withheld", "kept_at", moment - _KEPT),
        await _throw("share", "hidden_at", moment - _KEPT),
        await _throw("given_link", "ended_at", moment - _DAY),
        await _throw("link_for_you", "ended_at", moment - _KEPT),
        await _throw("notification", "at", moment - 3 * _KEPT),
        await _throw("follow_count", "since", moment - _DAY),
        await _throw("session", "seen_at", unused_since),
        await _throw("invite", "expires_at", moment),
        await _throw("trace", "changed_at", moment - TRACES_LAST),
        await execute(_OLD_ACTIVITIES, moment - _KEPT),
        await execute(_OLD_BODIES, _BATCH),
        await execute(_WITHOUT_JOB.format(table="edited")),
        await execute(_WITHOUT_JOB.format(table="imported_chunk")),
    ]
    if max(gone) < _BATCH:
        caches["worker.prune_at"] = moment + _PRUNE_EVERY
        gone += [await importer.forget_old(), await sweep()]
    return sum(gone)


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "inbox": apply_waiting,
        "origins": apply_asked,
        "removals": finish_removals,
        "withdrawals": finish_withdrawals,
        "links": move_some,
        "entries": merge_some,
        "search": index_some,
        "jobs": do_a_job,
        "errands": run_an_errand,
        "feeds": read_feeds,
        "follows": ask_again,
        "mutes": mutes.end_some,
        "software": learn_software,
        "pages": read_pages,
        "profiles": check_links,
        "tellings": tell_waiting,
        "streams": announce_waiting,
        "digests": tell_days,
        "deliveries": drain,
        "pruning": prune,
        "mark": keep_mark,
        "sizes": learn_sizes,
    }
)
"""The whole of the work, each step with the name of its lane."""
ABROAD = frozenset(
    {
        *("origins", "errands", "feeds", "follows", "software", "pages", "profiles"),  # ask other servers
        *("streams", "digests", "deliveries"),  # say something
    }
)
"""Steps that a muted server leaves: their rows wait."""
SHARED = frozenset({"jobs", "errands", "tellings", "deliveries"})
"""Lanes that several processes may work on at once: they lease their rows, or hold them."""
SHARDS: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {"inbox": tuple(partial(apply_waiting, shard, _INBOX_SHARDS) for shard in range(_INBOX_SHARDS))}
)
"""Lanes cut into parts: an object's activities come from its own actor, so those of one actor stay together."""
GATHERED: Mapping[str, int] = MappingProxyType({"search": 32, "tellings": 8})
"""Lanes of what is saved here: to look for one bookmark costs as much as for many, and as much as to save it."""


async def do(name: str, steps: Mapping[str, Step] | None = None) -> int:
    """Do a step, unless it leads abroad and this server is muted; returns how much it did."""
    if name in ABROAD and await is_muted():
        return 0
    return await watched(name, (STEPS if steps is None else steps)[name])


async def watched(name: str, step: Step) -> int:
    """Take a step, with a number in each of its log lines; those that found something to do are counted."""
    begun = perf_counter()
    with About(step=name, turn=here().new_id()), here().metrics.following(f"step {name}"):
        did = await step()
    if did:
        here().metrics.count(STEPS_TAKEN, name)
        here().metrics.count(STEPS_S, name, by=perf_counter() - begun)
    return did


async def _say_when(stop: asyncio.Event, ending: asyncio.Event) -> None:
    """Steps under way hear that the worker is to stop; what comes after it, in a process that goes on, does not."""
    await stop.wait()
    was_ending = ending.is_set()
    ending.set()
    try:
        await asyncio.Event().wait()
    finally:
        if not was_ending:
            ending.clear()


def _work() -> Work:
    return Work({name: partial(do, name) for name in STEPS}, SHARED, SHARDS, take_over, GATHERED)


async def take_over() -> None:
    """Free what workers had taken that are no more: it need not wait for its lease."""
    await claim.take_over()
    await queue.take_over()


async def _renew(job_id: int) -> None:
    while True:
        await asyncio.sleep(_RENEW_S)
        await queue.renew(job_id)


async def _throw(table: str, column: str, before: int) -> int:
    return await execute(_OLD.format(table=table, column=column), before, _BATCH)
