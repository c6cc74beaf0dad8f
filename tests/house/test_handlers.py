"""Handlers are thin: they read, make one call and answer; queries and rows are the business of the rooms below."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import Function, modules

DOORS = ("web", "activitypub")
MOST_LINES = 20
# The type of a row, to say what a function takes.
ALLOWED = {("fedimark.database", "Row")}
TABLES = ("fedimark.database", "fedimark.models", "tortoise", "sqlite3", "aiosqlite", "asyncpg")


def handlers() -> Iterator[tuple[str, Function]]:
    """Every handler of the doors."""
    for name, tree in modules(*DOORS):
        for node in tree.body:
            if isinstance(node, Function) and node.name.startswith(("get_", "post_")):
                yield f"{name}.{node.name}", node


def lines(function: Function) -> int:
    """How long a function is, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    assert function.end_lineno is not None
    return 1 + function.end_lineno - body[0].lineno + 1


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Module and name of everything imported, wherever it is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)


def names_a_table(module: str, name: str) -> bool:
    """Whether an import reaches for rows."""
    full = f"{module}.{name}"
    return (module, name) not in ALLOWED and any(f"{full}.".startswith(f"{table}.") for table in TABLES)


def test_there_are_handlers_to_look_at() -> None:
    names = [name for name, _ in handlers()]

    assert "fedimark.web.bookmarks.post_add" in names
    assert any(name.startswith("fedimark.activitypub.") for name in names)


def test_handlers_are_short() -> None:
    long = {name: lines(function) for name, function in handlers() if lines(function) > MOST_LINES}

    assert long == {}


def test_handlers_know_no_tables() -> None:
    found = [
        f"{name}: {module} {what}".strip()
        for name, tree in modules(*DOORS)
        if not name.endswith(".queries")  # the one kind of file where queries live
        for module, what in imported(tree)
        if names_a_table(module, what)
    ]

    assert found == []


def test_a_query_in_a_handler_would_be_found() -> None:
    spoiled = ast.parse(
        "from fedimark.database import Row, fetch\nimport fedimark.models\nfrom fedimark import database"
    )

    found = [each for each in imported(spoiled) if names_a_table(*each)]

    assert found == [("fedimark.database", "fetch"), ("fedimark.models", ""), ("fedimark", "database")]


def test_nothing_makes_verified_but_the_gate() -> None:
    makers = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Verified"
    }

    assert makers == {"fedimark.inbox.receive"}
