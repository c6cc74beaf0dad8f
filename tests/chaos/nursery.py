"""Where servers are born: forked from one process that has read all modules already, so that a start costs little."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.chaos.launcher"])


def born(arguments: Sequence[str], environ: Mapping[str, str], folder: Path, log: Path) -> BaseProcess:
    """Start `fedimark` with these arguments, in a session and an environment of its own."""
    child = _FORKS.Process(target=_live, args=(tuple(arguments), dict(environ), str(folder), str(log)))
    child.start()
    return child


def _live(arguments: Sequence[str], environ: Mapping[str, str], folder: str, log: str) -> None:
    os.setsid()
    told = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in (1, 2):
        os.dup2(told, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    # What it wraps is wrapped in this process alone.
    from tests.chaos import launcher

    launcher.main(arguments)
