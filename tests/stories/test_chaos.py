"""Ten rounds of `make chaos`: real servers die at named points, and whatever they promised holds."""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path

import pytest

from tests.chaos.points import POINTS, Fate, fates
from tests.chaos.rounds import play
from tests.chaos.world import World
from tests.support.storage import PostgresStorage, SqliteStorage, Storage

SEED = int(os.environ.get("FEDIMARK_TEST_CHAOS_SEED", "20260301"))
DATABASES = ("sqlite", "postgres")
FATES = {name: list(few) for name, few in groupby(fates(SEED, 10, DATABASES), lambda fate: fate.database)}


@pytest.mark.processes
@pytest.mark.parametrize("database", DATABASES)
async def test_what_was_promised_survives_a_sudden_death(request, tmp_path: Path, database: str):
    storage: Storage
    if database == "sqlite":
        storage = SqliteStorage(request.getfixturevalue("sqlite_template"))
    else:
        storage = PostgresStorage(request.getfixturevalue("postgres_template"))

    async with World(tmp_path / "world", storage, SEED) as world:
        for fate in FATES[database]:
            try:
                await play(world, fate)
            except Exception as error:
                error.add_note(f"again: python -m tests.chaos --rounds 10 --seed {SEED} --only {fate.number}: {fate}")
                raise


def test_sixty_rounds_pass_every_point_on_both_databases():
    chosen: list[Fate] = fates(1, 60, DATABASES)

    assert {(fate.database, fate.point) for fate in chosen} >= {(name, point) for name in DATABASES for point in POINTS}
    assert [fate.number for fate in chosen] == list(range(1, 61))
