"""What every process counted, added up in the database, so that any of them can tell it; and how it stood each minute.

A process that is killed takes what it counted in its last ten seconds with it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from fedimark import __version__
from fedimark.database import among, atomically, execute, execute_many, fetch, is_sqlite, several
from fedimark.errors import Unavailable
from fedimark.here import MICROS, Here, entered, here, now
from fedimark.keeping.standing import Standing, standing
from fedimark.logs import WORKER_FAILED, log
from fedimark.metrics import (
    APPLIED,
    DELIVERIES,
    DELIVERY_S,
    INBOX,
    REQUEST_S,
    REQUESTS,
    STATEMENTS,
    STATEMENTS_S,
    TIMELINE_S,
    Series,
)

_EVERY_S = 10.0
_MINUTE = 60 * MICROS
_KEPT = 7 * 24 * 60  # minutes
_BETWEEN: Final = "\t"
_ADD = """
INSERT INTO figure (series, value) VALUES (?, ?)
ON CONFLICT (series) DO UPDATE SET value = figure.value + excluded.value
"""
_SOFTWARE = "SELECT host, software FROM peer WHERE host {among}"
_STOOD = "INSERT INTO figure_minute (minute, figures) VALUES (?, ?) ON CONFLICT (minute) DO NOTHING"
_OLD = "DELETE FROM figure_minute WHERE minute < ?"
_HISTORY = "SELECT minute, figures FROM figure_minute WHERE minute > ? AND minute % ? = 0 ORDER BY minute"


@dataclass(frozen=True, slots=True)
class Moment:
    """How some figures stood in a minute since 1970: sums since the database began, and what waited then."""

    minute: int
    figures: Mapping[str, float]


@asynccontextmanager
async def kept(server: Here) -> AsyncIterator[None]:
    """While a block runs, write down what this process counts every ten seconds, and each minute how all stands."""
    async with entered(server):
        keeping = asyncio.create_task(_keep())
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        async with entered(server):
            with suppress(Unavailable):
                await write_down()


async def _keep() -> None:
    noted = 0
    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            await write_down()
            minute = now() // _MINUTE
            if minute != noted:
                await note_minute()
                noted = minute
        except Unavailable:  # it stays counted, and is written down when that can be
            pass
        except Exception:  # figures must not end while what they are of goes on
            log.exception(WORKER_FAILED, step="figures")


async def write_down() -> None:
    """Add what this process counted since the last time. Raises Unavailable, and then nothing is lost."""
    metrics = here().metrics
    hosts = metrics.hosts()
    rows = await fetch(_SOFTWARE.format(among=among("text")), several(hosts)) if hosts else []
    taken = metrics.take({row["host"]: row["software"] for row in rows})

    async def work() -> None:
        # In one order everywhere: of two processes that write at once none waits for the other's rows.
        await execute_many(_ADD, [(_BETWEEN.join(series)[:255], taken[series]) for series in sorted(taken)])

    if taken:
        try:
            await atomically(work)
        except BaseException:
            metrics.put_back(taken)
            raise


async def every() -> dict[Series, float]:
    """Every figure as it stands now, of all processes together, what waits in the database included."""
    await write_down()
    return await _sums() | _gauges(await standing())


async def note_minute() -> None:
    """Write down how figures stand in this minute, once for all processes, and forget those of last week."""
    minute = now() // _MINUTE
    figures = _chosen(await _sums(), await standing())
    await execute(_STOOD, minute, json.dumps(figures))
    await execute(_OLD, minute - _KEPT)


async def history(minutes: int, step: int) -> list[Moment]:
    """How figures stood in the last minutes, every `step` minutes, oldest first."""
    rows = await fetch(_HISTORY, now() // _MINUTE - minutes, step)
    return [Moment(row["minute"], json.loads(row["figures"])) for row in rows]


async def _sums() -> dict[Series, float]:
    rows = await fetch("SELECT series, value FROM figure")
    return {tuple(row["series"].split(_BETWEEN)): row["value"] for row in rows}


def _gauges(at: Standing) -> dict[Series, float]:
    found: dict[Series, float] = {
        ("fedimark_inbox_waiting",): at.received,
        ("fedimark_inbox_oldest_seconds",): at.received_s,
        ("fedimark_inbox_poison",): at.poison,
        ("fedimark_tellings_waiting",): at.tellings,
        ("fedimark_tellings_oldest_seconds",): at.tellings_s,
        ("fedimark_muted",): at.muted,
        ("fedimark_build_info", __version__, "sqlite" if is_sqlite() else "postgresql"): 1,
    }
    for name, amount in at.jobs.items():
        found[("fedimark_jobs", name)] = amount
    for each in at.hosts:
        found[("fedimark_deliveries_waiting", each.state)] = each.waiting
        found[("fedimark_deliveries_oldest_seconds", each.state)] = max(now() - each.oldest, 0) / MICROS
        found[("fedimark_hosts_waiting", each.state)] = each.hosts
    return found


def _chosen(sums: Mapping[Series, float], at: Standing) -> dict[str, float]:
    """What charts show, by short names."""

    def total(*start: str) -> float:
        return round(sum(value for series, value in sums.items() if series[: len(start)] == start), 3)

    broken = sum(value for series, value in sums.items() if series[0] == REQUESTS and series[3].startswith("5"))
    return {
        "requests": total(REQUESTS),
        "broken": broken,
        "requests_s": total(f"{REQUEST_S}_sum"),
        "accepted": total(INBOX, "accepted"),
        "heard": total(INBOX),
        "applied": total(APPLIED),
        "timeline_s": total(f"{TIMELINE_S}_sum"),
        "timelines": total(f"{TIMELINE_S}_count"),
        "arrived": total(DELIVERIES, "arrived"),
        "failed": total(DELIVERIES, "failed") + total(DELIVERIES, "dead"),
        "delivery_s": total(f"{DELIVERY_S}_sum"),
        "deliveries": total(f"{DELIVERY_S}_count"),
        "statements": total(STATEMENTS),
        "database_s": total(STATEMENTS_S),
        "received_waiting": at.received,
        "deliveries_waiting": sum(each.waiting for each in at.hosts),
    }
