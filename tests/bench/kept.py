"""What an admin waits for: a backup, a server made of it, and the move to PostgreSQL, as the command line does them."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.bench import datasets, machine, people, stores
from tests.bench.pages import SMALL
from tests.support.processes import FEDIMARK, clean_environ

_PATIENCE_S = 120.0
_ROWS = re.compile(r"([0-9,]+) rows")


@dataclass(frozen=True, slots=True)
class Kept:
    """How long a command took that read and wrote so many rows."""

    words: str
    rows: int
    took_s: float

    @property
    def per_100_000_s(self) -> float:
        """What so many rows would take at this pace."""
        return self.took_s / self.rows * 100_000


def build() -> None:
    """The data set, unless it is there, served once: its first start says whose it is."""
    datasets.build(machine.VAR / f"{SMALL}", SMALL)
    with machine.fedimark(machine.VAR / f"{SMALL}"):
        pass


def measure() -> list[Kept]:
    """Back up the small data set, restore it, and move it where PostgreSQL answers."""
    source, folder = machine.VAR / f"{SMALL}", machine.VAR / "kept"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "backup.fedimark"
    try:
        found = [
            _ran("`fedimark backup`, SQLite", source, "backup", str(file)),
            _ran("`fedimark restore`, SQLite", folder / "restored", "restore", str(file)),
        ]
        with_postgres = stores.kinds()[1:]
        for new in with_postgres:
            with new("kept") as store:
                store.change("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                found.append(
                    _ran("`fedimark move-to`, SQLite to PostgreSQL", folder / "restored", "move-to", store.url)
                )
                environ = {"FEDIMARK_DATABASE_URL": store.url}
                again = folder / "again.fedimark"
                found.append(_ran("`fedimark backup`, PostgreSQL", store.folder, "backup", str(again), environ=environ))
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ran(words: str, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Kept:
    settings = {"FEDIMARK_BASE_URL": people.BASE_URL, "FEDIMARK_DATA_DIR": str(folder)} | dict(environ or {})
    started = time.monotonic()
    done = subprocess.run(
        [str(FEDIMARK), *arguments],
        env=clean_environ() | settings,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    took_s = time.monotonic() - started
    rows = _ROWS.findall(done.stdout)  # those before tell how far it is
    if done.returncode or not rows:
        raise RuntimeError(f"{words} failed: {done.stdout}{done.stderr}")
    return Kept(words, int(rows[-1].replace(",", "")), took_s)
