"""A minute of `make chaos`: real servers die at named points, their disks, clocks, names and peers fail, and whatever
they promised holds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest

from tests.chaos.__main__ import Run
from tests.chaos.cluster import programs
from tests.chaos.points import POINTS, POSTGRES, TROUBLES, Fate, fates, short
from tests.chaos.rounds import play
from tests.chaos.troubles import NotHere
from tests.chaos.world import World
from tests.house.tree import ROOT

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

    missing: list[str] = []
    async with World(tmp_path / "world", template, SEED) as world:
        for fate in FATES[database]:
            try:
                await play(world, fate)
            except NotHere as reason:
                missing.append(f"{fate.point}: {reason}")
            except Exception as error:
                error.add_note(f"again: python -m tests.chaos --short --seed {SEED} --only {fate.number}: {fate}")
                raise
    if missing:
        pytest.skip(f"all else held, but not played here: {', '.join(missing)}")


def test_a_hundred_rounds_kill_at_every_point_on_both_databases_and_every_trouble_comes_on_top():
    chosen: list[Fate] = fates(1, 100, DATABASES)
    dead = [fate for fate in chosen if fate.point not in TROUBLES]

    assert {(fate.database, fate.point) for fate in chosen} >= {(name, point) for name in DATABASES for point in POINTS}
    assert {fate.point for fate in chosen} >= set(TROUBLES)
    assert len(dead) == 100
    assert all(fate.victims for fate in dead)
    assert [fate.number for fate in chosen] == list(range(1, len(chosen) + 1))
    assert sum(POSTGRES in fate.victims for fate in chosen) >= 6


def test_the_short_form_has_each_kind_of_trouble_and_kills_each_kind_of_process():
    chosen = short(1, DATABASES)

    assert {fate.point.partition(":")[0] for fate in chosen} >= {each.partition(":")[0] for each in TROUBLES}
    assert POSTGRES in {victim for fate in chosen for victim in fate.victims}


def test_a_run_whose_time_is_over_before_all_was_played_fails():
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", "--short", "--database", "sqlite", "--minutes", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "The time was over before" in done.stdout


@pytest.mark.parametrize(
    ("amounts", "may_miss", "code"),
    [
        ({}, False, 0),
        ({"left": 1}, True, 1),
        ({"broken": 1}, True, 1),
        ({"passed_over": 1}, False, 1),
        ({"passed_over": 1}, True, 0),
    ],
)
def test_only_a_run_that_played_all_it_could_passes(tmp_path: Path, amounts, may_miss, code):
    run = Run(1, tmp_path, "", 0.0, **amounts)
    nothing = run.code(may_miss=may_miss)
    run.held += short(1, DATABASES)

    assert nothing == 1
    assert run.code(may_miss=may_miss) == code
