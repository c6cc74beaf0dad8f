"""Doing something as the server whose database this is. Most commands never leave, and need no way out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from fedimark.cli.which import names_itself, tried_out
from fedimark.errors import NotFound
from fedimark.settings import BadSettings, Settings, read

if TYPE_CHECKING:
    import httpx

    from fedimark.bookmarks.draft import Owner
    from fedimark.here import Here

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T], settings: Settings | None = None) -> T:
    """Do a command's work to its end, its log lines written as the settings say."""
    from fedimark import logs

    try:
        logs.configure((settings or read(os.environ)).log_format)
    except BadSettings:
        work.close()
        raise
    return asyncio.run(work)


@asynccontextmanager
async def inside() -> AsyncIterator[Here]:
    """Run a block as the server whose database this is, without a way out; a new database is made ready first.

    Without a base URL set, the server is what it was when it first started. Raises Refused when its rows were moved.
    """
    from fedimark.keeping import place

    async with inside_even_if_moved() as here:
        await place.check_is_whole()
        yield here


@asynccontextmanager
async def inside_even_if_moved() -> AsyncIterator[Here]:
    """Run a block as `inside`, by a command that goes back to a database which was moved elsewhere."""
    settings, is_ready = await _settings()
    async with opened(settings) as here:
        if not is_ready:
            from fedimark.accounts import first

            await first.prepare(settings)
        yield here


@asynccontextmanager
async def going_out() -> AsyncIterator[Here]:
    """Run a block as `inside`, by a command that asks other servers."""
    from fedimark.remote import client

    async with inside() as here:
        settings = here.settings
    async with client.build(settings) as http, opened(settings, http) as here:
        yield here


@asynccontextmanager
async def opened(settings: Settings, http: httpx.AsyncClient | None = None) -> AsyncIterator[Here]:
    """Enter a server whose database is up to date, with its way out if it has one."""
    from fedimark.database import Database
    from fedimark.here import Here, entered

    database = await Database(settings).open()
    try:
        async with entered(Here(settings=settings, database=database, http=http or _closed_door())) as here:
            yield here
    finally:
        await database.close()


async def owner_named(username: str) -> Owner:
    """Somebody with an account here, as the one who saves; raises NotFound."""
    from fedimark.bookmarks.queries import owner_by_name

    owner = await owner_by_name(username)
    if owner is None:
        raise nobody(username)
    return owner


def nobody(username: str) -> NotFound:
    """That nobody of this name has an account here."""
    return NotFound(f"There is no account {username} here.")


class _ClosedDoor:
    """Stands where the way out is, in commands that never leave: building one costs more than most of them do."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"this command has no way out, and wanted its {name}")


def _closed_door() -> httpx.AsyncClient:
    return cast("httpx.AsyncClient", _ClosedDoor())


async def _settings() -> tuple[Settings, bool]:
    """Settings of this database's server, and whether they are those it first started with."""
    from fedimark import database

    settings = read(os.environ)
    if (known := await facts_of(settings)) is None:
        await database.migrate(settings)
        known = await facts_of(settings) or {}
    if not names_itself(settings):
        base_url = known.get("base_url", settings.base_url)
        settings = tried_out(base_url, known.get("handle_domain") if known else None)
    began_as = (known.get("base_url"), known.get("handle_domain"))
    return settings, began_as == (settings.base_url, settings.handles_at)


async def facts_of(settings: Settings) -> dict[str, str] | None:
    """What the server was when it first started, empty before; None for a database without tables."""
    from tortoise.exceptions import OperationalError

    from fedimark.database import Database, fetch

    if settings.is_sqlite and not settings.sqlite_path.exists():
        return None
    database = await Database(settings).open()
    token = database.enter()
    try:
        rows = await fetch("SELECT name, value FROM fact WHERE name IN ('base_url', 'handle_domain')")
        return {row["name"]: row["value"] for row in rows}
    except OperationalError:
        return None
    finally:
        database.leave(token)
        await database.close()
