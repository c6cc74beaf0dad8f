"""Every document of the fediverse, and ten thousand changed ones, through the gate, the worker and the fetcher."""

from __future__ import annotations

import gc
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fedimark import logs
from fedimark.database import fetch_one
from tests.rooms.storm import Storm
from tests.support.fixtures import SHARED
from tests.support.savers import assert_agreement
from tests.support.wire import FOLDER
from tests.support.wire_mutations import at_home, mutations

AMOUNT = {"sqlite": 10_000, "postgres": 400}
REACHED = {"saved", "shared", "refreshed", "ignored"}
MOST_MEMORY = 256 * 2**20
"""Many times what a whole storm adds: all caches full, the driver's statements, the allocator's leftovers."""


@pytest.fixture
def quiet() -> Iterator[None]:
    """A line for each refusal is many lines."""
    logs.configure("text", logging.CRITICAL)
    yield
    logs.configure("text")


@pytest.fixture
async def storm(fleet, ana, quiet) -> Storm:
    """A server with a history, about to be stormed."""
    storm = Storm(fleet, ana)
    await storm.begin()
    return storm


def documents(folder: Path, targets: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Every JSON object under a folder, as the speaker would send it."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        try:
            document = json.loads(path.read_bytes())
        except ValueError:
            continue
        if isinstance(document, dict):
            found.append(at_home(document, targets))
    return found


async def in_order(storm: Storm, ana: Any) -> None:
    """Nothing waits, everything made from bookmarks and follows agrees, pages are drawn, and a bookmark still comes."""
    await ana.server.settle()
    due = await fetch_one("SELECT count(*) AS amount FROM received_activity WHERE applied_at IS NULL")
    assert due == {"amount": 0}
    await assert_agreement()
    await storm.heal()
    create = json.loads((FOLDER / "fedimark" / "create_note.json").read_bytes())
    assert await storm.speaker.do(at_home(create)) == "saved"
    for path in ("/network", "/recent", f"/u/{ana.name}", "/t/page-cache", "/followers"):
        page = await ana.browser.get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    await assert_agreement()


def memory() -> int:
    """What this process holds now, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def test_every_file_of_the_fediverse_comes_in_without_an_exception(storm, ana, shared_data, database):
    files = [path.read_bytes() for path in sorted((shared_data / "wire").rglob("*")) if path.is_file()]
    home = [json.dumps(document).encode() for document in documents(shared_data / "wire")]

    # As it is, whoever sent it is not the speaker: it is refused before any database is asked.
    for body in (*(files if database.kind == "sqlite" else ()), *home):
        await storm.take(body)

    assert storm.taken > 600
    await in_order(storm, ana)


async def test_ten_thousand_changed_documents_come_in_without_an_exception(storm, ana, database):
    folders = [FOLDER]
    if (
        shared := Path(os.environ.get("FEDIMARK_SHARED_DATA") or Path(__file__).parents[3] / "shared" / "data")
    ).is_dir():
        folders.append(shared / "wire")
    saved = await ana.save("https://store.example/one", tags="sql")
    follow = await fetch_one("SELECT public_id FROM follow ORDER BY id LIMIT 1")
    pointers = [f"{ana.uri}/b/{saved.public_id}", f"{ana.uri}/follows/{follow['public_id']}"]
    here = {"marks.example": "a.example", "k3v7q2mzt5xha": saved.public_id, "b6m4s2xkq7jta": follow["public_id"]}
    before = memory()

    # Ours are in the shapes that mean something here.
    ours, theirs = documents(FOLDER, here), [] if SHARED is None else documents(SHARED / "wire")
    for body in mutations([*ours * 6, *theirs], AMOUNT[database.kind], pointers):
        await storm.take(body)

    assert memory() - before < MOST_MEMORY
    assert storm.taken >= AMOUNT[database.kind]
    assert storm.outcomes.keys() >= REACHED
    await in_order(storm, ana)
