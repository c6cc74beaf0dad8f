"""The engine for PostgreSQL: any number of processes on any number of machines share the work, by PgQueuer.

One job of PgQueuer says "look into this lane"; what there is to do stands in our own rows. Nothing else knows PgQueuer.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zlib import crc32

from fedimark.database import execute
from fedimark.errors import Unavailable
from fedimark.here import MICROS, here, now
from fedimark.jobs import holders
from fedimark.jobs.bell import EVERYTHING, heard, ring
from fedimark.jobs.crew import Crew
from fedimark.jobs.lanes import BREATH_S, PAUSE_S, Work, pause, taken, taken_over
from fedimark.jobs.looks import Looks
from fedimark.logs import WORKER_FAILED, log

if TYPE_CHECKING:
    from pgqueuer.qm import QueueManager
    from pgqueuer.queries import Queries

_HEARTBEAT = timedelta(seconds=8)  # a job whose process was silent so long is another's
_SWEEP = timedelta(seconds=30)  # and so often PgQueuer looks by itself
_BREATH_S = 0.1  # a bell that is rung all the time is heard so often: each costs as much as a small save
_REST_S = 5.0  # and where nothing happens the keeper looks so seldom: each look costs some thirty statements
_OVERDUE_S = 3.0  # after which the leases of the dead are looked for
_FORGET_EVERY = 600 * MICROS

_LANES = 72_178
_KEEPER = 0
# A machine that is cut off must not keep its locks: it is asked every five seconds, and given up after three times.
_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "3"}
_TAKE = f"""
SELECT lane.name FROM unnest(CAST($1 AS text[]), CAST($2 AS int[])) AS lane(name, number)
WHERE pg_try_advisory_lock({_LANES}, lane.number)
"""
_LET_GO = f"SELECT pg_advisory_unlock({_LANES}, number) FROM unnest(CAST($1 AS int[])) AS lane(number)"
_KEEP = f"SELECT pg_try_advisory_lock({_LANES}, {_KEEPER}) AS kept"
_LIVE = f"SELECT pg_advisory_lock({holders.LIVES}, CAST($1 AS int))"
# From now on the bell of this lane may be rung again: whoever rings it now wants a look after this one.
_HEARD = "UPDATE pgqueuer SET dedupe_key = NULL WHERE id = $1"
_FORGET = "DELETE FROM pgqueuer_log WHERE created < now() - interval '10 minutes'"


async def run(work: Work, stop: asyncio.Event) -> None:
    """Work until `stop` is set, and finish what was begun within `shutdown_s`.

    What goes wrong is logged and tried again, a lost connection too. Raises Unavailable where PgQueuer is missing.
    """
    check_installed()
    while not stop.is_set():
        try:
            async with _connected() as queries:
                await _Engine(work, queries, stop).run()
        except Exception as error:
            log.error(WORKER_FAILED, step="engine", error=f"{type(error).__name__}: {error}"[:200])
            await pause(stop, PAUSE_S)


async def pass_on(stop: asyncio.Event) -> None:
    """Ring again for what this process wrote, once it is committed, until `stop` is set; for those that only answer.

    A bell rung inside a transaction may have been answered before its rows were to be seen.
    """
    wake = here().wake
    while not stop.is_set():
        await wake.wait()
        wake.clear()
        for lane in sorted(heard()) or [EVERYTHING]:
            with suppress(Exception):  # whoever keeps the lanes looks within a second
                await ring(lane)
        await asyncio.sleep(BREATH_S)


def check_installed() -> None:
    """Raise Unavailable, with what to do, where PgQueuer is missing."""
    try:
        import pgqueuer.qm  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise Unavailable("PostgreSQL needs PgQueuer beside: pip install 'fedimark[postgres]'") from error


@asynccontextmanager
async def _connected() -> AsyncIterator[Queries]:
    """PgQueuer's statements over a session of our own, past any pooler: it listens, and holds locks."""
    import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used
    from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver  # noqa: PLC0415 - an extra
    from pgqueuer.queries import Queries  # noqa: PLC0415

    settings = here().settings
    connection = await asyncpg.connect(settings.database_direct_url or settings.database, server_settings=_ALIVE)
    try:
        yield Queries(AsyncpgDriver(connection), **_named())
    finally:
        with suppress(Exception):
            await connection.close(timeout=5)
        connection.terminate()


def _named() -> dict[str, Any]:
    """What PgQueuer's tables are called: as our migration made them, whatever the environment says."""
    from pgqueuer.adapters.persistence import qb  # noqa: PLC0415 - an extra

    names = qb.DBSettings(
        prefix="",
        channel="ch_pgqueuer",  # type: ignore[arg-type]
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=qb.Durability.volatile,
    )
    return {"qbe": qb.QueryBuilderEnvironment(names), "qbq": qb.QueryQueueBuilder(names)}


class _Locks:
    """PostgreSQL's advisory locks, held by our session: they end with it."""

    def __init__(self, queries: Queries) -> None:
        self._driver = queries.driver

    async def take(self, names: Iterable[str]) -> set[str]:
        """Take what is free of them, and say what was."""
        lanes = list(names)
        rows = await self._driver.fetch(_TAKE, lanes, [_number(lane) for lane in lanes])
        return {str(row["name"]) for row in rows}

    async def let_go(self, names: Iterable[str]) -> None:
        """Let others have them."""
        if numbers := [_number(lane) for lane in names]:
            await self._driver.fetch(_LET_GO, numbers)


def _number(lane: str) -> int:
    """A lane's half of a lock, the same in every process; never the keeper's."""
    return (crc32(lane.encode()) >> 1) or 1


class _Engine:
    """One process at work, for as long as its session with the database lasts."""

    def __init__(self, work: Work, queries: Queries, stop: asyncio.Event) -> None:
        self._work, self._queries, self._stop = work, queries, stop
        self._crew = Crew(work, _Locks(queries), ring)
        self._keeps = False
        self._heard_at: dict[str, float] = {}
        self._stirred = asyncio.Event()
        self._forget_at = now() + _FORGET_EVERY

    async def run(self) -> None:
        """Work until told to stop, or until the session ends: raises then."""
        server, number = here(), secrets.randbelow(2**31 - 1) + 1
        if not await holders.living():
            await taken_over(self._work)
        await self._queries.driver.fetch(_LIVE, number)
        holders.become(number)
        manager = self._listening()
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(
                manager.run(
                    dequeue_timeout=_SWEEP,
                    heartbeat_timeout=_HEARTBEAT,
                    shutdown_on_listener_failure=True,
                    log_aggregation_interval=timedelta(0),
                )
            ),
            asyncio.create_task(self._keep_looking()),
            asyncio.create_task(self._hear(server.wake)),
        ]
        stopping: asyncio.Task[Any] = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
            # Without the session others may have our lanes by now: what is under way there gets a moment.
            await self._crew.end(server.settings.shutdown_s if self._stop.is_set() else PAUSE_S)
            manager.shutdown.set()
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.wait(tasks[:1], timeout=PAUSE_S)
        finally:
            for task in (stopping, *tasks):
                task.cancel()
            await asyncio.gather(stopping, *tasks, return_exceptions=True)
            holders.become(holders.NOBODY)

    def _listening(self) -> QueueManager:
        """PgQueuer, which tells this process of bells that nobody else took."""
        from pgqueuer.qm import QueueManager  # noqa: PLC0415 - an extra

        manager = QueueManager(self._queries, self._queries.qbe.settings.channel)
        for bell in self._crew.bells:
            manager.entrypoint(bell, accepts_context=False)(self._heard)
        return manager

    async def _heard(self, job: Any) -> None:
        """Somebody rang. The job lasts as long as the work, so that it is another's when this process dies over it."""
        bell = job.entrypoint
        await asyncio.sleep(self._heard_at.get(bell, 0.0) + _BREATH_S - time.monotonic())
        self._heard_at[bell] = time.monotonic()
        await self._queries.driver.execute(_HEARD, job.id)
        self._stirred.set()
        if not self._stop.is_set() and (under_way := await self._crew.look(bell)):
            await asyncio.wait(under_way)

    async def _hear(self, wake: asyncio.Event) -> None:
        """Look when this process itself has written something."""
        async for bells in Looks().after(wake):
            self._stirred.set()
            for bell in bells:
                await self._crew.look(bell)

    async def _keep_looking(self) -> None:
        """Of all processes one looks into every lane each second, for what is due at a moment, and for lost bells."""
        pause_s, freed_at = PAUSE_S, 0.0
        while not self._stop.is_set():
            self._keeps = self._keeps or bool((await self._queries.driver.fetch(_KEEP))[0]["kept"])
            if self._keeps:
                if time.monotonic() - freed_at >= _OVERDUE_S:
                    freed_at = time.monotonic()
                    await taken_over(self._work)
                await self._crew.look(EVERYTHING)
                await taken("forgetting", self._forget)
            pause_s = PAUSE_S if self._crew.has_found() else min(pause_s * 1.5, _REST_S)
            if await self._is_stirred_within(pause_s):
                pause_s = PAUSE_S
                await asyncio.sleep(PAUSE_S)

    async def _is_stirred_within(self, seconds: float) -> bool:
        self._stirred.clear()
        await pause(self._stirred, seconds)
        return self._stirred.is_set()

    async def _forget(self) -> int:
        """Throw away what PgQueuer remembers of jobs that are done, now and then."""
        if now() < self._forget_at:
            return 0
        self._forget_at = now() + _FORGET_EVERY
        return await execute(_FORGET)
