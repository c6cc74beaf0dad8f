"""The steps of the Dockerfile, taken for real where no container engine is: into folders of their own, without root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.house.tree import ROOT, words
from tests.support.processes import answers, clean_environ, free_port, until

_PATIENCE_S = 600  # a hang guard
_SMALL_MB = 200  # without Python itself; 185 when this was written, half of it compiled code of libraries
NOBODY = "nobody"

pytestmark = pytest.mark.processes


def steps() -> list[str]:
    """The RUN lines of the stage that builds."""
    stage = words("deploy/Dockerfile").split("\nFROM ")[1]
    return re.findall(r"^RUN (.*)$", stage, re.M)


def interpreter() -> Path:
    """A Python that somebody without any rights may run too."""
    own = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    for python in (own.resolve(), Path("/usr/bin/python3")):
        reachable = all(folder.stat().st_mode & 0o001 for folder in python.resolve().parents)
        asked = [str(python), "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
        if reachable and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip("no Python that others may run makes virtual environments")


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """What the image holds under /opt, made by its own steps from what it would copy."""
    # Not among pytest's own folders, which it keeps to whoever runs it.
    with tempfile.TemporaryDirectory(prefix="fedimark-image-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        _take_steps(folder)
        yield folder / "fedimark"


def _take_steps(folder: Path) -> None:
    source = folder / "src"
    source.mkdir()
    for line in words(".dockerignore").splitlines():
        if line.startswith("!"):
            found, copy = ROOT / line[1:], source / line[1:]
            copy.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if found.is_dir() else shutil.copyfile)(found, copy)
    assert len(steps()) == 6
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(interpreter())
    for step in steps():
        done = subprocess.run(
            ["/bin/sh", "-euc", step.replace("/opt/", f"{folder}/")],
            cwd=source,
            env={**os.environ, "PATH": f"{folder}/bin:/usr/bin:/bin", "VIRTUAL_ENV": ""},
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{step}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    for path in source.rglob("*"):
        path.chmod(path.stat().st_mode & ~0o222)


def test_the_image_answers_as_somebody_who_may_write_nothing_but_its_data(installed: Path, tmp_path: Path) -> None:
    port, data = free_port(), installed.parent / "data"
    data.mkdir()
    is_root = os.getuid() == 0
    if is_root:
        shutil.chown(data, NOBODY)
    environ = clean_environ() | {
        "PATH": f"{installed}/bin",
        "HOME": str(data),
        "PYTHONDONTWRITEBYTECODE": "1",
        "FEDIMARK_BASE_URL": f"http://127.0.0.1:{port}",
        "FEDIMARK_DATA_DIR": str(data),
    }
    fedimark = [str(installed / "bin" / "fedimark")]
    who = {"user": NOBODY, "group": "nogroup", "extra_groups": ()} if is_root else {}

    version = subprocess.run(
        [*fedimark, "--version"], env=environ, cwd=data, capture_output=True, text=True, check=False, **who
    )
    with (tmp_path / "log").open("wb") as log:
        serving = subprocess.Popen(
            [*fedimark, "serve", "--port", str(port)], env=environ, cwd=data, stdout=log, stderr=log, **who
        )
    try:
        until(lambda: answers(port) or serving.poll() is not None, _PATIENCE_S)
        assert serving.poll() is None, (tmp_path / "log").read_text()[-2000:]
        ready = httpx.get(f"http://127.0.0.1:{port}/readyz")
        page = httpx.get(f"http://127.0.0.1:{port}/", follow_redirects=True)
    finally:
        serving.terminate()
        ended = serving.wait(timeout=30)

    assert version.returncode == 0 and "0.1.0" in version.stdout, version.stderr
    assert (ready.status_code, ready.text, page.status_code, ended) == (200, "ready\n", 200, 0)
    assert not (installed / "bin" / "pip").exists()


def test_the_image_is_small_and_holds_nothing_but_what_runs(installed: Path) -> None:
    files = [path for path in installed.rglob("*") if path.is_file() and not path.is_symlink()]
    packages = {path.name for path in installed.glob("lib/python*/site-packages/*")}
    ours = [path for path in files if "fedimark" in path.relative_to(installed).parts]

    assert sum(path.stat().st_size for path in files) / 1_000_000 <= _SMALL_MB
    assert "fedimark" in packages
    assert packages & {"tests", "pip", "pytest", "mypy", "hatchling"} == set()
    assert [path for path in ours if {"tests", "docs"} & set(path.parts)] == []
    assert [path for path in files if ".git" in path.parts] == []
