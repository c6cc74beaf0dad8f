"""One server as real processes: answering and working in one, or in two; killed, and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from fedimark.accounts import first
from fedimark.accounts.register import register
from fedimark.accounts.sessions import open_session
from fedimark.database import Database
from fedimark.doorway.sessions import cookie_name
from fedimark.here import Here, entered
from fedimark.settings import read
from tests.chaos.disk import Disk
from tests.chaos.machine import Machine
from tests.chaos.nursery import born
from tests.support.people import PASSWORD
from tests.support.processes import answers, clean_environ, free_port

_PATIENCE_S = 180.0  # guards against hanging, nothing else


class Part:
    """One process of a server: the one that answers (on `port`), or the one that only works (port 0)."""

    def __init__(self, name: str, folder: Path, environ: Mapping[str, str], port: int, *arguments: str) -> None:
        self.name, self.port = name, port
        self.doom, self.log = folder / f"{name}.doom", folder / f"{name}.log"
        self.births = 0
        self._arguments = arguments
        self._environ = {**environ, "FEDIMARK_TEST_DOOM": str(self.doom)}
        self._running: BaseProcess | None = None

    @property
    def is_dead(self) -> bool:
        """Whether it does not run, or has ended by itself."""
        return self._running is None or self._running.exitcode is not None

    async def start(self) -> None:
        """Start it, and wait until it answers if that is what it is for; raises when it ends instead."""
        self.try_to_start()
        deadline = time.monotonic() + _PATIENCE_S
        while self.port and not await asyncio.to_thread(answers, self.port):
            assert not self.is_dead, f"{self.name} ended when it was started:\n{self.told()}"
            assert time.monotonic() < deadline, f"{self.name} does not answer:\n{self.told()}"
            await asyncio.sleep(0.05)
        self.births += 1

    def try_to_start(self) -> None:
        """Start it, whatever comes of it."""
        self._running = born(self._arguments, self._environ, self.doom.parent, self.log)

    async def reborn(self, births: int) -> None:
        """Wait until it was started again since it had been so many times."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.births <= births:
            assert time.monotonic() < deadline, f"{self.name} gave no answer, and nobody had killed it:\n{self.told()}"
            await asyncio.sleep(0.02)

    def arm(self, point: str, passes: int) -> None:
        """Let it die at this pass of a point."""
        beside = self.doom.with_suffix(".new")
        beside.write_text(f"{point}\n{passes}")
        beside.replace(self.doom)

    def disarm(self) -> None:
        """Let it live on."""
        self.doom.unlink(missing_ok=True)

    def kill(self) -> None:
        """`kill -9`, or the last honours where that has happened already."""
        if self._running is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self._running.pid or 0, signal.SIGKILL)
        self._running.join(_PATIENCE_S)
        self._running = None

    def told(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-4_000:]


class Site:
    """A server. Nobody else holds its database open while a process of it may die: whoever comes next repairs it."""

    def __init__(self, name: str, folder: Path, disk: Disk, database_url: str, workers: int) -> None:
        """`workers` are processes of their own; where there is none, the one that answers works too."""
        port = free_port()
        # A name, so that somebody must be asked where it leads.
        self.name, self.url, self.disk, self.machine = name, f"http://localhost:{port}", disk, Machine(folder)
        self.is_sound = asyncio.Event()  # cleared while it may refuse what it cannot keep
        self.is_sound.set()
        self.was_in_trouble = False  # this round
        self._held: Here | None = None
        environ = clean_environ() | {
            "FEDIMARK_TEST_MACHINE": str(folder),
            "FEDIMARK_BASE_URL": self.url,
            "FEDIMARK_ALLOW_LOOPBACK": "true",
            "FEDIMARK_READ_PAGES": "false",
            "FEDIMARK_DATA_DIR": str(disk.folder / "data"),
            "FEDIMARK_DATABASE_URL": database_url,
            "FEDIMARK_UNDO_S": "1",
            "FEDIMARK_FETCH_TOTAL_S": "2",
            "FEDIMARK_DELIVERY_TOTAL_S": "3",
            "FEDIMARK_FOLLOWS_AN_HOUR_PER_HOST": "100000",  # cy cannot decide
            "FEDIMARK_FOLLOWS_AN_HOUR_PER_DOMAIN": "100000",
            "FEDIMARK_PACED_AFTER_BOOKMARKS": "100000",  # whoever is paced is told of in minutes
        }
        self.settings = read(environ)
        serve = ["serve", "--host", "127.0.0.1", "--port", str(port), *(["--no-worker"] if workers else [])]
        self.web = Part(f"{name}-web" if workers else name, folder, environ, port, *serve)
        names = [f"{name}-worker", *(f"{name}-worker-{number}" for number in range(2, workers + 1))][:workers]
        self.workers = tuple(Part(each, folder, environ, 0, "worker") for each in names)
        self.parts = (self.web, *self.workers)

    @asynccontextmanager
    async def inside(self) -> AsyncIterator[Here]:
        """Be this server for a moment, without a way out."""
        if self._held is not None:
            async with entered(self._held):
                yield self._held
            return
        database = await Database(self.settings).open()
        try:
            here = Here(settings=self.settings, database=database, http=cast("Any", None))
            async with entered(here):
                yield here
        finally:
            await database.close()

    @asynccontextmanager
    async def held_open(self) -> AsyncIterator[None]:
        """Let `inside` open nothing anew meanwhile; nobody may die."""
        async with self.inside() as here:
            self._held = here
            try:
                yield
            finally:
                self._held = None

    async def sign_up(self, *names: str) -> list[dict[str, str]]:
        """Make accounts before the first start; returns the cookies of who is signed in."""
        async with self.inside():
            await first.prepare(self.settings)
            people = [await register(name, PASSWORD) for name in names]
            return [{cookie_name(self.settings): await open_session(each.account_id)} for each in people]

    async def start(self) -> None:
        """Start every process that does not run."""
        await asyncio.gather(*(part.start() for part in self.parts if part.is_dead))

    def kill(self) -> None:
        """`kill -9` for every process."""
        for part in self.parts:
            part.kill()

    def stop(self) -> None:
        """End whatever was started."""
        self.kill()
        self.disk.remove()
