"""A server copied by hand, over real processes: it starts muted, shows what waits, and speaks when it is told to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.commands import Born
from tests.support.processes import Process, until

pytestmark = pytest.mark.processes


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Process]:
    """One server that nobody has started yet."""
    process = Born(tmp_path / "alone")
    yield process
    process.stop()


def test_a_copied_data_directory_starts_muted_and_a_moved_one_does_not(alone, tmp_path):
    alone.account("ana")
    alone.start()
    assert alone.run("resume").stdout == "This server is not muted.\n"
    alone.stop()
    data = Path(alone.environ["FEDIMARK_DATA_DIR"])

    shutil.move(data, tmp_path / "moved")
    alone.environ["FEDIMARK_DATA_DIR"] = str(tmp_path / "moved")
    assert alone.run("resume").stdout == "This server is not muted.\n"

    shutil.copytree(tmp_path / "moved", tmp_path / "copied")
    alone.environ["FEDIMARK_DATA_DIR"] = str(tmp_path / "copied")
    alone.start()
    assert "server.muted" in alone.log.read_text()
    refused = alone.run("resume", given="n\n")
    assert (refused.returncode, "Muted since" in refused.stdout, "a copy" in refused.stdout) == (1, True, True)
    assert alone.run("resume", "--yes").stdout.endswith("This server speaks again.\n")
    assert alone.run("resume").stdout == "This server is not muted.\n"

    alone.stop()
    alone.start()
    assert alone.run("resume").stdout == "This server is not muted.\n"


def is_muted(process: Process) -> bool:
    """Whether a running server knows that it is muted: it looks twice a second."""
    return "\nfedimark_muted 1" in httpx.get(f"{process.url}/metrics").text


def test_a_server_muted_by_its_admin_sends_when_it_is_resumed_and_forgets_when_told_to(alone, tmp_path):
    with Born(tmp_path / "peer") as peer:
        alone.account("ana")
        peer.account("bo")
        alone.start()
        assert peer.run("follow", f"ana@{alone.host}", "--user", "bo").returncode == 0
        until(lambda: peer.counts()["follows"]["accepted"] == 1)
        # Whoever follows somebody reads what they said before, which a muted server still answers.
        until(lambda: "kind=backfill" in peer.log.read_text())

        assert alone.run("mute").returncode == 0
        until(lambda: is_muted(alone))
        assert alone.run("save", "https://example.org/1", "--user", "ana").returncode == 0
        shown = until(lambda: "1 Create" in (ran := alone.run("resume", given="n\n")).stdout and ran)
        assert shown.returncode == 1
        assert peer.timeline("bo") == []
        alone.run("resume", "--yes", "--drop-waiting")
        assert alone.run("save", "https://example.org/2", "--user", "ana").returncode == 0
        until(lambda: [entry["url"] for entry in peer.timeline("bo")] == ["https://example.org/2"])

        alone.run("mute")
        until(lambda: is_muted(alone))
        alone.run("save", "https://example.org/3", "--user", "ana")
        alone.run("resume", "--yes")
        until(lambda: len(peer.timeline("bo")) == 2)
