"""Commands of `fedimark` as processes of their own, forked from one that has read its modules already.

Reading them takes most of the time of a short command, and of a server's start. The child has its own environment,
folder, input and output, and ends with its own exit code, as one that was started anew.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.support.processes import Process, Running

_READ: Final = (
    "fedimark.accounts.register",
    "fedimark.app",
    "fedimark.bookmarks.save",
    "fedimark.cli",
    "fedimark.database.sqlite",
    "fedimark.jobs.postgres",
    "fedimark.serving.processes",
    "tortoise.backends.asyncpg",
    "tortoise.migrations.executor",
    "uvicorn.lifespan.on",
    "uvloop",
)
_PATIENCE_S: Final = 120  # guards against hanging, nothing else
_WRITES: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_STREAMS: Final = (("given", os.O_RDONLY), ("out", _WRITES), ("err", _WRITES))
_ASKING: Final = threading.Lock()


class _Parent:
    """The process that forks what is asked for."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.commands"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._one_at_a_time = threading.Lock()
        atexit.register(self._process.kill)

    def fork(self, **asked: Any) -> int:
        """Begin a command; returns its process id."""
        return self._ask(asked)

    def reap(self, pid: int) -> int:
        """The exit code of a command that has ended."""
        return self._ask({"ended": pid})

    def _ask(self, asked: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


class _Child:
    """A process that was forked, as `subprocess` would show it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ends = os.pidfd_open(pid)
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code of one that has ended."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns the exit code, or raises subprocess.TimeoutExpired."""
        if self._code is None:
            if not select.select([self._ends], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("fedimark", timeout or 0)
            os.close(self._ends)
            self._code = _parent().reap(self.pid)
        return self._code

    def send_signal(self, sig: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


class Forked(Process):
    """A server whose commands are forked; it is itself a process as any other."""

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of `fedimark` against the same data."""
        with tempfile.TemporaryDirectory(prefix="command-") as place:
            files = {name: str(Path(place) / name) for name, _ in _STREAMS}
            for name, path in files.items():
                Path(path).write_text(given if name == "given" else "")
            code = _Child(self._fork(arguments, files, patience_s=_PATIENCE_S)).wait()
            out, err = (Path(files[name]).read_text(errors="replace") for name in ("out", "err"))
        return subprocess.CompletedProcess(["fedimark", *arguments], code, out, err)

    def _fork(self, arguments: tuple[str, ...], files: Mapping[str, str], patience_s: int) -> int:
        what = {"arguments": arguments, "environ": self.environ, "folder": str(self.folder)}
        return _parent().fork(**what, **files, patience_s=patience_s)


class Born(Forked):
    """A server that is forked itself: for stories in which starting is not what is told."""

    def begin(self, *arguments: str, log: Path | None = None) -> Running:
        """Begin a command of `fedimark` that runs until it is told to end; what it prints goes to the log."""
        output = str(log or self.log)
        return _Child(self._fork(arguments, {"given": os.devnull, "out": output, "err": output}, patience_s=0))


def _parent() -> _Parent:
    with _ASKING:  # two threads that ask at once must not get one each
        return _made()


@lru_cache
def _made() -> _Parent:
    return _Parent()


def _serve() -> None:
    for name in _READ:
        importlib.import_module(name)
    gc.freeze()  # what all children share is not looked through by each
    for line in sys.stdin:
        asked = json.loads(line)
        if ended := asked.get("ended"):
            _, status = os.waitpid(ended, 0)
            told = os.waitstatus_to_exitcode(status)
        elif (told := os.fork()) == 0:
            _become(asked)
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


def _become(asked: dict[str, Any]) -> NoReturn:
    """Be the command that is asked for, to its end."""
    os.setsid()  # so that processes it starts can be ended with it
    for number, (name, flags) in enumerate(_STREAMS):
        os.dup2(os.open(asked[name], flags), number)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    signal.alarm(asked["patience_s"])
    sys.argv = ["fedimark", *asked["arguments"]]
    code = 0
    try:
        importlib.import_module("fedimark.cli").main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
