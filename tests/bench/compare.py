"""`make bench-compare REV=…`: this tree against another revision, by turns within one run; nothing is written.

Both measure with what they know of themselves: the other revision lies in a working tree of its own under var/, with
its own virtual environment where it requires something else. What they print is read, and paired figure by figure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine
from tests.bench.paired import Figures, figures, medians, paired
from tests.bench.report import table

QUICK = ("saves", "inbox", "deliveries")
ROUNDS = 2
_REQUIRED = "requirements-dev.txt"
_UNKNOWN = 2  # the exit code of a revision that has no such topic


@dataclass(frozen=True, slots=True)
class Tree:
    """A revision that can be measured."""

    name: str
    folder: Path
    python: Path

    def measure(self, topic: str) -> Figures | None:
        """Measure one topic; None where this revision has none of that name. Raises RuntimeError when it fails."""
        environ = {**os.environ, "PYTHONPATH": str(self.folder)}
        command = [str(self.python), "-m", "tests.bench", topic]
        done = subprocess.run(command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False)
        if done.returncode == _UNKNOWN:
            return None
        found = figures(done.stdout)
        if not found:
            raise RuntimeError(f"{self.name} could not measure {topic}:\n{done.stderr[-2000:]}")
        return found


def main(arguments: Sequence[str]) -> int:
    """Compare, and return the exit code: 1 when a topic could not be compared."""
    options = _parser().parse_args(arguments)
    ours, theirs = Tree("this tree", machine.ROOT, Path(sys.executable)), _other(options.rev)
    code = 0
    for topic in options.topics or QUICK:
        _say(f"## {topic}: {theirs.name} and this tree, by turns, {options.rounds} times\n")
        try:
            _say(_compared(topic, theirs, ours, options.rounds) + "\n")
        except LookupError as missing:
            _say(f"{missing}\n")
            code = 1
    return code


def _compared(topic: str, before: Tree, after: Tree, rounds: int) -> str:
    """What both found, as a table. Raises LookupError where one has no such topic, and RuntimeError."""
    found: dict[str, list[Figures]] = {before.name: [], after.name: []}
    for _ in range(rounds):
        for tree in (before, after):
            measured = tree.measure(topic)
            if measured is None:
                raise LookupError(f"{tree.name} has no topic of that name.")
            found[tree.name].append(measured)
    return _drawn(before.name, medians(found[before.name]), medians(found[after.name]))


def _drawn(name: str, before: Mapping[tuple[str, ...], float], after: Mapping[tuple[str, ...], float]) -> str:
    rows: Iterable[Sequence[str]] = [
        (
            " · ".join(each.key),
            f"{each.before:,g}",
            f"{each.after:,g}",
            "" if each.ratio is None else f"{each.ratio:.2f}",
        )
        for each in paired(before, after)
    ]
    missing = sorted(before.keys() ^ after.keys())
    only = "".join(f"\n{' · '.join(key)}: only in {name if key in before else 'this tree'}." for key in missing)
    return table(("figure", name, "this tree", "ratio"), rows) + only


def _other(revision: str) -> Tree:
    """The other revision in a working tree of its own, kept for the next time."""
    commit = _git("rev-parse", "--short=12", "--verify", f"{revision}^{{commit}}")
    folder = machine.ROOT / "var" / "compare" / commit
    if not folder.exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--detach", str(folder), commit)
    if (folder / _REQUIRED).read_bytes() == (machine.ROOT / _REQUIRED).read_bytes():
        return Tree(f"{revision} ({commit})", folder, Path(sys.executable))
    subprocess.run(["make", "--no-print-directory", "setup"], cwd=folder, check=True)
    return Tree(f"{revision} ({commit})", folder, folder / ".venv" / "bin" / "python")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=machine.ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    return done.stdout.strip()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare", description=__doc__)
    parser.add_argument("rev", help="the other revision, as git names it")
    parser.add_argument("topics", nargs="*", help=f"what to measure; {', '.join(QUICK)} when nothing is named")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each is measured")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
