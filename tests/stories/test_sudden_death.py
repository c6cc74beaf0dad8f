"""`kill -9` at every bad moment: what was answered with 303 is kept, what was answered with 202 is applied, once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.commands import Born
from tests.support.processes import together, until

pytestmark = pytest.mark.processes

# A try that failed is tried again after some 15 seconds, and after a minute when it fails once more.
PATIENCE_S = 200.0


class Site:
    """A server with one person, whose browser stays signed in over every death."""

    def __init__(self, folder: Path, person: str) -> None:
        self.process = Born(folder, {"FEDIMARK_UNDO_S": "1"})
        self.person = person
        self.process.account(person)
        self.process.start()
        self.browser = self.process.signed_in(person)

    @property
    def handle(self) -> str:
        """`ana@127.0.0.1:port`."""
        return f"{self.person}@{self.process.host}"

    def save(self, url: str) -> bool:
        """Save a page by the form; False when the server died before it answered, or answers no more."""
        typed = {"url": url, "title": url, "choice": "keep"}
        try:
            answer = self.browser.post("/add", data=typed)
        except httpx.HTTPError:
            return False
        assert answer.status_code == 303, answer.text
        return True

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database, whether or not anybody serves."""
        file = self.process.folder / "data" / "fedimark.sqlite3"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql).fetchall()

    def number(self, sql: str) -> int:
        """The one number a statement answers."""
        return int(self.ask(sql)[0][0])

    def die(self) -> None:
        """`kill -9`."""
        self.process.kill()

    def rise(self, *arguments: str) -> None:
        """Serve again."""
        self.process.arguments = arguments
        self.process.start()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    """Ana and bo on two servers, each following the other."""
    folder = tmp_path_factory.mktemp("sites")
    made: list[Site] = []
    try:
        made += together(partial(Site, folder / "a", "ana"), partial(Site, folder / "b", "bo"))
        ana, bo = made
        for one, other in ((ana, bo), (bo, ana)):
            assert one.browser.post("/network/follow", data={"who": other.handle}).status_code == 303
        until(lambda: all(site.number("SELECT count(*) FROM follow WHERE state = 'accepted'") == 2 for site in made))
        yield ana, bo
    finally:
        for site in made:
            site.process.stop()


def arrived(site: Site, url: str) -> int:
    """How many copies of others' bookmarks of an address a server holds."""
    return site.number(f"SELECT count(*) FROM bookmark WHERE NOT is_local AND url = '{url}'")


def creates(site: Site, url: str) -> int:
    """How many Creates about an address a server stored."""
    return site.number(f"SELECT count(*) FROM received_activity WHERE kind = 'Create' AND body LIKE '%{url}%'")


def stop(site: Site) -> None:
    """Let a server hang: it takes connections and answers nothing."""
    os.killpg(site.process.pid, signal.SIGSTOP)


def go_on(site: Site) -> None:
    """Let it go on."""
    os.killpg(site.process.pid, signal.SIGCONT)


def test_the_sender_dies_while_it_sends(sites):
    ana, bo = sites
    page = "https://while-sending.example/"
    stop(bo)
    try:
        assert ana.save(page)
        until(lambda: ana.number("SELECT count(*) FROM delivery WHERE lease_until > 0") == 1)
        ana.die()
    finally:
        go_on(bo)

    ana.rise()
    until(lambda: arrived(bo, page) and not ana.number("SELECT count(*) FROM delivery"), PATIENCE_S)

    assert (arrived(bo, page), creates(bo, page)) == (1, 1)


def test_the_sender_dies_right_after_a_command_saved(sites):
    ana, bo = sites
    page = "https://right-after.example/"
    ana.process.stop()
    assert ana.process.run("save", page, "--user", "ana").returncode == 0
    ana.process.start()
    ana.die()
    assert ana.process.run("save", f"{page}2", "--user", "ana").returncode == 0

    ana.rise()
    until(lambda: arrived(bo, page) and arrived(bo, f"{page}2"), PATIENCE_S)

    assert (arrived(bo, page), arrived(bo, f"{page}2")) == (1, 1)


def test_the_receiver_dies_after_its_202_and_before_it_applied_anything(sites):
    ana, bo = sites
    page = "https://after-202.example/"
    bo.process.stop()
    bo.rise("--no-worker")
    assert ana.save(page)
    until(lambda: creates(bo, page))
    until(lambda: ana.number("SELECT count(*) FROM delivery") == 0)
    assert arrived(bo, page) == 0

    bo.die()
    bo.rise()
    until(lambda: arrived(bo, page))

    assert (arrived(bo, page), creates(bo, page)) == (1, 1)


def test_an_import_goes_on_where_it_was_killed(sites):
    ana, _ = sites
    row = {"description": "imported", "extended": "words " * 40, "time": "2020-01-01T00:00:00Z", "shared": "yes"}
    rows = [row | {"href": f"https://imported.example/{n}", "tags": f"one two t{n % 97}"} for n in range(9_000)]
    sent = ana.browser.post("/settings/import", files={"file": ("backup.json", json.dumps(rows).encode())})
    assert sent.status_code == 303, sent.text
    assert ana.browser.post(f"{sent.headers['location']}/start").status_code == 303
    job = f"FROM job WHERE public_id = '{sent.headers['location'].rpartition('/')[2]}'"
    until(lambda: ana.number(f"SELECT done {job}"))

    ana.die()
    killed_at, state = ana.ask(f"SELECT done, state {job}")[0]
    ana.rise()
    until(lambda: ana.ask(f"SELECT state {job}") == [("done",)], PATIENCE_S)

    assert state == "running"
    assert 0 < killed_at < 9_000
    report = json.loads(ana.ask(f"SELECT report {job}")[0][0])
    counted = {name: report[name] for name in ("rows", "new", "known", "changed", "broken")}
    assert counted == {"rows": 9_000, "new": 9_000, "known": 0, "changed": 0, "broken": 0}
    assert ana.number("SELECT count(*) FROM bookmark WHERE url LIKE 'https://imported.example/%'") == 9_000
