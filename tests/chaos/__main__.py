"""`make chaos`: a hundred deaths and every trouble on SQLite and PostgreSQL, a line each round; `--only 17 --seed 4711`
plays one again.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from fedimark import logs
from tests.chaos import checks
from tests.chaos.cluster import programs
from tests.chaos.points import ALL, TROUBLES, Fate, fates, short
from tests.chaos.rounds import play
from tests.chaos.troubles import NotHere
from tests.chaos.world import World
from tests.support.storage import SqliteTemplate, memory_folder

MINUTES = 5.0
_WORLDS = 2


def main(arguments: Sequence[str]) -> int:
    """Play, and return the exit code: 1 when a promise was broken, or when not all was played."""
    options = _parser().parse_args(arguments)
    # What the servers say stands in their own logs.
    logs.configure("text", logging.ERROR)
    databases = _databases(options.database, may_miss=options.allow_missing)
    # Asked to end, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    drawn = short(seed, databases) if options.short else fates(seed, options.rounds, databases)
    chosen = [fate for fate in drawn if options.only in (None, fate.number)]
    _say(f"seed {seed}, {_kinds(chosen)} on {' and '.join(databases)}")
    started = time.monotonic()
    how = "--short" if options.short else f"--rounds {options.rounds}"
    how += f" --database {options.database}" if options.database else ""
    run = Run(seed, memory_folder(), how, started + options.minutes * 60)
    try:
        asyncio.run(run.play(chosen))
    finally:
        if not any(run.folder.glob("broken-*")):
            shutil.rmtree(run.folder, ignore_errors=True)
    took = f"in {(time.monotonic() - started) / 60:.1f} minutes"
    _say(f"{_kinds(run.held)} held, {run.broken} did not, {run.passed_over} could not be played here, {took}")
    if run.left:
        _say(f"The time was over before {run.left} of them: a quieter machine, or --minutes, plays them all.")
    if run.passed_over and not options.allow_missing:
        _say("What this machine cannot have is passed over with --allow-missing.")
    return run.code(may_miss=options.allow_missing)


@dataclass(slots=True)
class Run:
    """Rounds on several databases, in two worlds of each, all at once: they mostly wait."""

    seed: int
    folder: Path
    how: str
    until: float  # no round begins later
    left: int = 0
    held: list[Fate] = field(default_factory=list)
    broken: int = 0
    passed_over: int = 0

    def code(self, *, may_miss: bool) -> int:
        """The exit code: 0 where something was played, all of it was, and every promise held."""
        is_missing = self.passed_over and not may_miss
        return 1 if self.broken or self.left or is_missing or not self.held else 0

    async def play(self, chosen: list[Fate]) -> None:
        """Play them all; one that is broken ends its world, and the next begins a new one."""
        async with asyncio.TaskGroup() as tasks:
            for database, few in groupby(chosen, lambda fate: fate.database):
                rounds = list(few)
                for lane in range(_WORLDS):
                    tasks.create_task(self._on(database, rounds[lane::_WORLDS]))

    async def _on(self, database: str, chosen: list[Fate]) -> None:
        template = await asyncio.to_thread(SqliteTemplate) if database == "sqlite" else None
        try:
            while chosen and time.monotonic() < self.until:
                folder = self.folder / f"{database}-{chosen[0].number}"
                async with World(folder, template, self.seed) as world:
                    while chosen and time.monotonic() < self.until and await self._one(world, chosen.pop(0)):
                        pass
            self.left += len(chosen)
        finally:
            if template:
                template.remove()

    async def _one(self, world: World, fate: Fate) -> bool:
        """Play one round; returns whether the world goes on."""
        try:
            told = await play(world, fate)
        except NotHere as missing:
            self.passed_over += 1
            _say(f"{fate.number:3} {fate}  not here: {missing}")
            return True
        except Exception:
            self.broken += 1
            _say(f"{fate.number:3} {fate}  BROKEN\n{traceback.format_exc()}")
            await self._keep(world, fate)
            return False
        self.held.append(fate)
        _say(f"{fate.number:3} {fate}  held: {told}")
        return True

    async def _keep(self, world: World, fate: Fate) -> None:
        kept = self.folder / f"broken-{fate.number}"
        kept.mkdir()
        for site in world.sites:
            with suppress(Exception):
                (kept / f"{site.name}.rows").write_text(await checks.rows(site))
        for log in world.folder.rglob("*.log"):
            shutil.copy(log, kept)
        _say(
            f"again: python -m tests.chaos {self.how} --seed {self.seed} --only {fate.number}; what was written: {kept}"
        )


def _kinds(rounds: Sequence[Fate]) -> str:
    """How many of each there are."""
    troubled = sum(fate.point in TROUBLES for fate in rounds)
    return f"{len(rounds) - troubled} rounds with a death and {troubled} with a trouble"


def _databases(wanted: str | None, *, may_miss: bool) -> tuple[str, ...]:
    """Those asked for, else both; without PostgreSQL only where none can be made and that may be missing."""
    if wanted:
        return (wanted,)
    if programs() is not None:
        return ("sqlite", "postgres")
    if not may_miss or os.environ.get("CI") == "true":
        raise SystemExit("There is no initdb here: --allow-missing, or --database sqlite, plays without PostgreSQL.")
    _say("There is no initdb here: without PostgreSQL.")
    return ("sqlite",)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ALL, help="in which somebody dies")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="no round begins later")
    parser.add_argument("--short", action="store_true", help="what `make test` plays")
    parser.add_argument("--only", type=int, help="the number of one round")
    parser.add_argument("--allow-missing", action="store_true", help="0 also where some could not be played here")
    parser.add_argument("--database", choices=("sqlite", "postgres"))
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
