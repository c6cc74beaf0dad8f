"""Backups: taken while a server runs, restored on either database, whole or not at all, and muted."""

from __future__ import annotations

import asyncio
import json
import re
import stat
import subprocess
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fedimark.database import Database, execute, fetch, migrate, tables_postgres
from fedimark.database.whole import steps
from fedimark.errors import FedimarkError, Refused, Unavailable
from fedimark.here import Here, entered, here
from fedimark.keeping.archive import MANIFEST
from fedimark.keeping.backup import back_up
from fedimark.keeping.restore import UNDER_WAY, restore
from fedimark.policy import muted
from fedimark.settings import Settings
from tests.support.everything import fill, last_numbers, sums
from tests.support.invariants import disagreements
from tests.support.processes import FEDIMARK, clean_environ
from tests.support.storage import PostgresStorage, SqliteStorage

ADDRESS = "https://a.example"
PICTURE = "0123456789abcdef0123456789abcdef01234567.webp"


@pytest.fixture(params=["sqlite", "postgres"])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Settings]:
    """Where a backup may be restored: a new data directory, and an empty database of either kind."""
    settings = Settings(base_url=ADDRESS, data_dir=str(tmp_path / "new"))
    if request.param == "sqlite":
        yield settings
        return
    storage = PostgresStorage(request.getfixturevalue("postgres_template"))
    yield replace(settings, database_url=await storage.new())
    await storage.drop()


@pytest.fixture
async def whole(sqlite_template, tmp_path) -> AsyncIterator[Path]:
    """A small backup with rows and an avatar, of https://a.example."""
    storage = SqliteStorage(sqlite_template)
    settings = Settings(base_url=ADDRESS, data_dir=str(tmp_path / "old"), database_url=await storage.new())
    database = await Database(settings).open()
    async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
        await fill(3)
        await execute("INSERT INTO fact (name, value) VALUES ('base_url', ?)", ADDRESS)
    await database.close()
    keep(settings, f"avatars/{PICTURE}", b"RIFF")
    await back_up(settings, tmp_path / "whole.zip")
    yield tmp_path / "whole.zip"
    await storage.drop()


def keep(settings: Settings, name: str, content: bytes) -> None:
    """Put a file into a data directory."""
    file = Path(settings.data_dir) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


async def asked(settings: Settings, sql: str) -> list[dict[str, Any]]:
    """Rows of a database that no server runs on."""
    database = await Database(settings).open()
    try:
        async with entered(Here(settings=settings, database=database, http=None)):  # type: ignore[arg-type]
            return await fetch(sql)
    finally:
        await database.close()


async def assert_untouched(settings: Settings) -> None:
    """Nothing was restored."""
    folder = Path(settings.data_dir)
    assert not folder.exists() or [each.name for each in folder.iterdir() if not each.name.endswith(".lock")] == []
    if not settings.is_sqlite:
        found = await sums(settings)
        assert {name for name, rows in found.items() if rows} == set()


async def test_every_row_of_every_table_comes_back_on_either_database(server, empty, tmp_path):
    await fill(60)
    keep(here().settings, "avatars/one.webp", bytes(range(256)) * 5_000)
    keep(here().settings, "uploads/abcdefghijklm", b"[]")
    keep(here().settings, "avatars/.new-half", b"half")
    keep(here().settings, "worker.lock.txt", b"no file of ours")
    before, numbers = await sums(here().settings), await last_numbers(here().settings)

    kept = await back_up(here().settings, tmp_path / "b.zip")
    restored = await restore(empty, tmp_path / "b.zip", base_url=ADDRESS)

    assert await sums(empty) == before
    assert all(len(rows) >= 60 for rows in before.values())
    assert {name: n for name, n in (await last_numbers(empty)).items() if n < numbers[name]} == {}
    assert kept == restored
    folder = Path(empty.data_dir)
    files = sorted(str(file.relative_to(folder)) for file in folder.glob("*/*"))
    assert files == ["avatars/one.webp", "uploads/abcdefghijklm"]
    assert (folder / "avatars" / "one.webp").read_bytes() == bytes(range(256)) * 5_000
    assert not (folder / UNDER_WAY).exists()


async def test_what_was_restored_is_muted_and_marked_as_new(whole, empty):
    await restore(empty, whole, base_url=ADDRESS)

    facts = {row["name"]: row["value"] for row in await asked(empty, "SELECT name, value FROM fact")}

    assert muted.read_muted(facts["muted"]).why == muted.RESTORED
    assert facts["base_url"] == ADDRESS
    assert "installation" not in facts
    assert await migrate(empty) == []


async def test_only_its_owner_may_read_a_backup_and_no_half_of_one_lies_beside_it(whole):
    assert stat.S_IMODE(whole.stat().st_mode) == 0o600
    assert [each.name for each in whole.parent.glob(".*part")] == []


async def test_a_backup_taken_while_people_save_is_of_one_moment(server, ana, empty, tmp_path):
    stop = asyncio.Event()

    async def go_on() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            await asyncio.sleep(0.01)
            await ana.save(f"https://example.org/{number}", title="x" * 500, tags=f"a t{number % 7}")
            if number % 3 == 0:
                await ana.remove(f"https://example.org/{number - 1}")
        return number

    saving = asyncio.create_task(go_on())
    for number in range(4):
        await asyncio.sleep(0.2)
        await back_up(server.here.settings, tmp_path / f"{number}.zip")
    stop.set()
    saved = await saving

    await restore(empty, tmp_path / "3.zip", base_url=ADDRESS)

    database = await Database(empty).open()
    async with entered(replace(server.here, settings=empty, database=database)):
        amount = len(await fetch("SELECT id FROM bookmark"))
        assert await disagreements() == []
    await database.close()
    assert 0 < amount <= saved


async def test_a_file_that_is_there_is_not_replaced(whole, sqlite_template):
    before = whole.read_bytes()

    with pytest.raises(Refused, match="already"):
        await back_up(Settings(database_url=f"sqlite:///{sqlite_template.file}"), whole)

    assert whole.read_bytes() == before


async def test_a_backup_that_cannot_be_written_says_so_in_a_sentence(server, tmp_path):
    with pytest.raises(Unavailable, match=r"cannot be written \(No such file or directory\)"):
        await back_up(server.here.settings, tmp_path / "nowhere" / "b.zip")
    with pytest.raises(Unavailable, match="cannot be written"):
        await back_up(server.here.settings, Path("/proc/b.zip"))


async def test_an_empty_database_and_none_are_not_backed_up(tmp_path):
    for settings in (Settings(data_dir=str(tmp_path / "none")), Settings(data_dir=str(tmp_path))):
        (tmp_path / "fedimark.sqlite3").touch()

        with pytest.raises(Refused, match=r"There is no database|nothing to back up"):
            await back_up(settings, tmp_path / "b.zip")

    assert not (tmp_path / "b.zip").exists()


async def test_an_older_backup_is_brought_up_to_date(empty, tmp_path):
    older = Settings(base_url=ADDRESS, data_dir=str(tmp_path / "older"))
    await migrate(older, steps()[-2])
    kept = await back_up(older, tmp_path / "b.zip")
    if not empty.is_sqlite:
        async with tables_postgres.connected(empty.database) as connection:
            await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")

    await restore(empty, tmp_path / "b.zip", base_url=None)

    assert list(kept.schema) == steps()[:-1]
    assert await migrate(empty) == []


async def test_what_is_not_empty_is_left_as_it_is(server, whole, empty):
    with pytest.raises(Refused, match=r"not empty|already"):
        await restore(server.here.settings, whole, base_url=ADDRESS)

    (Path(empty.data_dir) / "avatars").mkdir(parents=True)
    (Path(empty.data_dir) / "avatars" / "mine.webp").touch()
    with pytest.raises(Refused, match=r"not empty \(avatars\)"):
        await restore(empty, whole, base_url=ADDRESS)

    assert (Path(empty.data_dir) / "avatars" / "mine.webp").exists()


async def test_what_a_restore_left_that_was_cut_off_is_in_nobodys_way(whole, empty):
    folder = Path(empty.data_dir)
    for name in (f"{UNDER_WAY}/avatars/half.webp", "avatars/half.webp", "fedimark.sqlite3.restoring"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"half")

    await restore(empty, whole, base_url=ADDRESS)

    assert [file.name for file in (folder / "avatars").iterdir()] == [PICTURE]
    assert not empty.is_sqlite or list(folder.glob("*.restoring*")) == []


def changed(**said: Any) -> Callable[[Path], None]:
    """Another list of what a backup holds."""
    return lambda file: rewritten(file, lambda document: {**document, **said})


def in_table(**said: Any) -> Callable[[Path], None]:
    """Another word about the table of bookmarks."""

    def change(document: dict[str, Any]) -> dict[str, Any]:
        tables = [each | said if each["name"] == "bookmark" else each for each in document["tables"]]
        return document | {"tables": tables}

    return lambda file: rewritten(file, change)


def rewritten(file: Path, change: Callable[[dict[str, Any]], Any], more: dict[str, bytes] | None = None) -> None:
    """Write a backup anew with another manifest, and with other members."""
    with zipfile.ZipFile(file) as old:
        members = {name: old.read(name) for name in old.namelist()}
    document = change(json.loads(members.pop(MANIFEST)))
    with zipfile.ZipFile(file, "w") as new:
        for name, content in {**members, **(more or {}), MANIFEST: json.dumps(document).encode()}.items():
            new.writestr(name, content)


def cut(part: float) -> Callable[[Path], None]:
    """Only the beginning of a file."""
    return lambda file: file.write_bytes(file.read_bytes()[: int(file.stat().st_size * part)]) and None


def slipped(name: str) -> Callable[[Path], None]:
    """A file whose name leads out of the data directory."""
    listed = {"name": name, "sha256": "0" * 64}
    more = {f"files/{name}": b"evil"}
    return lambda file: rewritten(file, lambda document: document | {"files": [*document["files"], listed]}, more)


def flipped(file: Path) -> None:
    """One byte within a member."""
    with zipfile.ZipFile(file) as whole:
        begins = whole.getinfo("rows/bookmark.jsonl").header_offset
    content = bytearray(file.read_bytes())
    content[begins + 100] ^= 0xFF
    file.write_bytes(content)


def other_rows(content: bytes) -> Callable[[Path], None]:
    """Other rows of bookmarks than were written."""
    return lambda file: rewritten(file, lambda document: document, {"rows/bookmark.jsonl": content})


def true_rows(content: bytes) -> Callable[[Path], None]:
    """Other rows of bookmarks, with the checksum that they have."""
    import hashlib

    def change(document: dict[str, Any]) -> dict[str, Any]:
        said = {"sha256": hashlib.sha256(content).hexdigest()}
        return document | {"tables": [t | said if t["name"] == "bookmark" else t for t in document["tables"]]}

    return lambda file: rewritten(file, change, {"rows/bookmark.jsonl": content})


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing at all": (lambda file: file.unlink(), "There is no file"),
    "an empty file": (lambda file: file.write_bytes(b""), "not a whole backup"),
    "no zip": (lambda file: file.write_bytes(b"\x00\xff" * 5_000), "not a whole backup"),
    "its beginning": (cut(0.1), "not a whole backup"),
    "half of it": (cut(0.5), "not a whole backup"),
    "almost all of it": (cut(0.999), "not a whole backup"),
    "a byte changed": (flipped, "not a whole backup|damaged"),
    "a zip of something": (lambda file: zipfile.ZipFile(file, "w").close(), "not a whole backup"),
    "a list that is none": (lambda file: rewritten(file, lambda _: [1, 2]), "not a whole backup"),
    "a list that is deep": (changed(tables="[" * 50), "not a whole backup"),
    "a form of tomorrow": (changed(format=2), "newer"),
    "a newer version": (changed(schema=[*steps(), "9999_tomorrow"], version="7.0.0"), r"newer version .*7\.0\.0"),
    "another history": (changed(schema=["0001_other"]), "newer version"),
    "no history": (changed(schema=[]), "newer version"),
    "another server": (changed(base_url="https://b.example"), "backup of https://b.example"),
    "out of the folder": (slipped("../../evil"), "does not belong"),
    "out of a folder of ours": (slipped("avatars/../../evil"), "does not belong"),
    "an absolute name": (slipped("/etc/cron.d/evil"), "does not belong"),
    "a hidden file": (slipped("avatars/.bashrc"), "does not belong"),
    "another folder": (slipped("config/settings.toml"), "does not belong"),
    "a file without its checksum": (slipped("avatars/evil.webp"), "damaged"),
    "a member too many": (lambda file: rewritten(file, lambda d: d, {"rows/evil.jsonl": b""}), "other files"),
    "a member too few": (changed(files=[{"name": "avatars/x.webp", "sha256": "0"}]), "other files"),
    "other rows": (other_rows(b"[]\n"), "damaged"),
    "a table of another name": (in_table(name='bookmark"; DROP TABLE fact; --'), "not a whole backup"),
    "another table": (in_table(name="sqlite_master"), "other files|does not know"),
    "other columns": (in_table(columns=["id", "evil"], flags=[]), "not a whole backup|does not fit"),
    "columns that are none": (in_table(columns=[1, 2]), "not a whole backup"),
    "flags beyond the columns": (in_table(flags=[99]), "not a whole backup"),
    "fewer rows than it says": (in_table(rows=7), "should have 7"),
    "rows that are no rows": (true_rows(b'{"id": 1}\n'), "not a whole backup"),
    "a row without its end": (true_rows(b"[1, 2"), "not a whole backup"),
    "values that are lists": (true_rows(b"[" + b"[1]," * 40 + b"1]\n"), "not a whole backup"),
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_backup_is_refused_in_a_sentence_and_leaves_nothing(whole, empty, what):
    spoil, words = BAD[what]
    spoil(whole)

    with pytest.raises(FedimarkError, match=words) as refused:
        await restore(empty, whole, base_url=ADDRESS)

    assert "\n" not in str(refused.value)
    await assert_untouched(empty)


@pytest.mark.processes
@pytest.mark.parametrize("after_s", [0.05, 0.6, 0.9, 1.2, 1.5, 2.0])
async def test_a_restore_that_is_killed_is_no_server_and_is_run_again(whole, empty, after_s):
    environ = clean_environ() | {"FEDIMARK_BASE_URL": ADDRESS, "FEDIMARK_DATA_DIR": empty.data_dir}
    if not empty.is_sqlite:
        environ["FEDIMARK_DATABASE_URL"] = empty.database_url
    process = subprocess.Popen([FEDIMARK, "restore", whole], env=environ, stdout=subprocess.DEVNULL)
    with suppress(subprocess.TimeoutExpired):
        process.wait(after_s)
    process.kill()
    ended = process.wait() == 0

    if not ended:
        with suppress(Refused):  # unless all was there but the last word
            await restore(empty, whole, base_url=ADDRESS)

    found = await sums(empty)
    assert {len(rows) for name, rows in found.items() if name != "fact"} == {3}
    assert [file.name for file in (Path(empty.data_dir) / "avatars").iterdir()] == [PICTURE]


@pytest.mark.processes
async def test_a_backup_that_is_killed_or_finds_no_room_leaves_no_file_of_that_name(server, tmp_path):
    await fill(2_000)
    environ = clean_environ() | {"FEDIMARK_BASE_URL": ADDRESS, "FEDIMARK_DATA_DIR": here().settings.data_dir}
    environ["FEDIMARK_DATABASE_URL"] = here().settings.database
    file = tmp_path / "b.zip"

    for after_s in (0.3, 0.7, 1.0):
        process = subprocess.Popen([FEDIMARK, "backup", file], env=environ, stdout=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        process.kill()
        if process.wait() == 0:
            file.unlink()
        assert not file.exists()
    full = ["sh", "-c", f"ulimit -f 40; exec {FEDIMARK} backup {file}"]
    refused = subprocess.run(full, env=environ, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert re.fullmatch(r"fedimark: .*b\.zip cannot be written \(.*\)\.\n", refused.stderr)
    assert not file.exists()
