"""The fixtures every test may ask for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fedimark.here import entered
from tests.support.clock import Clock
from tests.support.fleet import Fleet
from tests.support.people import Person
from tests.support.server import Server
from tests.support.storage import (
    PostgresStorage,
    PostgresTemplate,
    SqliteStorage,
    SqliteTemplate,
    Storage,
    answering_postgres,
)
from tests.support.wire import wire as read_wire

_SHARED = Path(os.environ.get("FEDIMARK_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
SHARED = _SHARED if _SHARED.is_dir() else None


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[SqliteTemplate]:
    """A migrated SQLite file, made once."""
    template = SqliteTemplate()
    yield template
    template.remove()


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[PostgresTemplate]:
    """A migrated PostgreSQL database, made once; skips where no PostgreSQL answers, fails there when CI=true."""
    url = answering_postgres()
    if url is None:
        reason = "no PostgreSQL that lets us make databases answers (FEDIMARK_TEST_POSTGRES, default 127.0.0.1:5432)"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{reason}, and CI requires one")
        pytest.skip(reason)
    template = PostgresTemplate(url)
    yield template
    template.remove()


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Storage]:
    """Where the servers of a test get their databases; every test that asks runs on both."""
    storage: Storage
    if request.param == "sqlite":
        storage = SqliteStorage(request.getfixturevalue("sqlite_template"))
    else:
        storage = PostgresStorage(request.getfixturevalue("postgres_template"))
    yield storage
    await _end_strays()
    await storage.drop()


async def _end_strays() -> None:
    """End what a test has left running: the loop goes on, and the next test must not meet it."""
    strays = asyncio.all_tasks() - {asyncio.current_task()}
    for stray in strays:
        stray.cancel()
    await asyncio.gather(*strays, return_exceptions=True)


@pytest.fixture
def clock() -> Clock:
    """The clock of the servers of a test."""
    return Clock()


@pytest.fixture
async def fleet(database: Storage, clock: Clock, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Several whole servers in one process."""
    async with Fleet(database, clock, tmp_path) as fleet:
        yield fleet


@pytest.fixture
async def server(fleet: Fleet) -> AsyncIterator[Server]:
    """One whole server, https://a.example; the test itself runs inside it, so it may call any room."""
    server = await fleet.server("a.example")
    async with entered(server.here):
        yield server


@pytest.fixture
async def ana(server: Server) -> Person:
    """Somebody who has signed up."""
    return await server.sign_up("ana")


@pytest.fixture
def wire() -> Callable[..., dict[str, Any]]:
    """Reads a document in the shape a server sends: `wire("mastodon/create_note.json")`."""
    return read_wire


@pytest.fixture
def shared_data() -> Path:
    """Files of other people that are never copied into the project; skips where they are not.

    Found by FEDIMARK_SHARED_DATA, or as `../shared/data` beside the checkout.
    """
    if SHARED is None:
        pytest.skip("the files of other software are not here (FEDIMARK_SHARED_DATA, or ../shared/data)")
    return SHARED
