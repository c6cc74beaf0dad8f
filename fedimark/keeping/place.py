"""Where a database stands, so that a copy notices that it is one and says nothing.

A file of the data directory and a row of the database mark the place. For SQLite a place is the inodes of both files:
whoever copies them gets others. For PostgreSQL it is the cluster and the database, so that any number of machines share
one place. Both also keep a moment, which only rises: a database that knows an earlier one than the file is an older
copy that was put in place of the living one.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from tortoise.exceptions import OperationalError

from fedimark.database import execute, fetch_one, is_sqlite
from fedimark.errors import Refused, Unavailable
from fedimark.here import MICROS, here, now
from fedimark.policy import muted
from fedimark.settings import Settings

FACT = "installation"
MARK = "installation"  # the file's name
MOVED_TO = "moved_to"  # the fact that names the database which took this one's place
ARRIVING = "arriving"  # the fact of a database that rows are still being moved into

_EVERY = 600 * MICROS
_CACHE = "keeping.mark_at"
_WORDS = "This file marks where the database of this server stands. A copy of both says nothing until it is resumed.\n"
_PUT = "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO "
_CLUSTER = "SELECT CAST(system_identifier AS TEXT) AS cluster FROM pg_control_system()"
_DATABASE = "SELECT CAST(oid AS TEXT) AS number FROM pg_database WHERE datname = current_database()"


async def check_is_whole() -> None:
    """Raise Refused for a database that was moved elsewhere, or that rows are still being moved into."""
    row = await fetch_one("SELECT name, value FROM fact WHERE name IN (?, ?)", MOVED_TO, ARRIVING)
    if row is None:
        return
    if row["name"] == MOVED_TO:
        raise Refused(
            f"This database was moved to {row['value']}: set FEDIMARK_DATABASE_URL to that. (`fedimark resume` goes "
            "back to this one, and to what it knew then.)"
        )
    raise Refused("Rows are still being moved into this database: run `fedimark move-to` again, where they come from.")


async def notice(settings: Settings) -> None:
    """Mark the place at a first start; at any other, mute a server whose database came from elsewhere or is older."""
    file = _file(settings)
    known = await _known()
    if known is None:
        _make(file)
        await execute(f"{_PUT}NOTHING", FACT, _row(await _place(settings), now()))
        return
    place, seen = known
    if not settings.is_sqlite and not file.exists():
        # Another machine on the same database: it has a data directory of its own.
        _make(file)
    if place != await _place(settings):
        await muted.mute(muted.COPIED)
    elif _remembered(file) > seen:
        await muted.mute(muted.OLDER)


async def take(settings: Settings) -> None:
    """Make this the place where the database stands, inside `write()` or not: whoever was a copy is none any more."""
    file = _file(settings)
    _make(file)
    known = await _known()
    seen = max(now(), known[1] if known else 0, _remembered(file))
    await execute("DELETE FROM fact WHERE name = ?", MOVED_TO)
    await execute(f"{_PUT}UPDATE SET value = excluded.value", FACT, _row(await _place(settings), seen))


async def keep_mark() -> int:
    """Let both marks rise, every ten minutes; returns 0: nothing more is to be done at once.

    The file gets what the row said before, so that a row which a power cut loses mutes nobody.
    """
    caches, moment = here().caches, now()
    if moment < caches.get(_CACHE, 0):
        return 0
    caches[_CACHE] = moment + _EVERY
    known = await _known()
    if known is not None and moment - known[1] >= _EVERY:
        await execute("UPDATE fact SET value = ? WHERE name = ?", _row(known[0], moment), FACT)
        with suppress(OSError):
            _write(_file(here().settings), known[1])
    return 0


def forget_mark(data_dir: Path) -> None:
    """Take the mark out of a data directory, for files that go elsewhere."""
    (data_dir / MARK).unlink(missing_ok=True)


async def _known() -> tuple[str, int] | None:
    row = await fetch_one("SELECT value FROM fact WHERE name = ?", FACT)
    if row is None:
        return None
    said = json.loads(row["value"])
    return said["place"], said["seen"]


def _row(place: str, seen: int) -> str:
    return json.dumps({"place": place, "seen": seen})


async def _place(settings: Settings) -> str:
    if is_sqlite():
        files = (settings.sqlite_path, _file(settings))
        return " ".join(["sqlite", *(str(file.stat().st_ino) if file.exists() else "-" for file in files)])
    database = await fetch_one(_DATABASE)
    assert database is not None
    try:
        cluster = await fetch_one(_CLUSTER)
    except OperationalError:  # where it is kept from us, the number of the database must do
        cluster = None
    return f"postgres {cluster['cluster'] if cluster else '-'} {database['number']}"


def _file(settings: Settings) -> Path:
    return Path(settings.data_dir) / MARK


def _make(file: Path) -> None:
    """Make the file unless it is there. Raises Unavailable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _write(file, 0)
    except OSError as error:
        raise Unavailable(f"The data directory {file.parent} cannot be written ({type(error).__name__}).") from error


def _write(file: Path, seen: int) -> None:
    """Change the file in place: another one would be another place. One block, so it is never half written."""
    with file.open("r+b") as mark:
        mark.write(f"{seen:020d}\n{_WORDS}".encode())


def _remembered(file: Path) -> int:
    """The moment the file knows; what cannot be read knows none."""
    try:
        first = file.read_text("ascii", "replace").partition("\n")[0]
    except OSError:
        return 0
    return int(first) if first.isascii() and first.isdigit() else 0
