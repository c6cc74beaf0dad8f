"""Processes that are measured: started on loopback, read from /proc, always ended; and the load put on them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench import people
from tests.support.processes import FEDIMARK, clean_environ, free_port

ROOT = Path(__file__).parents[2]
VAR = ROOT / "var" / "bench"
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: answers a second, the server's CPU per answer, waiting times, the generator's share."""

    answers: int
    rate: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    generator_ms: float  # CPU of the load generator for one answer


@dataclass(frozen=True, slots=True)
class Served:
    """A process that listens on a port of 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int
    ready_s: float  # from the start of the process to its first 200

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def cpu_s(self) -> float:
        """CPU seconds it used so far, all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    def resident_mb(self) -> float:
        """Resident memory in MB of 1,000,000 bytes, what it shares with others counted whole."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024 / 1e6


@contextmanager
def fedimark(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    path: str = "/recent",
    *,
    arguments: Sequence[str] = (),
    program: Sequence[str] = (str(FEDIMARK),),
) -> Iterator[Served]:
    """`fedimark serve`, worker and all, over a data directory; ready when `path` answers 200."""
    port = free_port()
    settings = {
        "FEDIMARK_BASE_URL": people.BASE_URL,
        "FEDIMARK_DATA_DIR": str(folder),
        "FEDIMARK_ALLOW_LOOPBACK": "true",
        "FEDIMARK_READ_PAGES": "false",
        "FEDIMARK_PAGE_SIZE": "50",
        "FEDIMARK_PACED_AFTER_BOOKMARKS": "1000000000",  # one person saves thousands here
        **(environ or {}),
    }
    command = [*program, "serve", "--host", "127.0.0.1", "--port", str(port), *arguments]
    told = {name: value for name, value in settings.items() if value}
    with _started(command, port, path, clean_environ() | told) as served:
        yield served


@contextmanager
def bare(size: int, status: int = 200) -> Iterator[Served]:
    """The application that does nothing."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare", str(port), str(size), str(status)]
    with _started(command, port, "/", clean_environ(), wanted=status) as served:
        yield served


@contextmanager
def sink(port: int, hosts: int, latency_ms: int, troubled: int = 0) -> Iterator[Served]:
    """Servers that take every letter, at one port of many addresses of this machine; the first so many in trouble."""
    numbers = (port, hosts, latency_ms, troubled)
    command = [sys.executable, "-m", "tests.bench.sink", *map(str, numbers)]
    with _started(command, port, "/", clean_environ(), log="sink.log") as served:
        yield served


@contextmanager
def _started(
    command: Sequence[str],
    port: int,
    path: str,
    environ: Mapping[str, str],
    *,
    wanted: int = 200,
    log: str = "serve.log",
) -> Iterator[Served]:
    VAR.mkdir(parents=True, exist_ok=True)
    said = VAR / log
    started = time.monotonic()
    with said.open("wb") as out:
        process = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True
        )
    try:
        while _status(port, path) != wanted:
            if process.poll() is not None or time.monotonic() - started > _PATIENCE_S:
                raise RuntimeError(f"{command[0]} did not answer:\n{said.read_text(errors='replace')[-2000:]}")
            time.sleep(0.005)
        yield Served(process, port, time.monotonic() - started)
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_PATIENCE_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _status(port: int, path: str) -> int:
    """The status of one GET, 0 while nobody listens."""
    return int(answer(port, get(path))[9:12] or 0)


def answer(port: int, request: str) -> bytes:
    """The whole answer to one request, empty while nobody listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).encode())
            return b"".join(iter(lambda: connection.recv(65_536), b""))
    except OSError:
        return b""


def get(path: str, person: int | None = None) -> str:
    """A GET as a browser sends it, signed in as a person of the data sets."""
    cookie = f"Cookie: {people.cookie_of(person)}\r\n" if person is not None else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nAccept: text/html\r\n{cookie}\r\n"


def load(
    served: Served, connections: Sequence[Sequence[str]], seconds: float, status: int = 200, every_s: float = 0
) -> Load:
    """Put load on a process for some seconds: a list of requests a connection, one alone is repeated.

    Each connection sends a request when the one before is answered, or else every `every_s`.
    """
    job = {
        "port": served.port,
        "seconds": seconds,
        "status": status,
        "connections": connections,
        "every_s": every_s,
    }
    before = served.cpu_s()
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=seconds + 60,
        check=False,
    )
    used = served.cpu_s() - before
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    saw = json.loads(done.stdout)
    return of(saw["waited"], saw["took"], used, saw["cpu"])


def of(waited: Sequence[float], took: float, cpu_s: float, generator_s: float = 0.0) -> Load:
    """A Load from sorted waiting times in seconds."""
    amount = len(waited)
    return Load(
        amount,
        amount / took,
        cpu_s / amount * 1000,
        waited[amount // 2] * 1000,
        waited[min(amount - 1, amount * 99 // 100)] * 1000,
        generator_s / amount * 1000,
    )


def wait_until(is_so: Callable[[], bool], patience_s: float) -> bool:
    """Look five times a second, for so long at most; whether it was so in the end."""
    until = time.monotonic() + patience_s
    while not (found := is_so()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def used_elsewhere_s() -> float:
    """CPU seconds that everything but this process and what it ran used since the machine started."""
    fields = [int(text) for text in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    busy = sum(fields) - fields[3] - fields[4]  # but idle and waiting for disks
    return busy * _TICK_S - sum(os.times()[:4])


def middle(loads: Sequence[Load]) -> Load:
    """The median of each figure over several rounds."""
    names = ("rate", "cpu_ms", "p50_ms", "p99_ms", "generator_ms")
    return Load(sum(one.answers for one in loads), *(median(getattr(one, name) for one in loads) for name in names))
