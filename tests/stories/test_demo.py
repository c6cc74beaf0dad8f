"""`make demo` as somebody sees it: three servers, what to look at, and nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.support.processes import clean_environ, free_port, until

pytestmark = pytest.mark.processes

DEMO = Path(__file__).parents[2] / "deploy" / "demo.py"
PATIENCE_S = 120.0


def three_free_ports() -> int:
    """The first of three free ports that follow one another."""

    def found() -> int:
        first = free_port()
        with suppress(OSError, OverflowError):
            return min(first, free_port(first + 1), free_port(first + 2))
        return 0

    return int(until(found))


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
        assert all(answers_nobody(port + number) for number in range(3))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_the_demo_shows_merged_entries_and_ends_its_servers_and_works_again(tmp_path):
    port = three_free_ports()
    with demo(tmp_path, port, "All three go on serving") as printed:
        a, b, c = (f"http://127.0.0.1:{port + number}" for number in range(3))
        assert "10 new, 0 known, 0 changed, 0 broken" in printed
        savers = [f"ana@127.0.0.1:{port}", f"bo@127.0.0.1:{port + 1}", f"cy@127.0.0.1:{port + 2}"]
        assert " ".join(savers) in printed
        for address in re.findall(r"http://\S+", printed):
            # What it prints can be looked at: the network asks to sign in, everything else is there.
            assert httpx.get(address).status_code == (303 if address.endswith("/network") else 200)
        assert "Files are hard" in httpx.get(f"{a}/u/ana").text
        password = re.search(r"with the password (\S+)", printed)
        assert password is not None
        for name, url in (("ana", a), ("bo", b), ("cy", c)):
            with httpx.Client(base_url=url, headers={"Sec-Fetch-Site": "same-origin"}) as browser:
                browser.post("/sign-in", data={"username": name, "password": password[1]})
                network = browser.get("/network")
            assert network.status_code == 200
            assert "FTS5" in network.text

    # Once more from the beginning, and ended in the midst of it.
    with demo(tmp_path, port, "10 new, 0 known, 0 changed, 0 broken"):
        assert not answers_nobody(port)
