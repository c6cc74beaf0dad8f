"""`make demo` as somebody sees it: two servers, what to look at, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.processes import clean_environ, free_port, until

pytestmark = pytest.mark.processes

DEMO = Path(__file__).parents[2] / "deploy" / "demo.py"
PATIENCE_S = 120.0


def two_free_ports() -> int:
    """The first of two free ports that follow one another."""
    return int(until(lambda: (port := free_port()) < 65_535 and answers_nobody(port + 1) and port))


def answers_nobody(port: int) -> bool:
    """Whether no server is at a port."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/", timeout=5)
    except httpx.HTTPError:
        return True
    return False


@contextmanager
def demo(folder: Path, port: int, until_it_says: str) -> Iterator[str]:
    """Run the demo until the end of the block, then end it and see that nothing is left; what it printed so far."""
    environ = clean_environ() | {"DEMO_PORT": str(port), "DEMO_FOLDER": str(folder), "PYTHONUNBUFFERED": "1"}
    log = folder / "printed"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, DEMO], env=environ, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        until(lambda: until_it_says in log.read_text() or process.poll() is not None, PATIENCE_S)
        assert process.poll() is None, log.read_text()
        yield log.read_text()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE_S) == 0
        assert answers_nobody(port)
        assert answers_nobody(port + 1)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_demo_shows_one_merged_entry_and_ends_both_servers_and_works_again(tmp_path):
    port = two_free_ports()
    with demo(tmp_path, port, "Both go on serving") as printed:
        a, b = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
        assert "10 new, 0 known, 0 changed, 0 broken" in printed
        assert re.search(rf"ana@127\.0\.0\.1:{port} bo@127\.0\.0\.1:{port + 1}", printed)
        assert "Files are hard" in httpx.get(f"{a}/u/ana").text
        assert "FTS5" in httpx.get(f"{a}/u/ana/t/sql").text
        with httpx.Client(base_url=b, headers={"Sec-Fetch-Site": "same-origin"}) as bo:
            password = re.search(r"with the password (\S+)", printed)
            assert password is not None
            bo.post("/sign-in", data={"username": "bo", "password": password[1]})
            network = bo.get("/network")
        assert network.status_code == 200
        assert "FTS5" in network.text

    # Once more from the beginning, and ended in the midst of it.
    with demo(tmp_path, port, "10 new, 0 known, 0 changed, 0 broken"):
        assert not answers_nobody(port)
