"""Many processes start at once on a database that nobody has made ready."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import FEDIMARK, Process, answers, until
from tests.support.storage import PostgresStorage

pytestmark = pytest.mark.processes

TEN = 10
FIVE = 5
PATIENCE_S = 240
# It names the process that is to have the sockets, so whoever becomes it says its own number.
AS_SYSTEMD_DOES = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture(params=["sqlite", "postgres"])
def nothing_yet(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The settings of a server whose database has no table yet."""
    if request.param == "sqlite":
        return {"FEDIMARK_DATABASE_URL": f"sqlite:///{tmp_path / 'shared' / 'marks.sqlite3'}"}
    storage = PostgresStorage(request.getfixturevalue("postgres_template"))
    return {"FEDIMARK_DATABASE_URL": asyncio.run(storage.bare())}


def test_ten_migrate_at_once_and_each_step_is_taken_once(nothing_yet, tmp_path):
    process = Process(tmp_path, nothing_yet)
    command = [FEDIMARK, "migrate"]
    at_once = [
        subprocess.Popen(command, env=process.environ, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(TEN)
    ]

    told = [each.communicate(timeout=PATIENCE_S)[0].decode() for each in at_once]

    assert [each.returncode for each in at_once] == [0] * TEN, told
    applied = [line for text in told for line in text.splitlines() if "up to date" not in line]
    assert len(applied) == len(set(applied)) > 10
    assert sum("up to date" in text for text in told) == TEN - 1


def test_five_serve_at_once_on_one_database(nothing_yet, tmp_path):
    # Five machines share an address in life; here they share a base URL, and have each a port.
    first = Process(tmp_path / "0", nothing_yet)
    rest = [Process(tmp_path / str(number), nothing_yet | base(first)) for number in range(1, FIVE)]
    running = []
    try:
        for process in (first, *rest):
            with process.log.open("ab") as log:
                command = [FEDIMARK, "serve", "--port", str(process.port)]
                environ = process.environ | base(first) | {"FEDIMARK_DATA_DIR": str(tmp_path / "data")}
                running.append(subprocess.Popen(command, env=environ, cwd=tmp_path, stdout=log, stderr=log))
        for process in (first, *rest):
            until(lambda process=process: answers(process.port), PATIENCE_S)
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
        ended = [each.wait(timeout=PATIENCE_S) for each in running]

    assert ended == [0] * FIVE
    assert not [process.log.read_text() for process in (first, *rest) if "Traceback" in process.log.read_text()]


def base(process: Process) -> dict[str, str]:
    """The base URL of one process, for others."""
    return {"FEDIMARK_BASE_URL": process.url}


def test_a_socket_that_systemd_opened_is_served_on(tmp_path):
    with socket.socket() as listening, Process(tmp_path).log.open("ab") as log:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        process = Process(tmp_path)
        serving = subprocess.Popen(
            [sys.executable, "-c", AS_SYSTEMD_DOES, str(listening.fileno()), FEDIMARK, "serve"],
            env=process.environ,
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            pass_fds=(listening.fileno(),),
        )
        try:
            until(lambda: answers(port), PATIENCE_S)
        finally:
            serving.send_signal(signal.SIGTERM)
            ended = serving.wait(timeout=PATIENCE_S)

    assert ended == 0
    assert f"http://127.0.0.1:{port}" in process.log.read_text()
