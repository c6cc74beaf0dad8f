"""Bookmarks of a running fedimark are fetched by the command line of another, through both doors for programs."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import Forked
from tests.support.processes import FEDIMARK

pytestmark = pytest.mark.processes

ROWS = [
    {"href": "https://one.example/", "description": "One", "extended": "Words", "tags": "a b", "shared": "no"},
    {"href": "https://two.example/?q=ü", "description": "Two", "toread": "yes", "time": "2019-01-01T00:00:00Z"},
]
SAID = ("url", "title", "description", "tags", "to_read", "visibility")


def lines_of(server: Forked, name: str) -> list[dict[str, object]]:
    """What each bookmark of somebody says, by address."""
    _, *rows = server.run("export", "--user", name, "--format", "fedimark-lines").stdout.splitlines()
    return sorted(({key: json.loads(row)[key] for key in SAID} for row in rows), key=lambda row: str(row["url"]))


def seen_by_who_looks_on(server: Forked, *command: str) -> str:
    """What a command says beside its answer where a person sits before it."""
    screen, terminal = pty.openpty()
    subprocess.run(
        [FEDIMARK, *command],
        env=server.environ,
        cwd=server.folder,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        check=True,
    )
    os.close(terminal)
    shown = os.read(screen, 100_000).decode()
    os.close(screen)
    return shown


def test_what_is_kept_at_one_server_is_pulled_whole_through_both_doors(tmp_path: Path) -> None:
    # Given somebody with bookmarks of each kind at a server that runs, and a key to read them
    there, here = Forked(tmp_path / "there"), Forked(tmp_path / "here")
    there.account("ana")
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(ROWS))
    assert there.run("import", str(file), "--user", "ana").returncode == 0
    key = there.run("account", "token", "ana", "--scope", "read").stdout.strip()

    # When two people elsewhere pull them, each through another door
    with there:
        for name, kind, door in (("bo", "linkding", ""), ("cy", "pinboard", "/v1")):
            here.account(name)
            asked = ("pull", kind, there.url + door, "--token", key, "--user", name, "--json")
            told = [json.loads(here.run(*asked).stdout or "{}") for _ in range(2)]
            assert [(each.get("new"), each.get("known")) for each in told] == [(2, 0), (0, 2)], told
            assert "Fetched bookmarks: 2" in seen_by_who_looks_on(here, *asked)

    # Then both have what ana has, and a second time nothing is new
    assert lines_of(here, "bo") == lines_of(here, "cy") == lines_of(there, "ana")
