"""The floors hold: the contracts pass on the code as it is, and each of them refuses what it is there to refuse."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.house.tree import PACKAGE, ROOT, copy_of_the_code, module_file, module_name, modules, rooms, run

LINT = Path(sys.executable).parent / "lint-imports"
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}
FLOORS: list[list[str]] = [re.split(r" \| ", floor) for floor in CONTRACTS["floors"]["layers"]]
PURE: list[str] = CONTRACTS["pure"]["source_modules"]
DOORS_OUT = {"remote", "delivery"}

UPWARD = [(lower[0], upper[0]) for upper, lower in pairwise(FLOORS)]
SIDEWAYS = [(floor[0], floor[1]) for floor in FLOORS if len(floor) > 1]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Ask import-linter about the package in a folder."""
    return run(LINT, "--no-cache", cwd=folder, COLUMNS="200")


def spoil(folder: Path, importer: str, imported: str) -> None:
    """Add one import to a copy of the code."""
    file = module_file(importer, folder)
    file.write_text(f"{file.read_text('utf-8')}\nimport {imported}\n", "utf-8")


def verdict(output: str, contract: str) -> str:
    """KEPT or BROKEN."""
    found = re.search(rf"^{re.escape(CONTRACTS[contract]['name'])} (KEPT|BROKEN)", output, re.MULTILINE)
    assert found is not None, output
    return found[1]


def test_the_code_keeps_every_contract(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)

    answer = lint(tmp_path)

    assert answer.returncode == 0, answer.stdout
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken" in answer.stdout


@pytest.mark.parametrize(("lower", "upper"), UPWARD)
def test_no_room_imports_the_floor_above(lower: str, upper: str, tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    spoil(tmp_path, f"fedimark.{lower}", f"fedimark.{upper}")

    answer = lint(tmp_path)

    assert answer.returncode == 1
    assert verdict(answer.stdout, "floors") == "BROKEN"
    assert re.search(rf"fedimark\.{lower} -> fedimark\.{upper} \(l\.\d+\)", answer.stdout)


@pytest.mark.parametrize(("one", "other"), SIDEWAYS)
def test_rooms_of_one_floor_do_not_know_each_other(one: str, other: str, tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    spoil(tmp_path, f"fedimark.{one}", f"fedimark.{other}")

    answer = lint(tmp_path)

    assert answer.returncode == 1
    assert verdict(answer.stdout, "floors") == "BROKEN"
    assert re.search(rf"fedimark\.{one} -> fedimark\.{other} \(l\.\d+\)", answer.stdout)


def test_a_room_without_a_floor_is_refused(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    (tmp_path / "fedimark" / "attic.py").write_text('"""Nobody said where this stands."""\n')

    answer = lint(tmp_path)

    assert answer.returncode == 1
    assert verdict(answer.stdout, "floors") == "BROKEN"
    assert "attic" in answer.stdout


@pytest.mark.parametrize("module", CONTRACTS["pure"]["forbidden_modules"])
def test_a_pure_room_may_not_import(module: str, tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    spoil(tmp_path, "fedimark.text.tags", module)

    answer = lint(tmp_path)

    assert answer.returncode == 1
    assert verdict(answer.stdout, "pure") == "BROKEN"
    assert re.search(rf"fedimark\.text\.tags -> {re.escape(module)} \(l\.\d+\)", answer.stdout)


def test_every_pure_room_and_file_is_watched(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    for name in PURE:
        spoil(tmp_path, name, "random")

    answer = lint(tmp_path)

    unwatched = [name for name in PURE if not re.search(rf"{re.escape(name)} -> random \(l\.\d+\)", answer.stdout)]
    assert unwatched == []


def test_every_file_that_calls_itself_pure_is_under_the_contract() -> None:
    says_so = [
        module_name(file)
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.read_text("utf-8").startswith(('"""PURE.', '"""PURE '))
    ]

    # "PURE but for …" is a promise with an exception, which no contract can hold.
    pure = [name for name in says_so if not module_file(name).read_text("utf-8").startswith('"""PURE but')]

    assert [name for name in pure if not any(f"{name}.".startswith(f"{room}.") for room in PURE)] == []


def test_pure_code_awaits_nothing_and_asks_no_clock() -> None:
    waits = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)
    clocks = {"now", "utcnow", "today"}

    found = [
        f"{name}:{node.lineno}"
        for name, tree in modules()
        if any(f"{name}.".startswith(f"{room}.") for room in PURE)
        for node in ast.walk(tree)
        if isinstance(node, waits)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in clocks)
    ]

    assert found == []


@pytest.mark.parametrize("module", ["httpx", "aiohttp", "httpx_aiohttp"])
def test_only_the_doors_out_import(module: str, tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    watched = sorted(rooms() - DOORS_OUT)
    for room in watched:
        spoil(tmp_path, f"fedimark.{room}", module)

    answer = lint(tmp_path)

    assert verdict(answer.stdout, "doors-out") == "BROKEN"
    unwatched = [r for r in watched if not re.search(rf"fedimark\.{r} -> {module} \(l\.[\d, l.]+\)", answer.stdout)]
    assert unwatched == []


def types_imported(tree: ast.Module) -> set[str]:
    """Our rooms that a module imports for type checkers only."""
    return {
        node.module.split(".")[1]
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fedimark.")
    }


def test_types_too_come_from_below() -> None:
    floor = {room: height for height, names in enumerate(FLOORS) for room in names}

    upward = [
        f"{name} -> {room}"
        for name, tree in modules()
        for room in types_imported(tree)
        if room != (own := name.split(".")[1]) and floor[room] <= floor.get(own, -1)
    ]

    assert upward == []


def test_importing_a_type_is_not_opening_a_door(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    before = verdict(lint(tmp_path).stdout, "doors-out")
    with (tmp_path / "fedimark" / "settings.py").open("a") as file:
        file.write("\nfrom typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import httpx\n")

    answer = lint(tmp_path)

    assert verdict(answer.stdout, "doors-out") == before
    assert "fedimark.settings" not in answer.stdout.partition("Broken contracts")[2]
