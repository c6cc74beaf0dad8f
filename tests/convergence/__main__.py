"""`python -m tests.convergence --examples 5000`: many more histories than a test has time for."""

from __future__ import annotations

import argparse
import asyncio
import logging
import shutil
import sys
from collections.abc import Sequence

import structlog

from tests.convergence.judge import Differs, try_plans
from tests.convergence.world import World
from tests.support.clock import Clock
from tests.support.fleet import Fleet
from tests.support.storage import (
    PostgresStorage,
    PostgresTemplate,
    SqliteStorage,
    SqliteTemplate,
    answering_postgres,
    memory_folder,
)


def main(arguments: Sequence[str]) -> int:
    """Try, and return the exit code: 1 when two orders led to two minds."""
    parser = argparse.ArgumentParser(prog="python -m tests.convergence", description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    template = SqliteTemplate() if options.database == "sqlite" else PostgresTemplate(answering_postgres() or "")
    folder = memory_folder()
    try:
        asyncio.run(_try(template, folder, options.examples, options.seed))
    except Differs as error:
        sys.stdout.write("\n".join([str(error), *getattr(error, "__notes__", ())]) + "\n")
        return 1
    finally:
        template.remove()
        shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(f"{options.examples} histories of seed {options.seed} on {options.database} converged\n")
    return 0


async def _try(template: SqliteTemplate | PostgresTemplate, folder, examples: int, seed: int) -> None:
    storage = SqliteStorage(template) if isinstance(template, SqliteTemplate) else PostgresStorage(template)
    async with Fleet(storage, Clock(), folder) as fleet:
        await try_plans(await World(fleet).begin(), examples, seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
