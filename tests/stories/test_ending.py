"""A server that is told to end finishes what it began, and begins nothing more."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest

from tests.support.commands import Born
from tests.support.processes import Process, together, until
from tests.support.storage import PostgresStorage

pytestmark = pytest.mark.processes

GUARD_S = 60
WELL_BELOW_THE_USUAL_S = 15  # which is 20, and 40 where doors and lanes were waited for one after the other
PAGE = "https://sqlite.org/"


@pytest.fixture(params=["sqlite", "postgres"])
def environ(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Settings of a server on either database."""
    if request.param == "sqlite":
        yield {}
        return
    storage = PostgresStorage(request.getfixturevalue("postgres_template"))
    yield {"FEDIMARK_DATABASE_URL": asyncio.run(storage.new())}
    asyncio.run(storage.drop())


def ended(process: Process, within_s: int = GUARD_S) -> int:
    """The exit code of a server that was told to end."""
    assert process._process is not None
    return process._process.wait(timeout=within_s)


def refused(port: int) -> bool:
    """Whether nobody takes a connection any more."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return True
    return False


def head(process: Process, browser: httpx.Client, body: str) -> bytes:
    """The head of a form that is being sent."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    lines = (
        "POST /add HTTP/1.1",
        f"Host: {process.host}",
        f"Cookie: {cookies}",
        "Sec-Fetch-Site: same-origin",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@pytest.mark.parametrize(("environ", "workers"), [("sqlite", "2"), ("postgres", "1")], indirect=["environ"])
def test_what_was_begun_is_answered_who_comes_after_is_refused_and_all_that_was_saved_is_there(
    environ, workers, tmp_path
):
    with Process(tmp_path, environ, ("--workers", workers)) as process:
        process.account("ana")
        browser = process.signed_in("ana")
        saved: list[str] = []

        def save_until_refused() -> None:
            own = httpx.Client(cookies=browser.cookies, headers=browser.headers, timeout=GUARD_S)
            for number in range(10_000):
                url = f"{PAGE}{threading.get_ident()}/{number}"
                try:
                    answer = own.post(f"{process.url}/add", data={"url": url, "title": "x"})
                except httpx.TransportError:  # refused, or closed before it was heard
                    return
                assert answer.status_code == 303, answer.text
                saved.append(url)

        storm = [threading.Thread(target=save_until_refused) for _ in range(4)]
        for each in storm:
            each.start()
        until(lambda: len(saved) > 20, GUARD_S)
        # One form is half sent when the signal comes.
        body = urlencode({"url": f"{PAGE}half", "title": "x"})
        slow = socket.create_connection(("127.0.0.1", process.port), timeout=GUARD_S)
        slow.sendall(head(process, browser, body) + body[:10].encode())
        before = len(saved)
        until(lambda: len(saved) > before + 20, GUARD_S)  # it was heard by then

        os.kill(process.pid, signal.SIGTERM)
        until(lambda: refused(process.port), GUARD_S)
        slow.sendall(body[10:].encode())
        answer = slow.recv(65_536)
        for each in storm:
            each.join(GUARD_S)
        code = ended(process)

        assert answer.startswith(b"HTTP/1.1 303")
        assert code == 0
        exported = process.run("export", "--user", "ana", "--format", "pinboard-json").stdout
        assert not [url for url in (*saved, f"{PAGE}half") if url not in exported]
        assert "Traceback" not in process.log.read_text()


@pytest.fixture
def heard_by_one_who_sleeps(request, environ, tmp_path) -> Iterator[tuple[Process, Process]]:
    """Ana's server, whose worker is saying something to bo's, which is stopped in the middle of it.

    Ana's has the settings it is asked for with.
    """
    a, b = Born(tmp_path / "a", environ | getattr(request, "param", {})), Born(tmp_path / "b")
    try:
        together(partial(a.account, "ana"), partial(b.account, "bo"))
        together(a.start, b.start)
        assert b.run("follow", f"ana@{a.host}", "--user", "bo").returncode == 0
        until(lambda: b.counts()["follows"]["accepted"] == 1, GUARD_S)
        os.kill(b.pid, signal.SIGSTOP)
        saved = a.run("save", PAGE, "--user", "ana", "--visibility", "public")
        assert saved.returncode == 0, saved.stderr
        until(lambda: a.counts()["deliveries_waiting"] == 1, GUARD_S)
        until(lambda: has_unread(b.pid, b.port), GUARD_S)
        yield a, b
    finally:
        os.kill(b.pid, signal.SIGCONT)
        together(a.stop, b.stop)


def has_unread(pid: int, port: int) -> bool:
    """Whether something was said to a port that nobody has read. A connection alone tells nothing: lines are kept."""
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    said = [queues for _, local, _, state, queues, *_ in rows if state == "01" and local.endswith(f":{port:04X}")]
    return any(int(queues.split(":")[1], 16) for queues in said)


def test_a_letter_under_way_is_settled_before_the_end(heard_by_one_who_sleeps):
    a, b = heard_by_one_who_sleeps
    os.kill(a.pid, signal.SIGTERM)
    until(lambda: refused(a.port), GUARD_S)

    os.kill(b.pid, signal.SIGCONT)
    code = ended(a)

    assert code == 0
    assert a.counts()["deliveries_waiting"] == 0


# One that is told to end waits for its peer only this long, however patient it is as long as it works.
SOON = {"FEDIMARK_SHUTDOWN_S": "1", "FEDIMARK_DELIVERY_TOTAL_S": "600"}


@pytest.mark.parametrize("heard_by_one_who_sleeps", [SOON], indirect=True)
def test_what_never_ends_is_left_when_its_time_is_over_and_done_after_the_next_start(heard_by_one_who_sleeps):
    a, b = heard_by_one_who_sleeps
    body = urlencode({"url": f"{PAGE}half", "title": "x"})
    browser = a.signed_in("ana")
    slow = socket.create_connection(("127.0.0.1", a.port), timeout=GUARD_S)
    slow.sendall(head(a, browser, body) + body[:10].encode())
    assert browser.get("/recent").status_code == 200  # what came before was heard by then

    os.kill(a.pid, signal.SIGTERM)
    answer = slow.recv(65_536)
    code = ended(a, WELL_BELOW_THE_USUAL_S)
    log = a.log.read_text()
    waiting = a.counts()["deliveries_waiting"]
    os.kill(b.pid, signal.SIGCONT)
    a.start()
    until(lambda: a.counts()["deliveries_waiting"] == 0, GUARD_S)

    assert (code, waiting) == (0, 1)
    assert answer.startswith(b"HTTP/1.1 503")
    assert re.search(r"request\.cut_off +method=POST path=/add\n", log)
    assert "Traceback" not in log
    slow.close()
    until(lambda: [entry["url"] for entry in b.timeline("bo")] == [PAGE], GUARD_S)


def test_a_second_signal_ends_it_at_once(heard_by_one_who_sleeps):
    a, _ = heard_by_one_who_sleeps
    os.kill(a.pid, signal.SIGTERM)
    until(lambda: refused(a.port), GUARD_S)

    os.kill(a.pid, signal.SIGTERM)
    code = ended(a)

    assert code == -signal.SIGTERM
    assert a.counts()["deliveries_waiting"] == 1


def test_a_worker_by_itself_ends_well_too(environ, tmp_path):
    process = Born(tmp_path, environ)
    process.account("ana")
    worker = process.begin("worker")
    until(lambda: takes_signals(worker.pid), GUARD_S)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=GUARD_S) == 0
    assert "Traceback" not in process.log.read_text()


def takes_signals(pid: int) -> bool:
    """Whether a process has a handler for SIGTERM by now."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
