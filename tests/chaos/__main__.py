"""`make chaos`: sixty rounds on SQLite and PostgreSQL, a line each; `--only 17 --seed 4711` plays one of them again."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import shutil
import signal
import sys
import traceback
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import structlog

from tests.chaos import checks
from tests.chaos.points import Fate, fates
from tests.chaos.rounds import play
from tests.chaos.world import World
from tests.support.storage import (
    PostgresStorage,
    PostgresTemplate,
    SqliteStorage,
    SqliteTemplate,
    Storage,
    answering_postgres,
    memory_folder,
)

ROUNDS = 60


def main(arguments: Sequence[str]) -> int:
    """Play, and return the exit code: 1 when a promise was broken."""
    options = _parser().parse_args(arguments)
    # What the servers say stands in their own logs.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    databases = _databases(options.database)
    # Asked to end, it ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    chosen = [fate for fate in fates(seed, options.rounds, databases) if options.only in (None, fate.number)]
    _say(f"seed {seed}, {len(chosen)} rounds on {' and '.join(databases)}")
    folder = memory_folder()
    try:
        broken = sum(_on(list(few), database, seed, folder) for database, few in groupby(chosen, lambda f: f.database))
    finally:
        if not any(folder.glob("broken-*")):
            shutil.rmtree(folder, ignore_errors=True)
    _say(f"{len(chosen) - broken} rounds held, {broken} did not")
    return 1 if broken or not chosen else 0


def _on(chosen: list[Fate], database: str, seed: int, folder: Path) -> int:
    """Play the rounds of one database; returns how many were broken, each of which ends its world."""
    template = SqliteTemplate() if database == "sqlite" else PostgresTemplate(answering_postgres() or "")
    broken = 0
    try:
        while chosen:
            storage = SqliteStorage(template) if isinstance(template, SqliteTemplate) else PostgresStorage(template)
            played, is_broken = asyncio.run(_in_a_world(chosen, storage, seed, folder / f"{database}-{len(chosen)}"))
            broken += is_broken
            chosen = chosen[played:]
    finally:
        template.remove()
    return broken


async def _in_a_world(chosen: list[Fate], storage: Storage, seed: int, folder: Path) -> tuple[int, bool]:
    """Play until a round is broken; returns how many were played and whether the last one was."""
    async with World(folder, storage, seed) as world:
        for played, fate in enumerate(chosen, 1):
            try:
                told = await play(world, fate)
            except Exception:
                _say(f"{fate.number:3} {fate}  BROKEN\n{traceback.format_exc()}")
                for site in world.sites:
                    (folder / f"{site.name}.rows").write_text(await checks.rows(site))
                kept = folder.rename(folder.with_name(f"broken-{fate.number}"))
                _say(f"again: python -m tests.chaos --seed {seed} --only {fate.number}; what the servers wrote: {kept}")
                return played, True
            _say(f"{fate.number:3} {fate}  held: {told}")
    return len(chosen), False


def _databases(wanted: str | None) -> tuple[str, ...]:
    """Those asked for, else SQLite, and PostgreSQL where one answers."""
    if wanted:
        return (wanted,)
    if answering_postgres() is not None:
        return ("sqlite", "postgres")
    if os.environ.get("CI") == "true":
        raise SystemExit("no PostgreSQL answers, and CI requires one")
    return ("sqlite",)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", type=int, help="the number of one round")
    parser.add_argument("--database", choices=("sqlite", "postgres"))
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
