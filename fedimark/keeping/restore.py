"""A backup becomes a server again: into an empty database and data directory, whole or not at all, and muted."""

from __future__ import annotations

import shutil
import sqlite3
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from fedimark.database import migrate, tables_postgres, tables_sqlite
from fedimark.database.tables import Target
from fedimark.database.whole import direct, steps
from fedimark.errors import Refused, Unavailable
from fedimark.here import wall_clock
from fedimark.keeping import archive, names
from fedimark.keeping.archive import Manifest
from fedimark.keeping.backup import to_disk
from fedimark.policy.muted import FACT, RESTORED
from fedimark.settings import Settings

UNDER_WAY = ".restoring"  # in the data directory: what lies there and beside it is of a restore that was cut off
_HARMLESS = {UNDER_WAY, "lost+found", "worker.lock", "installation"}
_PUT = "INSERT INTO fact (name, value) VALUES (?, ?)"


async def restore(settings: Settings, file: Path, *, base_url: str | None) -> Manifest:
    """Restore a backup, and return what it held; `base_url` is what the server must have been, None for any.

    Nothing is changed before all of the backup was read and found whole. Raises Refused and Unavailable.
    """
    with archive.opened(file) as (zipped, manifest):
        _check(manifest, base_url)
        _check_folder(settings)
        archive.verify(zipped, manifest)
        try:
            await _restore(settings, zipped, manifest)
        except OSError as error:
            words = error.strerror or type(error).__name__
            raise Unavailable(f"The data directory {settings.data_dir} cannot be written ({words}).") from error
        except sqlite3.Error as error:
            raise Unavailable(f"The database cannot be written ({error}).") from error
    return manifest


def _check(manifest: Manifest, base_url: str | None) -> None:
    known = steps()
    if list(manifest.schema) != known[: len(manifest.schema)] or not manifest.schema:
        raise Refused(f"This backup was made by a newer version of fedimark ({manifest.version}): install that one.")
    if base_url is not None and base_url != manifest.base_url:
        raise Refused(
            f"This is a backup of {manifest.base_url}, and this server is told that it is {base_url}. Other servers "
            f"know its people by the first: set FEDIMARK_BASE_URL={manifest.base_url}."
        )
    unknown = {kept.table.name for kept in manifest.tables} - names.flags().keys()
    if unknown:
        raise Refused(f"This backup holds tables that fedimark does not know: {', '.join(sorted(unknown))}.")


def _check_folder(settings: Settings) -> None:
    folder, database = Path(settings.data_dir), settings.sqlite_path if settings.is_sqlite else None
    if database is not None and database.exists():
        raise Refused(f"There is a database {database} already: a backup is restored where there is none.")
    if not folder.exists() or (folder / UNDER_WAY).exists():
        return
    ours = {f"{database.name}.lock", f"{database.name}.restoring"} if database else set()
    for each in sorted(folder.iterdir()):
        is_empty = each.is_dir() and not any(each.iterdir())
        if each.name not in _HARMLESS | ours and not is_empty:
            raise Refused(
                f"The data directory {folder} is not empty ({each.name}): a backup is restored into a new one."
            )


async def _restore(settings: Settings, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
    folder = Path(settings.data_dir)
    aside = folder / UNDER_WAY
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    opened = _file(settings, manifest) if settings.is_sqlite else _database(settings, manifest)
    async with opened as target:
        try:
            await _fill(target, zipped, manifest)
            for kept in manifest.files:
                archive.copy_file(zipped, kept, aside)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        # From here on what lies aside says that the files are of a restore which has not ended.
        for name in names.FOLDERS:
            shutil.rmtree(folder / name, ignore_errors=True)
            if (aside / name).is_dir():
                (aside / name).rename(folder / name)
    shutil.rmtree(aside)
    await migrate(settings)


@asynccontextmanager
async def _file(settings: Settings, manifest: Manifest) -> AsyncIterator[Target]:
    """A database under another name, which gets the right one when the block has ended well."""
    final = settings.sqlite_path
    beside = final.with_name(f"{final.name}.restoring")
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove(beside)
    try:
        await migrate(replace(settings, database_url=f"sqlite:///{beside}"), manifest.schema[-1])
        beside.chmod(0o600)
        with tables_sqlite.connected(beside) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield tables_sqlite.SqliteTables(connection)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        to_disk(beside)
        beside.rename(final)
        to_disk(final.parent)
    finally:
        _remove(beside)


def _remove(database: Path) -> None:
    for each in ("", "-wal", "-shm", ".lock"):
        with suppress(OSError):
            database.with_name(database.name + each).unlink(missing_ok=True)


@asynccontextmanager
async def _database(settings: Settings, manifest: Manifest) -> AsyncIterator[Target]:
    """A transaction over an empty database."""
    async with tables_postgres.connected(direct(settings)) as connection:
        target = tables_postgres.PostgresTables(connection)
        there = await target.migrations()
        if there != list(manifest.schema)[: len(there)]:
            raise Refused("This database has newer tables than the backup: give an empty one.")
    await migrate(settings, manifest.schema[-1])
    async with tables_postgres.connected(direct(settings)) as connection, connection.transaction():
        target = tables_postgres.PostgresTables(connection)
        # Whoever starts a server on it meanwhile waits, and finds it restored.
        await target.run('LOCK TABLE "fact" IN ACCESS EXCLUSIVE MODE')
        for table in await target.tables(names.flags()):
            if await connection.fetchval(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")'):
                raise Refused("This database is not empty: a backup is restored into an empty one.")
        yield target


async def _fill(target: Target, zipped: zipfile.ZipFile, manifest: Manifest) -> None:
    there = {table.name: table for table in await target.tables(names.flags())}
    for kept in manifest.tables:
        table = there.get(kept.table.name)
        if table is None or set(table.columns) != set(kept.table.columns):
            raise Refused(f"The table {kept.table.name} of this backup does not fit: it was not made by this software.")
        own = {table.columns[number] for number in table.flags}
        flags = tuple(number for number, column in enumerate(kept.table.columns) if column in own)
        of_target = replace(kept, table=replace(kept.table, flags=flags or kept.table.flags))
        await target.load(of_target.table, archive.rows(zipped, of_target))
        await target.start_after(table, kept.last_number)
    await target.run("DELETE FROM fact WHERE name IN ('installation', 'muted', 'moved_to', 'arriving')")
    await target.run(_PUT, FACT, f"{RESTORED} {wall_clock()}")
