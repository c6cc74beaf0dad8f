"""`make test`: every suite in a process of its own, with its time, and one plain line at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

SUITES = ("pure", "rooms", "stories", "clients", "browser", "house")
_TESTS = Path(__file__).parent.parent
_NOTHING_COLLECTED = 5


def main(paths: list[str]) -> int:
    """Run the suites, or only `paths` (files or folders below tests/), and return the exit code."""
    total: Counter[str] = Counter()
    bad = False
    for suite, targets in _chosen(paths):
        started = time.monotonic()
        code, counts = _run(targets)
        total += counts
        bad = bad or code not in (0, _NOTHING_COLLECTED) or (code == _NOTHING_COLLECTED and not paths)
        _say(f"== {suite}: {_words(counts)} in {time.monotonic() - started:.1f} s\n")
    bad = bad or not total["passed"]
    _say(_words(total))
    return 1 if bad else 0


def _chosen(paths: list[str]) -> list[tuple[str, list[str]]]:
    if not paths:
        return [(suite, [str(_TESTS / suite)]) for suite in SUITES if any((_TESTS / suite).rglob("test_*.py"))]
    groups: dict[str, list[str]] = {}
    for path in paths:
        inside = Path(path.partition("::")[0]).resolve().relative_to(_TESTS)
        groups.setdefault(inside.parts[0] if inside.parts else "all", []).append(path)
    return list(groups.items())


def _run(targets: list[str]) -> tuple[int, Counter[str]]:
    """Run pytest on some paths; a crash before its report counts as one failure."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ["--durations=5", "--durations-min=1"]
        command = [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *targets]
        code = subprocess.run(command, cwd=_TESTS.parent, check=False, env=os.environ | {"PYTHONUNBUFFERED": "1"})
        if not report.exists():
            return code.returncode, Counter(failed=1)
        return code.returncode, _counts(report)


def _counts(report: Path) -> Counter[str]:
    suite = ET.parse(report).getroot().find("testsuite")
    assert suite is not None
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
