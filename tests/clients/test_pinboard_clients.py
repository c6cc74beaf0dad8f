"""Two of Pinboard's own clients, as people use them, against a real server: every call they have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection

import aiopinboard
import aiopinboard.api
import httpx
import pinboard
import pytest
from aiopinboard.errors import RequestError
from pinboard import pinboard as pinboard_client

from tests.support.commands import Born
from tests.support.processes import PASSWORD, Process

SQLITE = "https://sqlite.org/wal.html"
pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A server with an empty database."""
    with Born(tmp_path_factory.mktemp("served")) as served:
        yield served


def key_of(process: Process, name: str) -> str:
    """A key of somebody new, as the command line prints it."""
    process.account(name)
    made = process.run("account", "token", name)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_the_command_line_makes_keys_and_refuses_what_it_cannot_mean(process):
    key = key_of(process, "cleo")
    reader = process.run("account", "token", "cleo", "--scope", "read", "--scope", "feed", "--label", "reader")
    wrong = process.run("account", "token", "cleo", "--scope", "everything")
    nobody = process.run("account", "token", "nobody")

    assert key.startswith("cleo:")
    assert len(key) == len("cleo:") + 32
    add = {"auth_token": reader.stdout.strip(), "url": SQLITE, "description": "x"}
    assert httpx.get(f"{process.url}/v1/posts/add", params=add).status_code == 403
    assert (wrong.returncode, nobody.returncode) == (1, 1)
    assert "read, write" in wrong.stderr
    # What it served stands in its log, and no key.
    httpx.get(f"{process.url}/v1/posts/update", params={"auth_token": key})
    assert "/v1/" in process.log.read_text()
    assert key.partition(":")[2] not in process.log.read_text()


def test_pinboard_py_makes_all_its_calls(process, monkeypatch):
    monkeypatch.setattr(pinboard_client, "PINBOARD_API_ENDPOINT", f"{process.url}/v1/")
    client = pinboard.Pinboard(key_of(process, "ana"))
    at = datetime(2020, 9, 2, 3, 43, 26)

    assert client.posts.add(
        url=SQLITE, description="WAL", extended="Words", tags=["sql", "c++"], dt=at, shared=True, toread=True
    )
    assert client.posts.add(url="https://b.example/", description="B", shared=False)
    with pytest.raises(pinboard.PinboardError, match="item already exists"):
        client.posts.add(url=SQLITE, description="WAL", replace=False)
    assert isinstance(client.posts.update(), datetime)
    recent = client.posts.recent(count=1, tag=["sql"])
    assert (recent["date"], recent["user"]) == (at, "ana")
    (bookmark,) = recent["posts"]
    assert (bookmark.url, bookmark.tags, bookmark.shared, bookmark.toread) == (SQLITE, ["sql", "c++"], True, True)
    assert client.posts.get(dt=date(2020, 9, 2))["posts"] == [bookmark]
    assert client.posts.dates(tag="sql")["dates"] == {date(2020, 9, 2): 1}
    assert len(client.posts.all()) == 2
    assert client.posts.all(start=0, results=10, meta=True, fromdt=at.isoformat())[0].url == "https://b.example/"
    assert client.posts.suggest(url=SQLITE)[0].keys() == {"popular"}
    bookmark.description, before = "Write-Ahead Logging", bookmark.meta
    assert bookmark.save()
    (again,) = client.posts.get(url=SQLITE)["posts"]
    assert (again.time, again.description) == (at, "Write-Ahead Logging")
    assert again.meta != before
    assert [(tag.name, tag.count) for tag in client.tags.get()] == [("c++", 1), ("sql", 1)]
    assert client.tags.rename(old="SQL", new="database") == {"result": "done"}
    assert client.tags.delete(tag="c++") == {"result": "done"}
    assert [tag.name for tag in client.tags.get()] == ["database"]
    assert len(client.user.secret()["result"]) == 32
    assert client.token.endswith(client.user.api_token()["result"])
    assert client.notes.list() == {"count": 0, "notes": []}
    assert again.delete()
    with pytest.raises(pinboard.PinboardError, match="item not found"):
        client.posts.delete(url=SQLITE)
    with pytest.raises(pinboard.PinboardAuthenticationError):
        pinboard.Pinboard("ana:nothing").posts.update()


async def test_aiopinboard_makes_all_its_calls(process, monkeypatch):
    monkeypatch.setattr(aiopinboard.api, "API_URL_BASE", f"{process.url}/api/pinboard/v1")
    client = aiopinboard.API(key_of(process, "bo"))
    at = datetime(2020, 9, 2, 3, 43, 26, 123456, tzinfo=UTC)
    browser = process.signed_in("bo")
    written = browser.post("/notes/add", data={"title": "A note", "text": "Words of it"})
    browser.close()

    await client.bookmark.async_add_bookmark(
        SQLITE, "WAL", description="Words", tags=["sql", "c++"], created_datetime=at, shared=True, toread=True
    )
    await client.bookmark.async_add_bookmark("https://b.example/", "B")
    with pytest.raises(RequestError):
        await client.bookmark.async_add_bookmark(SQLITE, "WAL", replace=False)
    found = await client.bookmark.async_get_bookmark_by_url(SQLITE)
    assert found is not None
    assert (found.title, found.description, found.tags) == ("WAL", "Words", ["sql", "c++"])
    assert (found.unread, found.shared, found.last_modified) == (True, True, at.replace(microsecond=0))
    assert await client.bookmark.async_get_bookmark_by_url("https://nothing.example/") is None
    assert len(await client.bookmark.async_get_all_bookmarks()) == 2
    some = await client.bookmark.async_get_all_bookmarks(
        tags=["sql"], results=5, from_dt=at - timedelta(days=1), to_dt=at + timedelta(days=1)
    )
    assert some == [found]
    assert await client.bookmark.async_get_bookmarks_by_date(at.date(), tags=["c++"]) == [found]
    assert (await client.bookmark.async_get_dates())[at.date()] == 1
    assert [one.href for one in await client.bookmark.async_get_recent_bookmarks(count=10, tags=["sql"])] == [SQLITE]
    assert (await client.bookmark.async_get_last_change_datetime()).tzinfo is not None
    assert set(await client.bookmark.async_get_suggested_tags(SQLITE)) == {"popular", "recommended"}
    assert await client.tag.async_get_tags() == {"c++": 1, "sql": 1}
    await client.tag.async_rename_tag("sql", "database")
    await client.tag.async_delete_tag("c++")
    assert await client.tag.async_get_tags() == {"database": 1}
    (note,) = await client.note.async_get_notes()
    assert (note.note_id, note.title, note.length) == (written.headers["location"].rpartition("/")[2], "A note", 11)
    await client.bookmark.async_delete_bookmark(SQLITE)
    with pytest.raises(RequestError):
        await client.bookmark.async_delete_bookmark(SQLITE)
    with pytest.raises(RequestError):
        await aiopinboard.API("bo:nothing").tag.async_get_tags()


def test_a_request_of_sixty_thousand_bytes_is_taken_over_a_socket_and_a_password_opens(process):
    process.account("dora")
    words = "word+" * 12_000

    long = httpx.get(
        f"{process.url}/v1/posts/add?format=json&url={SQLITE}&description=x&extended={words}", auth=("dora", PASSWORD)
    )
    asking = HTTPConnection("127.0.0.1", process.port, timeout=30)
    asking.request("GET", f"/v1/posts/add?extended={'x' * 70_000}")
    too_long = asking.getresponse().status
    asking.close()

    assert long.text == '{"result_code":"done"}'
    assert too_long == 414
    everything = httpx.get(f"{process.url}/v1/posts/all?format=json", auth=("dora", PASSWORD)).json()
    assert len(everything[0]["extended"]) >= 59_999
