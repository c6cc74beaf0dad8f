"""Two workers on one PostgreSQL share what is to be sent and what came in; one is killed, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from tests.support.commands import Born
from tests.support.processes import Process, together, until
from tests.support.storage import PostgresStorage

pytestmark = pytest.mark.processes

PATIENCE_S = 120
WAITING = """
SELECT (SELECT COUNT(*) FROM delivery) + (SELECT COUNT(*) FROM telling)
    + (SELECT COUNT(*) FROM received_activity WHERE applied_at IS NULL)
"""
FROM_ELSEWHERE = "SELECT COUNT(*) FROM bookmark WHERE NOT is_local"
AT_ONCE = {"FEDIMARK_PACED_AFTER_BOOKMARKS": "10000"}


@pytest.fixture
def shared(postgres_template) -> Iterator[dict[str, str]]:
    """The settings of a server on PostgreSQL."""
    storage = PostgresStorage(postgres_template)
    yield AT_ONCE | {"FEDIMARK_DATABASE_URL": asyncio.run(storage.new())}
    asyncio.run(storage.drop())


class Worker:
    """A `fedimark worker` of a server, as it would run on a machine of its own."""

    def __init__(self, server: Process, name: str) -> None:
        self.log = server.folder / f"{name}.log"
        self.process = server.begin("worker", log=self.log)

    def has(self, event: str) -> bool:
        """Whether it has told of something."""
        return event in self.log.read_text()

    def close(self) -> None:
        """Kill it, if it lives."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def of_ours(server: Process, sql: str) -> int:
    """A number in the database of a server on PostgreSQL."""

    async def ask() -> int:
        connection = await asyncpg.connect(server.environ["FEDIMARK_DATABASE_URL"])
        try:
            return int(await connection.fetchval(sql))
        finally:
            await connection.close()

    return asyncio.run(ask())


def of_theirs(server: Process, sql: str) -> int:
    """A number in the database of a server on SQLite."""
    database = sqlite3.connect(server.folder / "data" / "fedimark.sqlite3")
    with closing(database):
        return int(database.execute(sql).fetchone()[0])


def test_two_workers_share_the_work_and_the_death_of_one_loses_and_doubles_nothing(shared, tmp_path: Path):
    with ExitStack() as running:
        a = running.enter_context(Born(tmp_path / "a", shared, ("--no-worker",)))
        peers = [running.enter_context(Born(tmp_path / name, AT_ONCE)) for name in "bc"]
        together(partial(a.account, "ana"), *(partial(peer.account, "bo") for peer in peers))
        workers = [running.enter_context(closing(Worker(a, name))) for name in ("one", "two")]
        for peer in peers:
            assert peer.run("follow", f"ana@{a.host}", "--user", "bo").returncode == 0
            assert a.run("follow", f"bo@{peer.host}", "--user", "ana").returncode == 0
        follows = "SELECT COUNT(*) FROM follow WHERE state = 'accepted'"
        until(lambda: of_ours(a, follows) == 2 * len(peers), PATIENCE_S)
        browsers = [a.signed_in("ana"), *(peer.signed_in("bo") for peer in peers)]
        pages = count()

        def everybody_saves() -> int:
            number = next(pages)
            for browser in browsers:
                page = f"https://{browser.base_url.port}.example/{number}"
                saved = browser.post("/add", data={"url": page, "title": "x", "visibility": "public"})
                assert saved.status_code == 303
            return number + 1

        def both_did_some() -> bool:
            everybody_saves()
            return all(worker.has("inbox.applied") and worker.has("delivery.done") for worker in workers)

        until(both_did_some, PATIENCE_S)
        workers[0].process.send_signal(signal.SIGKILL)
        amount = [everybody_saves() for _ in range(5)][-1]

        until(lambda: all(of_theirs(peer, FROM_ELSEWHERE) >= amount for peer in peers), PATIENCE_S)
        until(lambda: of_ours(a, FROM_ELSEWHERE) >= amount * len(peers) and not of_ours(a, WAITING), PATIENCE_S)
        assert [of_theirs(peer, FROM_ELSEWHERE) for peer in peers] == [amount] * len(peers)
        assert of_ours(a, FROM_ELSEWHERE) == amount * len(peers)
        workers[1].process.send_signal(signal.SIGTERM)
        assert workers[1].process.wait(timeout=PATIENCE_S) == 0
        logs = [worker.log.read_text() for worker in workers]
        assert not [log for log in logs if "Traceback" in log or "poison" in log]
