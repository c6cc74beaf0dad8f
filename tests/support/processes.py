"""Real server processes on free ports of this machine: started, waited for, killed, always ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Protocol

import httpx

PASSWORD = "correct horse battery staple"
FEDIMARK = Path(sys.executable).parent / "fedimark"
_PATIENCE_S = 60.0  # guards against hanging, nothing else
_HELD: list[socket.socket] = []
# A connection that nobody asks over is closed by the server some seconds later, perhaps just when one asks again.
ANEW = httpx.Limits(max_keepalive_connections=0)


def free_port(wanted: int = 0) -> int:
    """A port of 127.0.0.1 that nobody has, and that nobody else finds free as long as this process lives.

    It stays bound without listening, and only then is shared: whoever is told its number may listen on it, as servers
    do with SO_REUSEADDR, while tests in other processes that take any port get another one. Raises OSError when
    somebody has the `wanted` one.
    """
    held = socket.socket()
    _HELD.append(held)
    held.bind(("127.0.0.1", wanted))
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    port: int = held.getsockname()[1]
    return port


def answers(port: int) -> bool:
    """Whether somebody answers HTTP on a port of 127.0.0.1."""
    asking = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        asking.request("GET", "/")
        asking.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        asking.close()
    return True


class Running(Protocol):
    """A process that was begun: what is used of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """The exit code of one that has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns the exit code, or raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int) -> None:
        """Signal it."""

    def terminate(self) -> None:
        """Ask it to end."""


class Process:
    """One `fedimark serve` with a data directory of its own; its output goes to `log`.

    `async with` is not needed: `with Process(folder) as process:` starts it, waits for it and always ends it.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None, arguments: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.arguments = arguments
        self.log = folder / "serve.log"
        self.environ = clean_environ() | {
            "FEDIMARK_BASE_URL": self.url,
            "FEDIMARK_ALLOW_LOOPBACK": "true",
            "FEDIMARK_READ_PAGES": "false",
            "FEDIMARK_DATA_DIR": str(folder / "data"),
            **(environ or {}),
        }
        self._process: Running | None = None

    @property
    def host(self) -> str:
        """Host and port, as in handles."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://{self.host}"

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Process:
        self.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers; raises with the end of its log when it does not."""
        self._process = self.begin("serve", "--host", "127.0.0.1", "--port", str(self.port), *self.arguments)
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            if answers(self.port):
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"serve did not answer:\n{self.log.read_text(errors='replace')[-4000:]}")

    def begin(self, *arguments: str, log: Path | None = None) -> Running:
        """Begin a command of `fedimark` that runs until it is told to end; what it prints goes to the log."""
        with (log or self.log).open("ab") as output:
            # A session of its own, so that workers it starts can be ended with it.
            return subprocess.Popen(
                [FEDIMARK, *arguments],
                env=self.environ,
                cwd=self.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def kill(self) -> None:
        """`kill -9`, with every process it started: nothing gets a chance to tidy up."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Ask it to end, and kill it when it does not."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_PATIENCE_S)
        self.kill()

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run another command of `fedimark` against the same data, as somebody at a terminal would."""
        return subprocess.run(
            [FEDIMARK, *arguments],
            env=self.environ,
            cwd=self.folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def account(self, name: str) -> None:
        """Make an account with the password of tests."""
        made = self.run("account", "add", name, "--password-stdin", given=PASSWORD)
        assert made.returncode == 0, made.stderr

    def timeline(self, name: str) -> list[dict[str, Any]]:
        """Somebody's network timeline, as the command line tells it."""
        told: list[dict[str, Any]] = json.loads(self._told("timeline", "--user", name, "--json"))
        return told

    def counts(self) -> dict[str, Any]:
        """The numbers of `fedimark counts`."""
        told: dict[str, Any] = json.loads(self._told("counts", "--json"))
        return told

    def signed_in(self, name: str) -> httpx.Client:
        """A browser with a session of somebody's own."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        browser = httpx.Client(base_url=self.url, headers=headers, timeout=_PATIENCE_S, limits=ANEW)
        answer = browser.post("/sign-in", data={"username": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return browser

    def _told(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def until(holds: Callable[[], Any], patience_s: float = 120.0) -> Any:
    """Ask again and again until the answer is true; returns it. The patience guards against hanging, nothing else."""
    deadline = time.monotonic() + patience_s
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"in vain for {patience_s} s"
        time.sleep(0.2)
    return answer


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Do several things at once; returns what each returned."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [one.result() for one in [threads.submit(call) for call in calls]]


def clean_environ() -> dict[str, str]:
    """This process's environment without any setting of fedimark."""
    return {name: value for name, value in os.environ.items() if not name.startswith("FEDIMARK_")}
