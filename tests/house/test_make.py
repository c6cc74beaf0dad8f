"""The names scripts rely on: the targets of the Makefile, and the one command that checks everything."""

from __future__ import annotations

import os
import re
import stat

import pytest

from tests.house.tree import ROOT, run, words

TARGETS = ("setup", "run", "demo", "test", "check", "bench", "chaos", "migration", "lock", "screenshots")


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows(target: str) -> None:
    answer = run("make", "--dry-run", "--no-print-directory", target, cwd=ROOT, PATH=os.environ["PATH"])

    assert answer.returncode == 0, answer.stderr
    assert re.search(rf"^{target}:.*## \S", words("Makefile"), re.MULTILINE)


@pytest.mark.parametrize("target", [target for target in TARGETS if target != "setup"])
def test_every_target_sets_up_what_it_needs(target: str) -> None:
    line = re.search(rf"^{target}:(.*)##", words("Makefile"), re.MULTILINE)

    assert line is not None
    assert "setup" in line[1].split()


def test_the_checks_are_one_command() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & stat.S_IXUSR
    assert "make check" in script.read_text("utf-8")
    assert re.search(r"^check:(?:.*\n)(?:\t.*\n)*\t.*\btest\b", words("Makefile"), re.MULTILINE)


def test_the_pinned_dependencies_have_hashes_and_no_address() -> None:
    for page in ("requirements.txt", "requirements-dev.txt", "tests/clients/requirements.txt"):
        text = words(page)
        pins = re.findall(
            r"^[a-z0-9._-]+(?:\[[a-z0-9,-]+\])?==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)*", text, re.M
        )

        assert pins
        assert [pin.split("==")[0] for pin in pins if "--hash=sha256:" not in pin] == []
        assert "://" not in text
