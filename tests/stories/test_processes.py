"""The thread over real processes: `fedimark serve` on ports of this machine, spoken to by commands and sockets."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.support.commands import Born
from tests.support.processes import ANEW, FEDIMARK, PASSWORD, Process, together, until
from tests.support.storage import PostgresStorage

pytestmark = pytest.mark.processes

PAGE = "https://www.sqlite.org/wal.html"
SAME_PAGE = "http://www.sqlite.org:80/wal.html?utm_source=letter#top"
FILE = Path(__file__).parents[2] / "deploy" / "demo-bookmarks.json"
UNDO = {"FEDIMARK_UNDO_S": "1"}  # else each removal takes half a minute


@pytest.fixture(params=["sqlite", "postgres"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    """Two servers, one with an account ana, the other with bo, both serving."""
    environs: list[dict[str, str]] = [UNDO, UNDO]
    storage = None
    if request.param == "postgres":
        storage = PostgresStorage(request.getfixturevalue("postgres_template"))
        environs = [UNDO | {"FEDIMARK_DATABASE_URL": asyncio.run(storage.new())} for _ in environs]
    a, b = (Born(tmp_path / name, environ) for name, environ in zip("ab", environs, strict=True))
    try:
        together(partial(a.account, "ana"), partial(b.account, "bo"))
        together(a.start, b.start)
        yield a, b
    finally:
        together(a.stop, b.stop)
        if storage:
            asyncio.run(storage.drop())


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Process]:
    """One server that nobody has started yet; whatever is started is ended."""
    process = Process(tmp_path / "alone", UNDO)
    yield process
    process.stop()


def done(process: Process, *arguments: str) -> str:
    """Run a command that must succeed; returns what it printed."""
    ran = process.run(*arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def savers(process: Process, reader: str, url: str) -> list[str]:
    """The savers of the one entry that holds this address, or nobody."""
    return next((entry["savers"] for entry in process.timeline(reader) if entry["canonical"] == url), [])


def test_what_one_server_saves_another_reads_merged_by_commands_alone(pair):
    a, b = pair
    ana, bo = f"ana@{a.host}", f"bo@{b.host}"

    # Ten bookmarks come in silently, and come in once.
    first, again = (json.loads(done(a, "import", str(FILE), "--user", "ana", "--json")) for _ in range(2))
    assert {**first, "import": ""} == {"new": 10, "known": 0, "changed": 0, "broken": 0, "errors": [], "import": ""}
    assert {**again, "import": ""} == {"new": 0, "known": 10, "changed": 0, "broken": 0, "errors": [], "import": ""}

    # A follow is asked for by handle and accepted by the running server.
    together(partial(done, b, "save", SAME_PAGE, "--user", "bo"), partial(done, b, "follow", ana, "--user", "bo"))
    until(lambda: b.counts()["follows"] == {"requested": 0, "accepted": 1, "rejected": 0})

    # What ana said in public before is read from her outbox.
    public = sum(post["shared"] == "yes" for post in json.loads(FILE.read_text("utf-8")))
    until(lambda: b.counts()["bookmarks_remote"] == public)

    # What is saved from now on arrives, and is one entry with what the reader has of it.
    page = ("https://sqlite.org/fts5.html", "--user", "ana", "--tags", "sql C++", "--visibility", "public")
    words = ("--title", "FTS5", "--description", "First.")
    saved = done(a, "save", *page, *words)
    assert re.fullmatch(rf"http://{a.host}/u/ana/b/[a-z2-7]{{13}}\n", saved)
    done(a, "save", PAGE, "--user", "ana", "--title", "WAL", "--visibility", "private")
    done(a, "edit", PAGE, "--user", "ana", "--visibility", "public")
    # Everything said has arrived and was applied; only then is what stands there what stays.
    until(lambda: a.counts()["deliveries_waiting"] == 0 and b.counts()["received_waiting"] == 0)
    assert savers(b, "bo", PAGE) == [ana, bo]
    found = b.timeline("bo")
    assert {name for entry in found for name in entry} == {"url", "canonical", "title", "savers", "tags", "position"}
    merged = next(entry for entry in found if entry["canonical"] == PAGE)
    assert merged["position"] == "2026-08-03T07:40:00.000000Z"
    assert merged["url"] == PAGE
    shown = next(entry for entry in found if entry["canonical"] == "https://sqlite.org/fts5.html")
    assert {**shown, "position": ""} == {
        "url": "https://sqlite.org/fts5.html",
        "canonical": "https://sqlite.org/fts5.html",
        "title": "FTS5",
        "savers": [ana],
        "tags": ["sql", "C++"],
        "position": "",
    }

    # Edits and removals follow.
    done(a, "edit", "https://sqlite.org/fts5.html", "--user", "ana", "--title", "Full text", "--tags", "search")
    done(a, "remove", PAGE, "--user", "ana")
    until(lambda: savers(b, "bo", PAGE) == [bo])
    entry = b.timeline("bo")[0]
    assert (entry["title"], entry["tags"]) == ("Full text", ["search"])
    exported = json.loads(done(a, "export", "--user", "ana", "--format", "pinboard-json"))
    public = sum(post["shared"] == "yes" for post in exported)
    counted = {
        "bookmarks_local": 1,
        "bookmarks_remote": public,
        "links": public + 1,
        "follows": {"requested": 0, "accepted": 1, "rejected": 0},
        "received_waiting": 0,
        "deliveries_waiting": 0,
        "deliveries_dead": 0,
    }
    assert b.counts() == counted
    assert a.counts() == counted | {"bookmarks_local": 10, "bookmarks_remote": 0, "links": 10}
    assert [post["description"] for post in exported[:1]] == ["Full text"]
    assert len(exported) == 10

    # And it ends where it began.
    done(b, "unfollow", ana, "--user", "bo")
    until(lambda: a.counts()["follows"]["accepted"] == 0)
    assert [entry["savers"] for entry in b.timeline("bo")] == [[bo]]


def test_somebody_at_this_machine_makes_the_first_account_and_serving_again_finds_it(alone):
    alone.start()
    browser = httpx.Client(base_url=alone.url, headers={"Sec-Fetch-Site": "same-origin"}, timeout=30, limits=ANEW)
    assert browser.get("/", follow_redirects=True).url.path == "/setup"

    typed = {"username": "ana", "password": PASSWORD, "visibility": "public"}
    made = browser.post("/setup", data=typed)

    assert made.status_code == 303, made.text
    assert list(browser.cookies) == [f"fedimark-{alone.port}"]
    saved = browser.post("/add", data={"url": PAGE, "title": "WAL", "tags": "sql"})
    assert saved.status_code == 303
    assert browser.get("/setup").status_code == 404
    assert httpx.post(f"{alone.url}/setup", data=typed | {"username": "eve"}).status_code in (403, 404)

    alone.stop()
    alone.start()

    assert browser.get("/settings/sessions").status_code == 200
    assert "WAL" in browser.get(saved.headers["location"]).text


def test_serving_and_working_can_be_two_processes_and_serving_several(tmp_path, alone):
    with Born(tmp_path / "peer", UNDO) as peer:
        together(partial(alone.account, "ana"), partial(peer.account, "bo"))

        # What comes in waits until a worker runs, wherever it runs.
        alone.arguments = ("--no-worker",)
        alone.start()
        done(peer, "follow", f"ana@{alone.host}", "--user", "bo")
        until(lambda: alone.counts()["received_waiting"] == 1)
        assert peer.counts()["follows"]["requested"] == 1
        with (alone.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen([FEDIMARK, "worker"], env=alone.environ, cwd=alone.folder, stdout=log, stderr=log)
        try:
            until(lambda: peer.counts()["follows"]["accepted"] == 1)
            # Whoever was let in reads what was said before, which wants an answer.
            until(lambda: "kind=backfill" in peer.log.read_text())
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=60) == 0
        alone.stop()

        # Of several that answer one works, and all end together.
        alone.arguments = ("--workers", "2")
        alone.start()
        processes = until(lambda: len(found := descendants(alone.pid)) >= 2 and found)
        answers = together(*[partial(httpx.get, f"{alone.url}/u/ana", timeout=60)] * 8)
        done(alone, "save", PAGE, "--user", "ana")
        until(lambda: savers(peer, "bo", PAGE) == [f"ana@{alone.host}"])
        os.kill(alone.pid, signal.SIGTERM)
        until(lambda: not [pid for pid in processes if lives(pid)], 60)

    assert {answer.status_code for answer in answers} == {200}
    assert (alone.log.read_text() + peer.log.read_text()).count("Traceback") == 0


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def lives(pid: int) -> bool:
    """Whether a process is there and not only waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
