"""Two revisions of a repository of its own, whose bench takes no time, are measured side by side."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT, copy_of_the_code, run

BENCH = """
import os, sys
if sys.argv[1:] == ["broken"]:
    sys.exit("the disk is full")
if sys.argv[1:] != ["saves"]:
    sys.exit(2)
number = {number} if not os.environ.get("OWN") else 25
print(f"## Saves\\n\\n| database | saves/s |\\n| --- | --- |\\n| SQLite | {{number}} |")
"""
SETUP = """setup:
	@mkdir -p .venv/bin
	@printf '#!/bin/sh\\nOWN=1 exec {python} "$$@"\\n' > .venv/bin/python
	@chmod +x .venv/bin/python
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three revisions: `other` requires something else and finds 25 in its own environment, `old` 100, the last 200."""
    folder = copy_of_the_code(tmp_path_factory.mktemp("compared"))
    for name in ("tests/bench", "tests/support"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "tests" / "__init__.py", folder / "tests" / "__init__.py")
    (folder / ".gitignore").write_text("/var/\n__pycache__/\n")
    (folder / "Makefile").write_text(SETUP.format(python=sys.executable))
    git(folder, "init", "-q")
    for tag, number, required in (("other", 50, "another==1"), ("old", 100, "one==1"), ("new", 200, "one==1")):
        (folder / "tests" / "bench" / "__main__.py").write_text(BENCH.format(number=number))
        (folder / "requirements-dev.txt").write_text(required)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", tag)
        git(folder, "tag", tag)
    return folder


def git(folder: Path, *arguments: str) -> str:
    """What git says."""
    who = ("-c", "user.name=ana", "-c", "user.email=ana@a.example", "-c", "commit.gpgsign=false")
    done = run("git", *who, *arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def compared(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a comparison says."""
    command = (sys.executable, "-m", "tests.bench.compare", *arguments, "--rounds", "1")
    return run(*command, cwd=folder, PYTHONPATH=str(folder))


def row(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The cells of the one figure there is."""
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith("| Saves")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_revision_is_measured_in_a_tree_of_its_own_that_is_there_the_next_time(repository: Path) -> None:
    commit = git(repository, "rev-parse", "--short=12", "old")

    first, again = compared(repository, "old", "saves"), compared(repository, "old", "saves")

    assert row(first) == row(again) == ["Saves · SQLite · saves/s", "100", "200", "2.00"]
    assert f"old ({commit})" in first.stdout
    assert git(repository / "var" / "compare" / commit, "rev-parse", "HEAD") == git(repository, "rev-parse", "old")
    assert git(repository, "status", "--porcelain") == ""


def test_one_that_requires_something_else_has_an_environment_of_its_own(repository: Path) -> None:
    assert row(compared(repository, "other", "saves")) == ["Saves · SQLite · saves/s", "25", "200", "8.00"]


def test_a_revision_against_itself_finds_the_same(repository: Path) -> None:
    assert row(compared(repository, "HEAD", "saves"))[-1] == "1.00"


def test_what_cannot_be_compared_is_no_success(repository: Path) -> None:
    unknown_topic = compared(repository, "old", "no-such-topic")
    unknown_revision = compared(repository, "no-such-revision", "saves")
    broken = compared(repository, "old", "broken")

    assert (unknown_topic.returncode, unknown_revision.returncode, broken.returncode) == (1, 1, 1)
    assert "has no topic of that name" in unknown_topic.stdout
    assert "Traceback" not in unknown_revision.stderr
    assert "the disk is full" in broken.stderr
