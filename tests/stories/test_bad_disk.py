"""A full disk, a read-only database: a clear 503, nothing half written, reading goes on, and it recovers."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import httpx
import pytest
from tortoise.connection import get_connection

from fedimark.here import entered
from fedimark.settings import read
from tests.stories.reading import Reading
from tests.stories.test_bad_input import FORMS, amounts, multipart
from tests.support.composition import running
from tests.support.fleet import HostRouting
from tests.support.invariants import disagreements
from tests.support.people import PASSWORD, Person
from tests.support.server import Server, browser
from tests.support.storage import migrated

Act = Callable[[], Awaitable[None]]
MULTIPART = "multipart/form-data; boundary=cut"
LONG = {
    "url": "https://long.example/",
    "title": "long",
    "description": "d" * 60_000,
    "tags": "long",
    "private_note": "n" * 60_000,
}


@dataclass
class Trouble:
    """A server, somebody signed in, and how its database stops taking anything and begins again."""

    server: Server
    ana: Person
    path: str
    begin: Act
    end: Act


async def _lived_in(server: Server) -> tuple[Person, str]:
    ana = await server.sign_up("ana")
    await server.sign_up("bo")
    saved = await ana.save("https://sqlite.org/", title="SQLite", tags="sql")
    await ana.browser.get("/u/ana")
    return ana, saved.path


@pytest.fixture
async def read_only(server: Server) -> AsyncIterator[Trouble]:
    """The database answers, and takes nothing: a read-only file, a standby of PostgreSQL."""
    ana, path = await _lived_in(server)
    database = server.here.settings.database

    async def switch(on: bool) -> None:
        if server.here.settings.is_sqlite:
            await get_connection("default").execute_query(f"PRAGMA query_only = {'ON' if on else 'OFF'}")
            return
        name = database.rpartition("/")[2]
        outside = await asyncpg.connect(f"{database.rpartition('/')[0]}/postgres")
        try:
            await outside.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
            # It holds for new sessions; the old ones end, as they would if the server failed over.
            await outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        finally:
            await outside.close()
        await _answers(server)

    yield Trouble(server, ana, path, lambda: switch(True), lambda: switch(False))


async def _answers(server: Server) -> None:
    """Wait until every connection the server lost is made anew."""
    for _ in range(100):
        answers = await asyncio.gather(*(server.browser().get("/recent") for _ in range(12)))
        if {answer.status_code for answer in answers} == {200}:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it does not come back")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no small file system can be mounted here (only root may)")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
async def full_disk(small_disk: Path, clock: Any) -> AsyncIterator[Trouble]:
    """The disk under the database and the uploads is full to the last byte."""
    settings = read({}, base_url="https://a.example", data_dir=str(small_disk))
    migrated(settings)
    network, ballast = HostRouting(), small_disk / "ballast"

    async def fill() -> None:
        with ballast.open("wb", buffering=0) as file:
            for size in (65_536, 4_096, 1):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    continue

    async def empty() -> None:
        ballast.unlink()

    async with (
        httpx.AsyncClient(transport=network) as http,
        running(settings, http, clock) as (here, asgi),
        browser(asgi, settings.base_url) as client,
        entered(here),
    ):
        server = Server("a.example", here, asgi, clock, client)
        ana, path = await _lived_in(server)
        yield Trouble(server, ana, path, fill, empty)


@pytest.fixture
async def few_pages(server: Server) -> AsyncIterator[Trouble]:
    """SQLite may use no page more than it has, which it alone can be told: it says then what it says on a full disk."""
    ana, path = await _lived_in(server)
    connection = get_connection("default")

    async def fill() -> None:
        await connection.execute_query("PRAGMA max_page_count = 1")  # as many as there are now

    async def empty() -> None:
        await connection.execute_query("PRAGMA max_page_count = 1073741823")

    yield Trouble(server, ana, path, fill, empty)


async def test_what_a_read_only_database_cannot_take_is_refused_whole_and_saved_afterwards(read_only):
    await _refused_whole_and_saved_afterwards(read_only)


async def test_what_a_full_disk_cannot_take_is_refused_whole_and_saved_afterwards(full_disk):
    await _refused_whole_and_saved_afterwards(full_disk)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_has_no_room_in_the_file_is_refused_whole_and_saved_afterwards(few_pages):
    await _refused_whole_and_saved_afterwards(few_pages)


async def _refused_whole_and_saved_afterwards(trouble: Trouble) -> None:
    # Given a database that takes nothing
    browser, before = trouble.ana.browser, await amounts()
    await trouble.begin()

    # When ana saves, again and again
    answers = [await browser.post("/add", data={**LONG, "url": f"https://long.example/{n}"}) for n in range(80)]

    # Then from some moment on she is told, and nothing is half written
    told = answers[-1]
    saved = [answer for answer in answers if answer.status_code == 303]
    assert {answer.status_code for answer in answers} <= {303, 503}
    assert told.status_code == 503
    assert Reading(told.text).one("h1").text == "This server can’t save anything just now"
    assert "Nothing was half saved" in told.text
    await trouble.end()
    assert (await amounts())["bookmark"] == before["bookmark"] + len(saved)
    assert await disagreements() == []

    # And as soon as there is room, it is saved
    assert (await browser.post("/add", data={**LONG, "url": "https://long.example/late"})).status_code == 303
    assert await disagreements() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_who_began_while_nothing_could_be_written_writes_once_something_can(server):
    ana = await server.sign_up("ana")
    client: Any = get_connection("default")
    await client.close()
    client._connection = await aiosqlite.connect(
        f"file:/{client.filename.lstrip('/')}?mode=ro", uri=True, isolation_level=None
    )
    client._connection._conn.row_factory = sqlite3.Row

    # The first try finds it out, and who saves is tried once more by themselves.
    saved = await ana.save("https://sqlite.org/", title="SQLite", tags="sql")

    assert (await ana.browser.get(saved.path)).status_code == 200


async def test_a_read_only_database_refuses_every_form_and_shows_every_page(read_only):
    # Given somebody signed in, whose session would be marked as seen again by now
    browser = read_only.ana.browser
    read_only.server.clock.forward(days=1)
    before = await amounts()
    await read_only.begin()

    # When every form is sent
    file = multipart({}, "file", b'[{"href": "https://one.example/"}]')
    failures = []
    sent: dict[str, httpx.Response] = {}
    for template, form in FORMS.items():
        path = template.replace("/u/{user}/b/{id}", read_only.path)
        fields = dict(form.fields) | ({"password": PASSWORD} if "leave" in path else {})
        who = browser if form.signed_in else read_only.server.browser()
        if path == "/settings/import":
            sent[path] = await who.post(path, content=file, headers={"Content-Type": MULTIPART})
        else:
            sent[path] = await who.post(path, data=fields)
    for path in (
        f"{read_only.path}/remove",
        f"{read_only.path}/undo",
        "/settings/sessions/1/revoke",
        "/settings/keys/1/revoke",
        "/settings/invites",
    ):
        sent[path] = await browser.post(path)

    # Then each that would write says so, or refuses for a reason of its own, and nothing is written
    for path in ("/search", "/add/look"):  # no page is asked for its name here, so nothing is to be written
        assert sent.pop(path).status_code == 200
    assert sent.pop("/language").status_code == 303  # which the browser keeps
    sent.pop("/settings/move/alias/remove")  # nobody has that name: only SQLite, which asks to write first, refuses it
    for path, answer in sent.items():
        if answer.status_code != 503 and not 400 <= answer.status_code < 500:
            failures.append(f"{path} → {answer.status_code}")
    assert not failures, "\n".join(failures)
    for path in ("/add", "/sign-in", "/settings", "/settings/password", "/settings/leave", "/settings/tags/rename"):
        assert sent[path].status_code == 503, path
    assert sent["/settings/import"].status_code == 503

    # And every page is shown, to her too
    for path in (
        "/u/ana",
        "/network",
        "/recent",
        "/t/sql",
        read_only.path,
        "/settings",
        "/add",
        "/notifications",
        "/for-you",
    ):
        page = await browser.get(path)
        assert page.status_code == 200, path
        assert "ana: your account" in page.text, path
    assert await amounts() == before

    # And it recovers by itself
    await read_only.end()
    signed = await read_only.server.browser().post("/sign-in", data={"username": "ana", "password": PASSWORD})
    assert signed.status_code == 303
    assert (await browser.post("/add", data=LONG)).status_code == 303
    assert await disagreements() == []


async def test_an_upload_that_does_not_fit_leaves_nothing_on_the_disk(full_disk, small_disk):
    browser = full_disk.ana.browser
    await full_disk.begin()
    file = multipart({}, "file", b"[" + b'{"href": "https://one.example/"},' * 50_000 + b"]")

    answer = await browser.post("/settings/import", content=file, headers={"Content-Type": MULTIPART})

    assert answer.status_code == 503
    assert not [path for path in (small_disk / "uploads").glob("*") if path.is_file()]
    await full_disk.end()
    again = await browser.post("/settings/import", content=file, headers={"Content-Type": MULTIPART})
    assert again.status_code == 303
