"""A server's rows and files in one file, taken while it runs: the rows as one moment saw them."""

from __future__ import annotations

import os
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fedimark import __version__
from fedimark.database.tables import Batches, Source, Table
from fedimark.database.whole import snapshot, steps
from fedimark.errors import Refused, Unavailable
from fedimark.here import wall_clock
from fedimark.keeping import archive, names
from fedimark.keeping.archive import KeptFile, KeptTable, Manifest
from fedimark.settings import Settings

_FACT = "fact"


async def back_up(settings: Settings, file: Path) -> Manifest:
    """Write a backup to a new file that only its owner may read, and return what it holds.

    Never is half a backup under that name. Raises Refused and Unavailable.
    """
    if settings.is_sqlite and not settings.sqlite_path.exists():
        raise Refused(f"There is no database {settings.sqlite_path} to back up.")
    if file.exists():
        raise Refused(f"There is a file {file} already: give another name.")
    with _written(file) as beside, zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as zipped:
        async with snapshot(settings) as source:
            return await _fill(zipped, source, Path(settings.data_dir))


@contextmanager
def _written(file: Path) -> Iterator[IO[bytes]]:
    """A file of another name, which gets the right one when all of it is on the disk."""
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        handle = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with os.fdopen(handle, "w+b") as opened:
            yield opened
            opened.flush()
            os.fsync(handle)
        os.link(beside, file)  # unlike a rename, it replaces nobody's file
        beside.unlink()
        to_disk(file.parent)
    except FileExistsError:
        raise Refused(f"There is a file {file} already: give another name.") from None
    except OSError as error:
        raise Unavailable(f"{file} cannot be written ({error.strerror or type(error).__name__}).") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


async def _fill(zipped: zipfile.ZipFile, source: Source, data_dir: Path) -> Manifest:
    schema = await source.migrations()
    if not schema:
        raise Refused("This database is empty: there is nothing to back up.")
    if schema != steps()[: len(schema)]:
        raise Refused("This database was made by a newer version of fedimark: use that one.")
    # Right after the rows' moment: a picture that goes while it is looked for is missed by nobody for long.
    files = list(_files(zipped, data_dir))
    tables: list[KeptTable] = []
    facts: dict[str, str] = {}
    for table in await source.tables(names.flags()):
        rows = source.rows(table)
        if table.name == _FACT:
            rows = _facts(rows, table, facts)
        tables.append(await archive.write_table(zipped, table, await source.last_number(table), rows))
    manifest = Manifest(
        version=__version__,
        made_at=wall_clock(),
        base_url=facts.get("base_url", ""),
        handle_domain=facts.get("handle_domain", ""),
        schema=tuple(schema),
        tables=tuple(tables),
        files=tuple(files),
    )
    archive.write_manifest(zipped, manifest)
    return manifest


def _files(zipped: zipfile.ZipFile, data_dir: Path) -> Iterator[KeptFile]:
    for name in names.kept_files(data_dir):
        with suppress(FileNotFoundError), (data_dir / name).open("rb") as source:
            yield archive.write_file(zipped, name, source)


async def _facts(rows: Batches, table: Table, found: dict[str, str]) -> Batches:
    """Facts without those of this place, and remembered on the way."""
    name, value = table.columns.index("name"), table.columns.index("value")
    async for some in rows:
        kept = [row for row in some if row[name] not in names.OF_A_PLACE]
        found.update({row[name]: row[value] for row in kept})
        yield kept
