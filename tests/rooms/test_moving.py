"""From SQLite to PostgreSQL: every row, also after a move that was killed, and never a server on both."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest

from fedimark.accounts import first
from fedimark.database import Database, execute, migrate
from fedimark.errors import Refused
from fedimark.here import Here, entered
from fedimark.keeping import move
from fedimark.settings import Settings
from tests.support.everything import fill, last_numbers, sums
from tests.support.processes import FEDIMARK, clean_environ
from tests.support.storage import PostgresStorage, SqliteStorage

ADDRESS = "https://a.example"


@pytest.fixture
async def old(sqlite_template, tmp_path) -> AsyncIterator[Settings]:
    """A SQLite database with rows in every table."""
    storage = SqliteStorage(sqlite_template)
    settings = Settings(base_url=ADDRESS, data_dir=str(tmp_path / "data"), database_url=await storage.new())
    await inside(settings, fill(500))
    await inside(settings, execute("INSERT INTO fact (name, value) VALUES ('base_url', ?)", ADDRESS))
    yield settings
    await storage.drop()


@pytest.fixture
async def new(postgres_template) -> AsyncIterator[Settings]:
    """An empty PostgreSQL database."""
    storage = PostgresStorage(postgres_template)
    yield Settings(base_url=ADDRESS, database_url=await storage.new())
    await storage.drop()


async def inside(settings: Settings, work) -> None:
    """Do something in a database."""
    database = await Database(settings).open()
    try:
        async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
            await work
    finally:
        await database.close()


def moving(old: Settings, new: Settings) -> subprocess.Popen[str]:
    """`fedimark move-to`, under way."""
    environ = clean_environ() | {
        "FEDIMARK_BASE_URL": ADDRESS,
        "FEDIMARK_DATA_DIR": old.data_dir,
        "FEDIMARK_DATABASE_URL": old.database_url,
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen([FEDIMARK, "move-to", new.database_url], env=environ, stdout=subprocess.PIPE, text=True)


def once_copied(act: Callable[[], None]) -> move.Say:
    """Whoever is told how far a move is, and does something when the last table has been copied."""

    def say(words: str) -> None:
        number, _, of_all = words.partition(" ")[0].partition("/")
        if number == of_all:
            act()

    return say


async def refusal_to_start(settings: Settings) -> str:
    """Why no server starts on a database."""
    with pytest.raises(Refused) as refused:
        await inside(settings, first.prepare(settings))
    return str(refused.value)


async def test_every_row_of_every_table_arrives_and_the_old_database_starts_no_more(old, new):
    before, numbers = await sums(old), await last_numbers(old)
    said: list[str] = []

    rows = await move.move(old, new.database_url, said.append)

    assert await sums(new) == before
    assert rows == sum(len(found) for name, found in before.items() if name != "fact")
    assert {name: n for name, n in (await last_numbers(new)).items() if n < numbers[name]} == {}
    assert said[-1].endswith("are the same in both databases, row by row")
    assert "was moved to postgres" in await refusal_to_start(old)


@pytest.mark.parametrize("lines", [0, 1, 9, 20, 40, 99])
async def test_a_move_that_is_killed_goes_on_and_no_server_starts_meanwhile(old, new, lines):
    before = await sums(old)
    process = moving(old, new)
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    async with asyncpg_to(new) as connection:
        begun = await connection.fetchval("SELECT count(*) FROM fact")
        ended = begun and not await connection.fetchval("SELECT count(*) FROM fact WHERE name = 'arriving'")
    if begun and not ended:
        assert "still being moved" in await refusal_to_start(new)

    if not ended:
        await move.move(old, new.database_url, lambda words: None)

    assert await sums(new) == before
    assert "was moved to" in await refusal_to_start(old)


async def test_what_changed_after_a_move_was_cut_off_arrives_as_it_is_now(old, new):
    def cut_off() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await move.move(old, new.database_url, once_copied(cut_off))
    await inside(old, execute("UPDATE bookmark SET title = 'changed' WHERE id % 7 = 0"))
    await inside(old, execute("DELETE FROM tag WHERE id % 5 = 0"))
    before = await sums(old)

    await move.move(old, new.database_url, lambda words: None)

    assert await sums(new) == before


async def test_rows_that_somebody_changed_on_the_way_are_noticed_and_named(old, new):
    async def meddle() -> None:
        async with asyncpg_to(new) as connection:
            await connection.execute("UPDATE bookmark SET title = 'else' WHERE id = 1000300")

    def meddled() -> None:
        with ThreadPoolExecutor() as somebody:
            somebody.submit(asyncio.run, meddle()).result(timeout=30)

    with pytest.raises(Refused, match=r"bookmark did not arrive as it was \(row 1000300\)"):
        await move.move(old, new.database_url, once_copied(meddled))
    assert "still being moved" in await refusal_to_start(new)


async def test_a_database_that_somebody_has_open_is_not_moved(old, new):
    with sqlite3.connect(old.sqlite_path) as server:
        server.execute("SELECT count(*) FROM fact").fetchone()

        with pytest.raises(Refused, match="stop it first"):
            await move.move(old, new.database_url, lambda words: None)
    server.close()


async def test_what_is_not_empty_or_no_postgresql_is_refused(old, new, tmp_path):
    async with asyncpg_to(new) as connection:
        await connection.execute("INSERT INTO tag (key, slug) VALUES ('a', 'a')")

    with pytest.raises(Refused, match="not empty"):
        await move.move(old, new.database_url, lambda words: None)
    for url in ("sqlite:///x", "mysql://a/b", "", "postgres"):
        with pytest.raises(Refused, match="postgres://"):
            await move.move(old, url, lambda words: None)
    with pytest.raises(Refused, match="PostgreSQL already"):
        await move.move(new, new.database_url, lambda words: None)
    with pytest.raises(Refused, match="no database"):
        await move.move(Settings(data_dir=str(tmp_path / "x")), new.database_url, lambda words: None)


async def test_texts_that_postgresql_does_not_take_are_named_before_anything_is_copied(old, new):
    await inside(old, execute("UPDATE tag SET key = ? WHERE id = 1000003", "nul\x00"))
    await inside(old, execute("UPDATE peer SET software = ? WHERE host LIKE '1%'", "x" * 300))

    with pytest.raises(Refused, match=r"does not take: rows \d+"):
        await move.move(old, new.database_url, lambda words: None)

    async with asyncpg_to(new) as connection:
        assert await connection.fetchval("SELECT count(*) FROM fact") == 0


async def test_an_old_schema_is_refused(new, tmp_path):
    from fedimark.database.whole import steps

    older = Settings(base_url=ADDRESS, data_dir=str(tmp_path / "older"))
    await migrate(older, steps()[-2])

    with pytest.raises(Refused, match="fedimark migrate"):
        await move.move(older, new.database_url, lambda words: None)


def test_a_password_is_not_shown():
    assert move.shown("postgres://ana:secret@db.example:5433/marks") == "postgres://ana@db.example:5433/marks"


class asyncpg_to:
    """A connection to a database, closed in the end."""

    def __init__(self, settings: Settings) -> None:
        self.url = settings.database_url

    async def __aenter__(self) -> asyncpg.Connection:
        self.connection = await asyncpg.connect(self.url)
        return self.connection

    async def __aexit__(self, *raised: object) -> None:
        await self.connection.close()


def test_files_of_a_place_stay(tmp_path: Path) -> None:
    from fedimark.keeping.names import kept_files

    for name in ("avatars/a.webp", "avatars/.new-x", "uploads/x", "fedimark.sqlite3", "installation", "worker.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "avatars" / "link.webp").symlink_to("/etc/passwd")

    assert list(kept_files(tmp_path)) == ["avatars/a.webp", "uploads/x"]
