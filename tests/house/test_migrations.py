"""Migrations and models agree, on both databases, and bringing a database up to date twice changes nothing."""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext, _current_context
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.models import Model

from fedimark import models
from fedimark.database import Database, fetch, is_sqlite, migrate
from fedimark.database.connect import tortoise_config
from fedimark.settings import Settings
from migrations import __path__ as FOLDERS
from tests.house.tree import ROOT, copy_of_the_code, run
from tests.support.storage import Storage

_TABLES_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
_COLUMNS_SQLITE = f"SELECT m.name AS t, c.name AS c FROM ({_TABLES_SQLITE}) m JOIN pragma_table_info(m.name) c"
_ALL_POSTGRES = """
SELECT table_name AS t, column_name AS c FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE 'pgqueuer%'
"""
# SQLite leaves out what it works out from other columns.
_COLUMNS_POSTGRES = f"{_ALL_POSTGRES} AND is_generated = 'NEVER'"
_WORKED_OUT_SQLITE = _COLUMNS_SQLITE.replace("table_info", "table_xinfo") + " WHERE c.hidden IN (2, 3)"
_WORKED_OUT_POSTGRES = f"{_ALL_POSTGRES} AND is_generated <> 'NEVER'"
_EVERYTHING = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
_INDEXES_SQLITE = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_INDEXES_POSTGRES = "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = 'public'"


def new_migrations(folder: Path) -> list[str]:
    """What `make migration` would write for the code in a folder."""
    before = {path.name for path in (folder / "migrations").glob("*.py")}
    command = ("-m", "tortoise", "-c", "fedimark.database.TORTOISE", "makemigrations")
    answer = run(sys.executable, *command, cwd=folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return sorted({path.name for path in (folder / "migrations").glob("*.py")} - before)


def migration_names() -> list[str]:
    """The migrations of this checkout, oldest first."""
    return sorted(path.stem for path in Path(FOLDERS[0]).glob("[0-9]*.py"))


def partial_indexes() -> set[str]:
    """The names of the indexes that some migration makes with a WHERE, and none drops."""
    texts = "\n".join((ROOT / "migrations" / f"{name}.py").read_text("utf-8") for name in migration_names())
    made = set(re.findall(r'^    "(\w+)": "(?:UNIQUE )?INDEX \{\} ON .* WHERE .*",$', texts, re.MULTILINE))
    return made - set(re.findall(r'"DROP INDEX (\w+)"', texts))


async def asked(url: str, sqlite: str, postgres: str) -> list[dict[str, str]]:
    """Rows about the schema of a database."""
    database = await Database(Settings(database_url=url)).open()
    token = database.enter()
    try:
        return await fetch(sqlite if is_sqlite() else postgres)
    finally:
        database.leave(token)
        await database.close()


async def as_tortoise_does(settings: Settings, until: str) -> None:
    """Bring a database up to some migration without our own replay."""
    config = tortoise_config(settings)
    context = TortoiseContext()
    token = _current_context.set(context)
    try:
        await context.init(config)
        executor = MigrationExecutor(get_connection("default"), config["apps"])
        await executor.migrate([MigrationTarget("models", until)])
    finally:
        await context.close_connections()
        _current_context.reset(token)


def columns(tables: list[dict[str, str]]) -> list[tuple[str, list[str]]]:
    """What tables and indexes are made of, in any order: a column that came later stands at the end."""
    return [(row["name"], sorted(part.strip() for part in re.split(r"[,()]", row["sql"]))) for row in tables]


def test_the_models_are_what_the_migrations_make(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)

    drift = new_migrations(tmp_path)

    assert drift == []


def test_a_changed_model_without_its_migration_would_be_noticed(tmp_path: Path) -> None:
    copy_of_the_code(tmp_path)
    model = tmp_path / "fedimark" / "models" / "bookmarks.py"
    model.write_text(
        model.read_text("utf-8").replace(
            "    host = column.CharField(", '    mood = column.TextField(default="")\n    host = column.CharField(', 1
        )
    )

    drift = new_migrations(tmp_path)

    assert len(drift) == 1


def test_migrations_are_numbered_without_a_gap_and_say_what_they_do() -> None:
    names = migration_names()

    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_each_migration_comes_after_the_one_before():
    names = migration_names()

    before = [import_module(f"migrations.{name}").Migration.dependencies for name in names]

    assert before == [[], *([("models", name)] for name in names[:-1])]


async def test_an_empty_database_gets_every_migration_and_then_none(tmp_path: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'new' / 'one.sqlite3'}")

    first = await migrate(settings)
    second = await migrate(settings)

    assert first == migration_names()
    assert second == []


async def test_a_migrated_database_needs_nothing_more(database: Storage) -> None:
    url = await database.new()

    applied = await migrate(Settings(database_url=url))

    assert applied == []


async def test_the_quick_replay_makes_what_tortoises_own_makes_from_the_beginning_and_from_halfway(tmp_path: Path):
    names = migration_names()
    whole, slow, halfway = (Settings(database_url=f"sqlite:///{tmp_path / name}.sqlite3") for name in ("a", "b", "c"))
    await as_tortoise_does(slow, names[-1])
    await as_tortoise_does(halfway, names[len(names) // 2])

    await migrate(whole)
    await migrate(halfway)

    tables = await asked(slow.database_url, _EVERYTHING, "")
    assert len(tables) > 50
    assert await asked(whole.database_url, _EVERYTHING, "") == tables
    assert columns(await asked(halfway.database_url, _EVERYTHING, "")) == columns(tables)


async def test_both_databases_have_the_partial_indexes(database: Storage) -> None:
    wanted = partial_indexes()
    url = await database.new()

    rows = await asked(url, _INDEXES_SQLITE, _INDEXES_POSTGRES)

    assert "bookmark_once" in wanted
    assert wanted <= {row["name"] for row in rows if " WHERE " in row["sql"]}


async def test_both_databases_have_the_same_columns(database: Storage, tmp_path: Path) -> None:
    reference = Settings(database_url=f"sqlite:///{tmp_path / 'reference.sqlite3'}")
    await migrate(reference)
    url = await database.new()

    rows = await asked(url, _COLUMNS_SQLITE, _COLUMNS_POSTGRES)
    expected = await asked(reference.database_url, _COLUMNS_SQLITE, _COLUMNS_POSTGRES)

    # What search finds by is each database's own.
    found, wanted = (
        {(row["t"], row["c"]) for row in some if not row["t"].startswith("search_words")} for some in (rows, expected)
    )
    assert found == wanted


async def test_a_rank_is_all_that_a_database_works_out_by_itself(database: Storage) -> None:
    url = await database.new()

    rows = await asked(url, _WORKED_OUT_SQLITE, _WORKED_OUT_POSTGRES)

    assert [(row["t"], row["c"]) for row in rows] == ([] if url.startswith("sqlite") else [("tally", "rank")])


def test_no_description_of_a_table_ends_its_statement_early():
    # Tortoise writes the first line of a model's docstring into the SQL, and splits that SQL at each semicolon.
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, Model):
            assert ";" not in (model.__doc__ or "").splitlines()[0]
