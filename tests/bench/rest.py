"""A server at rest: how soon it answers after its start, and how much memory it holds with its worker running."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

from fedimark.database import migrate
from tests.bench import datasets, machine

_STARTS = 3
_REST_S = 4.0


@dataclass(frozen=True, slots=True)
class Rest:
    """Several starts: the fastest, the median, the slowest; CPU is their median, memory their largest."""

    database: str
    best_start_s: float
    start_s: float
    worst_start_s: float
    start_cpu_s: float
    resident_mb: float
    cpu_at_rest: float  # share of one core over some seconds


def measure() -> tuple[list[Rest], float]:
    """A new database, migrated at the first start, and one that is up to date; and Python alone, in seconds."""
    return [_measure("new, migrated at start", keep=False), _measure("up to date", keep=True)], _python_s()


def _measure(database: str, *, keep: bool) -> Rest:
    folder = machine.VAR / "rest"
    shutil.rmtree(folder, ignore_errors=True)
    if keep:
        asyncio.run(migrate(datasets.settings_of(folder)))
    starts, used, resident, idle = [], [], [], 0.0
    for number in range(_STARTS):
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
        with machine.fedimark(folder) as served:
            starts.append(served.ready_s)
            used.append(served.cpu_s())
            time.sleep(1)
            before = served.cpu_s()
            if number == _STARTS - 1:
                time.sleep(_REST_S)
                idle = (served.cpu_s() - before) / _REST_S
            resident.append(served.resident_mb())
    shutil.rmtree(folder)
    return Rest(database, min(starts), median(starts), max(starts), median(used), max(resident), idle)


def _python_s() -> float:
    took = []
    for _ in range(_STARTS):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        took.append(time.monotonic() - started)
    return min(took)
