"""The engine for SQLite: one process for each data directory works on all lanes, the others stand by."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fedimark.here import here
from fedimark.jobs import holders
from fedimark.jobs.bell import EVERYTHING
from fedimark.jobs.lanes import FEW, GATHER_S, PAUSE_S, Work, pause, taken, taken_over
from fedimark.jobs.looks import Looks


async def run(work: Work, stop: asyncio.Event) -> None:
    """Work until `stop` is set, and finish what was begun within `shutdown_s`.

    What goes wrong in a step is logged and tried again; nothing ends the loop.
    """
    server = here()
    async with _elected(Path(server.settings.data_dir), stop) as elected:
        if not elected:
            return
        # Whoever worked here before is dead, or we would not be elected.
        holders.become(secrets.randbelow(2**31 - 1) + 1)
        await taken_over(work)
        wakes = {name: asyncio.Event() for name in work.steps}
        lanes = [asyncio.create_task(_lane(name, work, wake, stop)) for name, wake in wakes.items()]
        listening = asyncio.create_task(_pass_on(server.wake, wakes))
        try:
            await stop.wait()
            for wake in wakes.values():
                wake.set()
            await asyncio.wait(lanes, timeout=server.settings.shutdown_s)
        finally:
            for task in (listening, *lanes):
                task.cancel()
            await asyncio.gather(listening, *lanes, return_exceptions=True)
            holders.become(holders.NOBODY)


async def _lane(name: str, work: Work, wake: asyncio.Event, stop: asyncio.Event) -> None:
    few = FEW if name in work.shards else work.gathered.get(name, 0)
    while not stop.is_set():
        wake.clear()
        did = await taken(name, work.steps[name])
        if not did:
            await pause(wake, PAUSE_S)
        elif did <= few:
            await pause(stop, GATHER_S)


async def _pass_on(wake: asyncio.Event, wakes: Mapping[str, asyncio.Event]) -> None:
    async for bells in Looks().after(wake):
        for name, each in wakes.items():
            if name in bells or EVERYTHING in bells:
                each.set()


@asynccontextmanager
async def _elected(folder: Path, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Wait until this process is the one that works for a data directory; False when `stop` came first.

    The lock is the file's own: it ends with the process, however that ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not stop.is_set() and not _locked(lock):
            await pause(stop, PAUSE_S)
        yield not stop.is_set()
    finally:
        os.close(lock)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
