"""A minute of `make chaos`: real servers die at named points, their disks, clocks, names and peers fail, and whatever
they promised holds.
"""

from __future__ import annotations

import os
from itertools import groupby
from pathlib import Path

import pytest

from tests.chaos.cluster import programs
from tests.chaos.points import POINTS, POSTGRES, TROUBLES, Fate, fates, short
from tests.chaos.rounds import play
from tests.chaos.troubles import NotHere
from tests.chaos.world import World

SEED = int(os.environ.get("FEDIMARK_TEST_CHAOS_SEED", "20260301"))
DATABASES = ("sqlite", "postgres")
FATES = {name: list(few) for name, few in groupby(short(SEED, DATABASES), lambda fate: fate.database)}


@pytest.mark.processes
@pytest.mark.parametrize("database", DATABASES)
async def test_what_was_promised_survives_whatever_happens(request, tmp_path: Path, database: str):
    if database == "postgres" and programs() is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no initdb here, and CI requires one")
        pytest.skip("there is no initdb here")
    template = request.getfixturevalue("sqlite_template") if database == "sqlite" else None

    async with World(tmp_path / "world", template, SEED) as world:
        for fate in FATES[database]:
            try:
                await play(world, fate)
            except NotHere:
                continue
            except Exception as error:
                error.add_note(f"again: python -m tests.chaos --short --seed {SEED} --only {fate.number}: {fate}")
                raise


def test_a_hundred_rounds_pass_every_point_on_both_databases_and_have_every_trouble():
    chosen: list[Fate] = fates(1, 100, DATABASES)

    assert {(fate.database, fate.point) for fate in chosen} >= {(name, point) for name in DATABASES for point in POINTS}
    assert {fate.point for fate in chosen} >= set(TROUBLES)
    assert [fate.number for fate in chosen] == list(range(1, 101))
    assert sum(POSTGRES in fate.victims for fate in chosen) >= 6


def test_the_short_form_has_each_kind_of_trouble_and_kills_each_kind_of_process():
    chosen = short(1, DATABASES)

    assert {fate.point.partition(":")[0] for fate in chosen} >= {each.partition(":")[0] for each in TROUBLES}
    assert POSTGRES in {victim for fate in chosen for victim in fate.victims}
