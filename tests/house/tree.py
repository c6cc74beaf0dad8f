"""The checkout as the house tests see it: its folders, its rooms, its syntax trees."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "fedimark"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def rooms() -> set[str]:
    """Every room: the packages and modules right below `fedimark`."""
    packages = {path.parent.name for path in PACKAGE.glob("[!_]*/__init__.py")}
    return packages | {path.stem for path in PACKAGE.glob("[!_]*.py")}


def module_name(file: Path) -> str:
    """`fedimark.text.urls` for its file."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def module_file(name: str, root: Path = ROOT) -> Path:
    """The file of a module; of a package, its `__init__.py`."""
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def modules(*rooms: str) -> Iterator[tuple[str, ast.Module]]:
    """Name and syntax tree of every module of some rooms, or of all."""
    for folder in [PACKAGE / room for room in rooms] or [PACKAGE]:
        for file in sorted(folder.rglob("*.py")):
            yield module_name(file), ast.parse(file.read_text("utf-8"))


def words(page: str) -> str:
    """The text of a page beside this checkout's README."""
    return (ROOT / page).read_text("utf-8")


def copy_of_the_code(folder: Path) -> Path:
    """A copy of the package and its migrations that a test may spoil."""
    for name in ("fedimark", "migrations", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


def run(*command: Any, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing in its environment but PATH, HOME and what is given."""
    given = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "PYTHONDONTWRITEBYTECODE": "1", **environ}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=given, capture_output=True, text=True, timeout=300, check=False
    )


def tracked_files() -> list[Path]:
    """Every file that is, or is about to be, under version control; skips where this is no checkout."""
    answer = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    if answer.returncode:
        pytest.skip("this is not a checkout: nothing says which files are the project's")
    return [file for name in answer.stdout.split("\0") if name and (file := ROOT / name).is_file()]
