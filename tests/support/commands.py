"""Commands of `fedimark` as processes of their own, forked from one that has read its modules already.

Reading them takes most of the time of a short command. The child has its own environment, folder, input and output,
and ends with its own exit code, as one that was started anew.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.support.processes import Process

_READ: Final = ("fedimark.database", "fedimark.accounts.register", "fedimark.bookmarks.save")
_PATIENCE_S: Final = 120  # guards against hanging, nothing else
_STREAMS: Final = (("given", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))


class _Parent:
    """The process that forks one command after the other."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.support.commands"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._one_at_a_time = threading.Lock()
        atexit.register(self._process.kill)

    def run(self, asked: Mapping[str, Any]) -> int:
        """Run a command; returns its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


class Forked(Process):
    """A server whose commands are forked; it is itself a process as any other."""

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command of `fedimark` against the same data, one after the other."""
        with tempfile.TemporaryDirectory(prefix="command-") as place:
            files = {name: str(Path(place) / name) for name, _ in _STREAMS}
            for name, path in files.items():
                Path(path).write_text(given if name == "given" else "")
            asked = {"arguments": arguments, "environ": self.environ, "folder": str(self.folder), **files}
            code = _parent().run(asked)
            out, err = (Path(files[name]).read_text(errors="replace") for name in ("out", "err"))
        return subprocess.CompletedProcess(["fedimark", *arguments], code, out, err)


@lru_cache
def _parent() -> _Parent:
    return _Parent()


def _serve() -> None:
    for name in _READ:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(asked: dict[str, Any]) -> NoReturn:
    """Be the command that is asked for, to its end."""
    for number, (name, flags) in enumerate(_STREAMS):
        os.dup2(os.open(asked[name], flags), number)
    os.environ.clear()
    os.environ.update(asked["environ"])
    os.chdir(asked["folder"])
    signal.alarm(_PATIENCE_S)
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
