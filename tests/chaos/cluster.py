"""A PostgreSQL of our own: made by initdb, run by somebody without privileges, killed with every child it has."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

from fedimark.settings import Settings
from tests.chaos.disk import Disk
from tests.support.processes import free_port
from tests.support.storage import migrated

_MEGABYTES = 256
_PATIENCE_S = 180.0  # guards against hanging, nothing else
_OWNERS = ("postgres", "nobody")  # the first there is, where we are root: PostgreSQL refuses to run as root
# Small files, so that a small disk holds them; what a commit has said is on the disk.
_OPTIONS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "120",
    "shared_buffers": "32MB",
    "min_wal_size": "2MB",
    "max_wal_size": "16MB",
    "checkpoint_timeout": "30s",
    "timezone": "UTC",
}
_TEMPLATE = "template_of_chaos"
_NEW = f"CREATE DATABASE {{}} TEMPLATE {_TEMPLATE}"
_EMPTY = f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, None where there are none."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    places = ([Path(found).resolve().parent] if found else []) + folders
    return next((each for each in places if (each / "initdb").exists() and (each / "postgres").exists()), None)


class Cluster:
    """One server of PostgreSQL in a folder, on a free port, on a small disk where root may make one."""

    def __init__(self, folder: Path) -> None:
        # Where others may go too: its owner is not we.
        self._folder = Path(tempfile.mkdtemp(prefix="fedimark-chaos-"))
        self._folder.chmod(0o755)
        self.disk = Disk(self._folder / "disk", _MEGABYTES)
        self.port = free_port()
        self.log = folder / "postgres.log"
        self._data = self.disk.folder / "data"
        self._programs = programs()
        self._made = 0
        self._running: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {"start_new_session": True, "stdin": subprocess.DEVNULL}
        if os.geteuid() == 0:
            owner = next(name for name in _OWNERS if _exists(name))
            self._as |= {"user": owner, "group": pwd.getpwnam(owner).pw_gid, "extra_groups": []}
            self.disk.folder.chmod(0o777)

    @property
    def is_dead(self) -> bool:
        """Whether it does not run, or has ended by itself."""
        return self._running is None or self._running.poll() is not None

    async def begin(self) -> None:
        """Make it, start it, and migrate one database that others are copied from."""
        made = [f"{self._programs}/initdb", "-D", str(self._data), "-U", "fedimark", "-A", "trust", "--no-sync"]
        made += ["--wal-segsize=1", "--encoding=UTF8", "--locale=C"]
        await asyncio.to_thread(subprocess.run, made, check=True, capture_output=True, cwd="/", **self._as)
        await self.start()
        await self._run(_EMPTY)
        await asyncio.to_thread(migrated, Settings(database_url=self._url(_TEMPLATE)))

    async def new(self) -> str:
        """A migrated, empty database; returns its URL."""
        self._made += 1
        name = f"fedimark_{self._made}"
        await self._run(_NEW.format(name))
        return self._url(name)

    async def start(self) -> None:
        """Start it, and wait until it answers; raises with the end of what it wrote when it ends instead."""
        self.try_to_start()
        deadline = time.monotonic() + _PATIENCE_S
        while not await self._answers():
            assert not self.is_dead, f"PostgreSQL ended when it was started:\n{self.told()}"
            assert time.monotonic() < deadline, f"PostgreSQL does not answer:\n{self.told()}"
            await asyncio.sleep(0.05)

    async def recover(self) -> None:
        """Wait until it answers again, and start it when it has ended meanwhile: a full disk may end it."""
        deadline = time.monotonic() + _PATIENCE_S
        while not await self._answers():
            if self.is_dead:
                self.try_to_start()
            assert time.monotonic() < deadline, f"PostgreSQL does not recover:\n{self.told()}"
            await asyncio.sleep(0.1)

    def try_to_start(self) -> None:
        """Start it, whatever comes of it."""
        options = [f"--{name}={value}" for name, value in {**_OPTIONS, "port": self.port}.items()]
        command = [f"{self._programs}/postgres", "-D", str(self._data), *options]
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(command, cwd="/", stdout=log, stderr=log, **self._as)

    def kill(self) -> None:
        """`kill -9` for the first of its processes and every other, and wait until none is left."""
        if self._running is None:
            return
        pid = self._running.pid
        everybody = [pid, *_children(pid)]
        if self._running.poll() is None:
            os.kill(pid, signal.SIGKILL)
        self._running.wait(_PATIENCE_S)
        self._running = None
        for each in everybody:
            with suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        deadline = time.monotonic() + _PATIENCE_S
        # While one of them lives, the next PostgreSQL refuses to start.
        while any(Path(f"/proc/{each}").exists() and not _is_zombie(each) for each in everybody):
            assert time.monotonic() < deadline, "PostgreSQL cannot be killed"
            time.sleep(0.005)

    def remove(self) -> None:
        """End it, and its disk."""
        self.kill()
        self.disk.remove()
        shutil.rmtree(self._folder, ignore_errors=True)

    def told(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text(errors="replace")[-4_000:]

    def _url(self, database: str) -> str:
        return f"postgres://fedimark@127.0.0.1:{self.port}/{database}"

    async def _answers(self) -> bool:
        try:
            connection = await asyncpg.connect(self._url("postgres"), timeout=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return True

    async def _run(self, sql: str) -> None:
        connection = await asyncpg.connect(self._url("postgres"), timeout=30)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _children(pid: int) -> list[int]:
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
