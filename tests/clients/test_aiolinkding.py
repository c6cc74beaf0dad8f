"""aiolinkding, a client of linkding's API as people use it, against a server over a socket: every call it has."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from fedimark.accounts.tokens import USUAL, Scope
from fedimark.database import fetch_one
from fedimark.policy.visibility import Visibility
from tests.rooms.strangers import told
from tests.rooms.test_delivery import INBOX, follower
from tests.rooms.test_tellings import arrived, said
from tests.support.people import Person
from tests.support.programs import PATIENCE_S, key_of, listening

PAGE = "https://page.example/"
_ROOT = Path(__file__).parents[2]
_PYTHON = _ROOT / ".venv-clients" / "bin" / "python"  # its dependencies cannot stand beside ours


class Client:
    """aiolinkding in a process of its own, spoken to in lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def call(self, name: str, **arguments: Any) -> Any:
        """Make a call; gives what it answered, or the name of the error it raised as `{"error": …}`."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([name, arguments]).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        answer = json.loads(line)
        return answer.get("said", answer)


@asynccontextmanager
async def client_of(person: Person, scopes: Scope = USUAL, base: str = "") -> AsyncIterator[Client]:
    """The client with a key of somebody's, at their server."""
    if not (_PYTHON.parent.parent / ".ready").exists():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("aiolinkding is not there: `make clients`")
    key = (await key_of(person, scopes)).rpartition(":")[2]
    async with listening(person.server.asgi) as url:
        script = Path(__file__).with_name("aiolinkding_lines.py")
        process = await asyncio.create_subprocess_exec(
            _PYTHON, script, url + base, key, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            yield Client(process)
        finally:
            assert process.stdin
            process.stdin.close()
            await process.wait()


@pytest.mark.parametrize("base", ["", "/linkding"])
async def test_aiolinkding_makes_all_its_calls(ana, base):
    async with client_of(ana, base=base) as client:
        made = await client.call(
            "bookmarks.async_create",
            url=PAGE,
            title="A page",
            description="Words",
            notes="whisper",
            tag_names=["sql", "c++"],
            unread=True,
            shared=True,
        )
        put_away = await client.call("bookmarks.async_create", url="https://old.example/", title="O", is_archived=True)

        assert (made["url"], made["title"], made["description"], made["notes"]) == (PAGE, "A page", "Words", "whisper")
        assert (made["tag_names"], made["unread"], made["shared"], made["is_archived"]) == (
            ["c++", "sql"],
            True,
            True,
            False,
        )
        assert await client.call("bookmarks.async_get_single", bookmark_id=made["id"]) == made
        await ana.server.settle()
        listed = await client.call("bookmarks.async_get_all", query="#sql", limit=5)
        assert (listed["count"], listed["results"], listed["next"]) == (1, [made], None)
        assert (await client.call("bookmarks.async_get_all", offset=1))["results"] == []
        archived = await client.call("bookmarks.async_get_archived")
        assert [one["id"] for one in archived["results"]] == [put_away["id"]]
        assert await client.call("bookmarks.async_archive", bookmark_id=made["id"]) is None
        assert (await client.call("bookmarks.async_get_archived", query="#sql"))["count"] == 1
        assert await client.call("bookmarks.async_unarchive", bookmark_id=made["id"]) is None
        changed = await client.call(
            "bookmarks.async_update", bookmark_id=made["id"], title="Another", tag_names=["x"], shared=True
        )
        assert (changed["title"], changed["tag_names"], changed["notes"]) == ("Another", ["x"], "whisper")
        tags = await client.call("tags.async_get_all", limit=10)
        assert [tag["name"] for tag in tags["results"]] == ["x"]
        assert (await client.call("tags.async_get_single", tag_id=tags["results"][0]["id"]))["name"] == "x"
        # It names the field wrongly, and is told so by the original too.
        assert await client.call("tags.async_create", tag_name="new") == {"error": "RequestError"}
        assert (await client.call("user.async_get_profile"))["enable_sharing"] is True
        assert await client.call("bookmarks.async_delete", bookmark_id=made["id"]) is None
        assert await client.call("bookmarks.async_get_single", bookmark_id=made["id"]) == {
            "error": "UnknownEndpointError"
        }
        assert (await client.call("bookmarks.async_get_all"))["count"] == 0


async def test_a_key_that_may_not_is_told_so(ana):
    async with client_of(ana, Scope.FEED) as client:
        assert await client.call("bookmarks.async_get_all") == {"error": "RequestError"}


async def test_its_change_of_a_public_bookmark_leads_to_no_delete(server, ana):
    await follower({"id": ana.viewer.actor_id}, "bob", "https://b.example/u/bob/inbox", INBOX)
    async with client_of(ana) as client:
        made = await client.call("bookmarks.async_create", url=PAGE, title="Old", shared=True)
        await told()
        assert [kind for kind, _ in await said()] == ["Create"]
        await arrived()

        changed = await client.call("bookmarks.async_update", bookmark_id=made["id"], title="New")  # says shared: false
        await told()
        server.clock.forward(seconds=601)
        await server.settle()

    assert (changed["title"], changed["shared"]) == ("New", True)
    assert [kind for kind, _ in await said()] == ["Update"]
    row = await fetch_one("SELECT visibility FROM bookmark WHERE id = ?", made["id"])
    assert row["visibility"] == Visibility.PUBLIC
