"""`fedimark` with a sampler inside: where the CPU time of a serving process goes, by room.

A timer of the process's own CPU time interrupts the main thread some 250 times a second. What that thread used since
the last time is put down to the innermost room on its stack, so that time in which it only waited counts as nothing;
the other threads are counted whole. SIGUSR1 begins and SIGUSR2 ends, and writes down what was found.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.bench import machine
from tests.bench.machine import Served
from tests.bench.stores import Store

_EVERY_S = 0.004
_PATIENCE_S = 30.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_DATABASE = ("tortoise", "aiosqlite", "asyncpg", "sqlite3", "pypika_tortoise")
_CLIENT = ("httpx", "httpx_aiohttp", "aiohttp", "yarl", "multidict")
_WORDS = {
    "json": "JSON",
    "structlog": "logs",
    "starlette": "Starlette",
    **dict.fromkeys(_DATABASE, "database"),
    **dict.fromkeys(_CLIENT, "HTTP client"),
    **dict.fromkeys(("uvicorn", "httptools", "serving"), "HTTP server"),
}
_OUTERMOST = ("uvicorn.server", "uvicorn._compat")  # what runs the loop stands under everything
_NOWHERE = "event loop, sockets"
POSTGRES = "PostgreSQL's own processes"


@dataclass(frozen=True, slots=True)
class Profile:
    """CPU milliseconds for each of many equal pieces of work, by where they were spent, most first."""

    amount: int
    places: dict[str, float]

    def beside(self, place: str, seconds: float) -> Profile:
        """The same with what another process used for all of it, in CPU seconds."""
        places = {**self.places, place: seconds / self.amount * 1000}
        return Profile(self.amount, dict(sorted(places.items(), key=lambda one: -one[1])))


class Sampler:
    """What stands outside: tells the process when to begin and to end, and reads what it found."""

    def __init__(self, served: Served, file: Path) -> None:
        self.served = served
        self.file = file

    @contextmanager
    def sampling(self) -> Iterator[Callable[[int], Profile]]:
        """Sample a block; what it yields makes the profile, told how many pieces of work the block held."""
        self.file.unlink(missing_ok=True)
        os.kill(self.served.pid, signal.SIGUSR1)
        yield self._found
        os.kill(self.served.pid, signal.SIGUSR2)
        deadline = time.monotonic() + _PATIENCE_S
        while not self.file.exists():
            if time.monotonic() > deadline:
                raise RuntimeError("the sampler wrote nothing")
            time.sleep(0.05)

    def _found(self, amount: int) -> Profile:
        return _profile_in(self.file, amount)


def _profile_in(file: Path, amount: int) -> Profile:
    places = json.loads(file.read_text())["places"]
    each = {name: seconds / amount * 1000 for name, seconds in places.items()}
    return Profile(amount, dict(sorted(each.items(), key=lambda one: -one[1])))


@contextmanager
def inside(name: str) -> Iterator[Callable[[int], Profile]]:
    """Sample a block of this very process, where nobody is served; as `Sampler.sampling`, once the block has ended."""
    file = machine.VAR / f"profile-{name}.json"
    sampler = _Inside(file)
    sampler.begin()
    try:
        yield lambda amount: _profile_in(file, amount)
    finally:
        sampler.end()


@contextmanager
def serving(store: Store, name: str, *arguments: str) -> Iterator[tuple[Served, Sampler]]:
    """`fedimark serve` over a database, with the sampler inside."""
    with over(store.folder, name, *arguments, environ=store.environ) as both:
        yield both


@contextmanager
def over(
    folder: Path, name: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> Iterator[tuple[Served, Sampler]]:
    """The same over a data directory."""
    file = machine.VAR / f"profile-{name}.json"
    program = (sys.executable, "-m", "tests.bench.profiled", str(file))
    with machine.fedimark(folder, environ, arguments=arguments, program=program) as served:
        yield served, Sampler(served, file)


class _Inside:
    """What stands inside."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.places: defaultdict[str, float] = defaultdict(float)
        self.functions: defaultdict[str, float] = defaultdict(float)
        self.used = self.whole = 0.0
        self.threads: dict[str, float] = {}

    def begin(self, *_: object) -> None:
        """Start the timer."""
        self.threads, self.used, self.whole = _other_threads(), time.thread_time(), time.process_time()
        signal.signal(signal.SIGPROF, self.take)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    def take(self, _: int, frame: FrameType | None) -> None:
        """Put down what the main thread used since the last time."""
        used = time.thread_time()
        place, function = _place(frame)
        self.places[place] += used - self.used
        self.functions[function] += used - self.used
        self.used = time.thread_time()

    def end(self, *_: object) -> None:
        """Stop, and write down what was found."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        places = self.places.copy()
        for name, seconds in _other_threads().items():
            places[_thread(name)] += seconds - self.threads.get(name, 0)
        # A thread that began and ended meanwhile, as one that a database is asked from, is in nobody's list.
        places["threads that ended"] += max(0.0, time.process_time() - self.whole - sum(places.values()))
        functions = sorted(self.functions.items(), key=lambda one: -one[1])[:60]
        found = {"places": places, "functions": dict(functions)}
        made = self.file.with_suffix(".new")
        made.write_text(json.dumps(found, indent=1))
        made.rename(self.file)


def _place(frame: FrameType | None) -> tuple[str, str]:
    """The innermost room on a stack, and the innermost function."""
    function = "" if frame is None else f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module in _OUTERMOST:
            break
        package, _, rest = module.partition(".")
        if package == "fedimark":
            room = rest.partition(".")[0]
            return _WORDS.get(room, room), function
        if package in _WORDS:
            return _WORDS[package], function
        frame = frame.f_back
    return _NOWHERE, function


def _thread(name: str) -> str:
    if name.startswith("sign"):
        return "signatures, in threads"
    return "SQLite, in threads" if "connection" in name else "other threads"


def _other_threads() -> dict[str, float]:
    """CPU seconds of every thread but the main one, by its name and number."""
    found = {}
    for thread in threading.enumerate():
        if thread is not threading.main_thread() and thread.native_id is not None:
            fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
            found[f"{thread.name} {thread.native_id}"] = (int(fields[11]) + int(fields[12])) * _TICK_S
    return found


def main() -> None:
    """Do what `fedimark` does, with arguments after the file that is written."""
    from fedimark.cli import main as fedimark

    inside = _Inside(Path(sys.argv[1]))
    signal.signal(signal.SIGUSR1, inside.begin)
    signal.signal(signal.SIGUSR2, inside.end)
    sys.argv = ["fedimark", *sys.argv[2:]]
    fedimark()


if __name__ == "__main__":
    main()
