"""The file of a backup: a zip of `manifest.json`, a member of JSON lines for each table, and the files of the data
directory.

It is the same whichever database it comes from. The manifest holds counts and checksums; it is written last.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from fedimark.database.tables import BATCH, Batches, Table, Values, line_of
from fedimark.errors import Refused
from fedimark.keeping.names import is_kept_file, is_name

FORMAT = 1
MANIFEST = "manifest.json"

_LONGEST_MANIFEST = 64 * 1_048_576  # a line for each file
_LONGEST_LINE = 64 * 1_048_576
_BLOCK = 1_048_576


@dataclass(frozen=True, slots=True)
class KeptTable:
    """A table in a backup: how many rows, the checksum of their lines, and the largest id ever given out."""

    table: Table
    rows: int
    last_number: int
    sha256: str

    @property
    def member(self) -> str:
        """Its name in the zip."""
        return f"rows/{self.table.name}.jsonl"


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in a backup, by its name below the data directory."""

    name: str
    sha256: str

    @property
    def member(self) -> str:
        """Its name in the zip."""
        return f"files/{self.name}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds, and of which server; `schema` are the steps its database went through."""

    version: str
    made_at: int
    base_url: str
    handle_domain: str
    schema: tuple[str, ...]
    tables: tuple[KeptTable, ...]
    files: tuple[KeptFile, ...]

    @property
    def members(self) -> list[KeptTable | KeptFile]:
        """All that is in the zip beside this list."""
        return [*self.tables, *self.files]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(kept.rows for kept in self.tables)


async def write_table(archive: zipfile.ZipFile, table: Table, last_number: int, batches: Batches) -> KeptTable:
    """Write a table's rows into a backup."""
    digest, amount = hashlib.sha256(), 0
    with archive.open(f"rows/{table.name}.jsonl", "w", force_zip64=True) as member:
        async for some in batches:
            lines = b"".join(map(line_of, some))
            digest.update(lines)
            member.write(lines)
            amount += len(some)
    return KeptTable(table, amount, last_number, digest.hexdigest())


def write_file(archive: zipfile.ZipFile, name: str, source: IO[bytes]) -> KeptFile:
    """Write a file of the data directory into a backup."""
    digest = hashlib.sha256()
    with archive.open(f"files/{name}", "w", force_zip64=True) as member:
        while block := source.read(_BLOCK):
            digest.update(block)
            member.write(block)
    return KeptFile(name, digest.hexdigest())


def write_manifest(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write what the backup holds, when all of it is written."""
    document = {
        "format": FORMAT,
        "version": manifest.version,
        "made_at": manifest.made_at,
        "base_url": manifest.base_url,
        "handle_domain": manifest.handle_domain,
        "schema": manifest.schema,
        "tables": [
            {
                **{"name": kept.table.name, "columns": kept.table.columns, "flags": kept.table.flags},
                **{"rows": kept.rows, "last_number": kept.last_number, "sha256": kept.sha256},
            }
            for kept in manifest.tables
        ],
        "files": [{"name": kept.name, "sha256": kept.sha256} for kept in manifest.files],
    }
    archive.writestr(MANIFEST, json.dumps(document, ensure_ascii=False, indent=1))


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """A backup to be read. Raises Refused, also inside the block, for what is none, or not whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = _manifest(archive)
            names = sorted(each.filename for each in archive.infolist())
            wanted = sorted([MANIFEST, *(kept.member for kept in manifest.members)])
            if names != wanted:
                raise Refused(f"{file} holds other files than its own list says.")
            yield archive, manifest
    except FileNotFoundError:
        raise Refused(f"There is no file {file}.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, _Broken) as error:
        # RuntimeError is how zipfile speaks of passwords.
        raise Refused(f"{file} is not a whole backup of fedimark ({type(error).__name__.strip('_')}).") from error


def verify(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Read all of a backup and compare it with its checksums. Raises Refused."""
    for kept in manifest.members:
        digest = hashlib.sha256()
        with archive.open(kept.member) as member:
            while block := member.read(_BLOCK):
                digest.update(block)
        if digest.hexdigest() != kept.sha256:
            raise Refused(f"The backup is damaged: {kept.member} is not what was written.")


async def rows(archive: zipfile.ZipFile, kept: KeptTable) -> AsyncIterator[list[Values]]:
    """A table's rows, some at a time. Raises Refused for fewer or more than the backup says."""
    amount = 0
    with archive.open(kept.member) as member:
        while lines := list(_lines(member)):
            yield [kept.table.typed(_values(line, kept.table)) for line in lines]
            amount += len(lines)
    if amount != kept.rows:
        raise Refused(f"The backup is damaged: {kept.member} has {amount} rows and should have {kept.rows}.")


def copy_file(archive: zipfile.ZipFile, kept: KeptFile, folder: Path) -> None:
    """Write a file of a backup below a folder."""
    target = folder / kept.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(kept.member) as member, target.open("xb") as file:
        while block := member.read(_BLOCK):
            file.write(block)


class _Broken(Exception):
    """What a manifest or a line says makes no sense."""


def _lines(member: IO[bytes]) -> Iterator[bytes]:
    for _ in range(BATCH):
        if not (line := member.readline(_LONGEST_LINE)):
            return
        if not line.endswith(b"\n"):
            raise _Broken
        yield line


def _values(line: bytes, table: Table) -> list[Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _Broken from error
    if not isinstance(values, list) or len(values) != len(table.columns):
        raise _Broken
    if not all(value is None or isinstance(value, bool | int | float | str) for value in values):
        raise _Broken
    return values


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    try:
        if archive.getinfo(MANIFEST).file_size > _LONGEST_MANIFEST:
            raise _Broken
        said = json.loads(archive.read(MANIFEST))
        if said["format"] != FORMAT:
            raise Refused("This backup is of a form that this version of fedimark does not know: install a newer one.")
        return Manifest(
            version=_text(said["version"]),
            made_at=_number(said["made_at"]),
            base_url=_text(said["base_url"]),
            handle_domain=_text(said["handle_domain"]),
            schema=tuple(map(_text, said["schema"])),
            tables=tuple(map(_kept_table, said["tables"])),
            files=tuple(map(_kept_file, said["files"])),
        )
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError) as error:
        raise _Broken from error


def _kept_table(said: Any) -> KeptTable:
    columns, flags = tuple(map(_text, said["columns"])), tuple(map(_number, said["flags"]))
    name = _text(said["name"])
    if not all(map(is_name, (name, *columns))) or not all(flag < len(columns) for flag in flags):
        raise _Broken
    table = Table(name, columns, flags)
    return KeptTable(table, _number(said["rows"]), _number(said["last_number"]), _text(said["sha256"]))


def _kept_file(said: Any) -> KeptFile:
    name = _text(said["name"])
    if not is_kept_file(name):
        raise Refused("This backup holds a file that does not belong into a data directory.")
    return KeptFile(name, _text(said["sha256"]))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Broken
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _Broken
    return value
