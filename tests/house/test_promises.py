"""Every promise of SECURITY.md stands with tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.tree import ROOT, words

NAMED = re.compile(r"`(\w+/test_\w+\.py)::(test_\w+)`")


def promises() -> list[str]:
    """The lines of the list, each with what is indented under it."""
    promised = words("SECURITY.md").partition("## What is promised")[2].partition("\n## ")[0]
    return [
        " ".join(each.split()) for each in re.split(r"^(?:- |#+ .*$)", promised, flags=re.MULTILINE)[1:] if each.strip()
    ]


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise[:40])
def test_every_promise_names_its_tests(promise: str) -> None:
    assert NAMED.search(promise), "a promise that no test holds"


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(words("SECURITY.md")))))
def test_every_named_test_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))

    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    assert name in functions
