"""`make test`: every suite in processes of its own, with their times, and one plain line at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Some run at a time, and what they print comes in this order: first what is longest and cannot be dealt out (there is
# one browser), so that it is not left working alone at the end.
SUITES = ("browser", "rooms", "stories", "house", "pure", "clients")
_PARTS = {"rooms": 6, "stories": 4}  # what takes long is dealt out, so that no process is left working alone
# One more than there are cores: a third of the time of a process is waiting, for PostgreSQL, Chromium and servers.
_AT_ONCE = (os.cpu_count() or 1) + 1
_TESTS = Path(__file__).parent.parent
_NOTHING_COLLECTED = 5
_TOLD = 15  # modules that took longest


def main(paths: list[str]) -> int:
    """Run the suites, or only `paths` (files or folders below tests/), and return the exit code."""
    total: Counter[str] = Counter()
    spent: Counter[str] = Counter()
    bad = False
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        for suite, code, counts, seconds, output in threads.map(lambda chosen: _timed(chosen, spent), _chosen(paths)):
            total += counts
            bad = bad or code not in (0, _NOTHING_COLLECTED) or (code == _NOTHING_COLLECTED and not paths)
            _say(f"{output}== {suite}: {_words(counts)} in {seconds:.1f} s\n")
    bad = bad or not total["passed"]
    _say("".join(f"{ms / 1000:6.0f} s {module}\n" for module, ms in spent.most_common(_TOLD)))
    _say(_words(total))
    return 1 if bad else 0


def _timed(chosen: tuple[str, list[str]], spent: Counter[str]) -> tuple[str, int, Counter[str], float, str]:
    started = time.monotonic()
    code, counts, output = _run(chosen[1], spent)
    return chosen[0], code, counts, time.monotonic() - started, output


def _chosen(paths: list[str]) -> list[tuple[str, list[str]]]:
    if not paths:
        return [part for suite in SUITES for part in _dealt(suite)]
    groups: dict[str, list[str]] = {}
    for path in paths:
        inside = Path(path.partition("::")[0]).resolve().relative_to(_TESTS)
        groups.setdefault(inside.parts[0] if inside.parts else "all", []).append(path)
    return list(groups.items())


def _dealt(suite: str) -> list[tuple[str, list[str]]]:
    """The files of a suite, the largest dealt out first; each part with a name for its line."""
    files = sorted((_TESTS / suite).rglob("test_*.py"), key=lambda file: (-file.stat().st_size, file))
    parts = min(_PARTS.get(suite, 1), len(files))
    names = [suite] if parts == 1 else [f"{suite} {number}/{parts}" for number in range(1, parts + 1)]
    return [(name, [str(file) for file in sorted(files[number::parts])]) for number, name in enumerate(names)]


def _run(targets: list[str], spent: Counter[str]) -> tuple[int, Counter[str], str]:
    """Run pytest on some paths, and add up the milliseconds of each module; a crash before its report counts as one
    failure.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["--durations=5", "--durations-min=1", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *targets]
        done = subprocess.run(
            command, cwd=_TESTS.parent, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        counts = _counts(report, spent) if report.exists() else Counter(failed=1)
        return done.returncode, counts, done.stdout


def _counts(report: Path, spent: Counter[str]) -> Counter[str]:
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
    for case in suite.iter("testcase"):
        spent[case.get("classname", "").partition(".Test")[0]] += int(1000 * float(case.get("time", 0)))
    failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
    skipped = int(suite.get("skipped", 0))
    return Counter(passed=max(0, int(suite.get("tests", 0)) - failed - skipped), failed=failed, skipped=skipped)


def _words(counts: Counter[str]) -> str:
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
