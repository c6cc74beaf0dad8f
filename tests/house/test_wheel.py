"""The wheel is whole: built without a network, it holds everything and runs from anywhere."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.house.tree import PACKAGE, ROOT, run
from tests.support.processes import Process


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built with what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    answer = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return next(folder.glob("fedimark-*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as an installer would lay it down, far from the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_the_wheel_holds_every_module_template_static_file_catalogue_and_migration(wheel: Path) -> None:
    wanted = {
        *(f"fedimark/{file.relative_to(PACKAGE)}" for file in PACKAGE.rglob("*.py")),
        *(
            f"fedimark/{file.relative_to(PACKAGE)}"
            for file in (PACKAGE / "web" / "static").rglob("*")
            if file.is_file()
        ),
        *(f"fedimark/{file.relative_to(PACKAGE)}" for file in PACKAGE.rglob("*.po")),
        *(f"fedimark/_templates/{file.name}" for file in (ROOT / "templates").iterdir() if file.is_file()),
        *(f"fedimark/_migrations/{file.name}" for file in (ROOT / "migrations").glob("*.py")),
    }

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert wanted - names == set()


def test_the_wheel_carries_the_licence_and_nothing_of_the_workshop(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert [name for name in names if re.match(r"tests/|docs/|deploy/|migrations/|templates/|var/", name)] == []


def test_the_wheel_migrates_from_elsewhere(unpacked: Path, tmp_path: Path) -> None:
    elsewhere = {"PYTHONPATH": str(unpacked), "FEDIMARK_DATA_DIR": str(tmp_path / "data")}

    where = run(sys.executable, "-c", "import fedimark; print(fedimark.__file__)", cwd=tmp_path, **elsewhere)
    first = run(sys.executable, "-m", "fedimark", "migrate", cwd=tmp_path, **elsewhere)
    second = run(sys.executable, "-m", "fedimark", "migrate", cwd=tmp_path, **elsewhere)

    assert where.stdout.startswith(str(unpacked))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tmp_path / "data" / "fedimark.sqlite3").stat().st_size > 0


def test_the_wheel_serves_from_elsewhere(unpacked: Path, tmp_path: Path) -> None:
    with Process(tmp_path / "server", {"PYTHONPATH": str(unpacked)}) as process:
        page = httpx.get(f"{process.url}/", follow_redirects=True)
        style = re.search(r'<link rel=stylesheet href="([^"]+)"', page.text)
        assert style is not None
        sheet = httpx.get(f"{process.url}{style[1]}")

    assert page.status_code == 200
    assert sheet.status_code == 200
    assert sheet.headers["content-type"].startswith("text/css")
