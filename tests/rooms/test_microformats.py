"""Other programs read our pages as people do: with a parser of microformats that is not ours. (microformats2)"""

from __future__ import annotations

from typing import Any

import mf2py
import pytest

from fedimark.text import urls

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGE = "https://sqlite.org/wal.html"
WORDS = "How a log works.\nSee https://sqlite.org/ too."


def parsed(html: str, path: str) -> list[dict[str, Any]]:
    """The top-level things of a page."""
    found: list[dict[str, Any]] = mf2py.parse(html, url=f"https://a.example{path}")["items"]
    return found


@pytest.fixture
async def saved(server, ana):
    """A bookmark of ana's, who says of herself who she is; and of bo's."""
    form = {"name": "Ana Lima", "bio": "I save.", "visibility": "public", "time_zone": "UTC"}
    await ana.browser.post("/settings", data=form)
    bo = await server.sign_up("bo")
    await bo.save(PAGE, title="WAL", tags="log")
    return await ana.save(PAGE, title="Write-ahead log", description=WORDS, tags="sql c++")


async def test_every_list_is_a_feed_of_entries(server, ana, saved):
    link = f"/url/{urls.link_hash(urls.canonical(PAGE))}"
    for path in ("/u/ana", "/u/ana/t/sql", "/recent", "/t/sql", link, "/"):
        feed = parsed((await server.browser().get(path)).text, path)[0]

        assert feed["type"] == ["h-feed"], path
        assert feed["properties"]["name"][0], path
        entries = [one for one in feed["children"] if one["type"] == ["h-entry"]]
        assert entries, path
        for one in entries:
            said = one["properties"]
            assert said["bookmark-of"] == [PAGE], path
            assert said["name"][0] in ("WAL", "Write-ahead log"), path
            assert said["url"][0].startswith("https://a.example/u/"), path
            assert said["published"], path
            [author] = said.get("author") or feed["properties"]["author"]
            assert author["type"] == ["h-card"], path
            assert author["properties"]["url"][0] in ("https://a.example/u/ana", "https://a.example/u/bo"), path


async def test_a_bookmark_is_an_entry_with_all_it_says(server, ana, saved):
    entry = parsed((await server.browser().get(saved.path)).text, saved.path)[0]

    said = entry["properties"]
    assert entry["type"] == ["h-entry"]
    assert (said["bookmark-of"], said["name"]) == ([PAGE], ["Write-ahead log"])
    assert said["category"] == ["sql", "c++"]
    assert said["url"] == [f"https://a.example{saved.path}"]
    assert said["summary"][0].startswith("How a log works.")


async def test_the_author_of_what_one_person_saved_is_said_once_for_all_of_it(server, ana, saved):
    # Given what programs do with an entry that names nobody: its author is the feed's (authorship-spec)
    bo = server.people["bo"]
    await ana.save("https://b.example/", title="Read me", to_read=True)
    await server.settle()
    server.clock.forward(days=40)

    # Then that is whose page it is, with a profile and without, on all pages of one person alone
    whose = (
        ("/u/ana", "ana", "Ana Lima"),
        ("/u/ana/t/sql", "ana", "Ana Lima"),
        ("/u/bo", "bo", "bo"),
        ("/u/bo/t/log", "bo", "bo"),
        ("/u/bo/day/2026-03-01", "bo", "bo"),
    )
    for path, name, shown in whose:
        await _by_the_feed(server.browser(), path, name, shown)
    await _by_the_feed(ana.browser, "/again", "ana", "Ana Lima")
    await _by_the_feed(bo.browser, "/search?q=wal&in=mine", "bo", "bo")


async def _by_the_feed(browser: Any, path: str, name: str, shown: str) -> None:
    feed = parsed((await browser.get(path)).text, path)[0]
    entries = [one for one in feed["children"] if one["type"] == ["h-entry"]]
    [card] = feed["properties"]["author"]

    assert entries, path
    assert not [one for one in entries if "author" in one["properties"]], path
    assert card["properties"]["url"][0] == f"https://a.example/u/{name}", path
    assert card["properties"]["name"] == [shown], path


async def test_a_person_who_gave_no_name_has_their_handles(server, ana):
    await ana.browser.post("/settings", data={"bio": "I save.", "visibility": "public", "time_zone": "UTC"})
    await ana.save(PAGE, title="WAL")

    card = parsed((await server.browser().get("/u/ana")).text, "/u/ana")[0]["properties"]["author"][0]

    assert (card["properties"]["name"], card["properties"]["note"]) == (["ana"], ["I save."])


async def test_a_person_is_a_card(server, ana, saved):
    feed = parsed((await server.browser().get("/u/ana")).text, "/u/ana")[0]

    card = feed["properties"]["author"][0]

    assert feed["properties"]["name"] == ["ana"]
    assert card["properties"]["name"] == ["Ana Lima"]
    assert card["properties"]["url"] == card["properties"]["uid"] == ["https://a.example/u/ana"]
    assert card["properties"]["note"] == ["I save."]


async def test_a_reply_says_what_it_answers(server, ana, saved):
    bo = server.people["bo"]
    said = {"about": f"https://a.example{saved.path}", "words": "Well said.", "kind": "reply"}
    path = (await bo.browser.post("/say", data=said)).headers["location"]

    entry = parsed((await server.browser().get(path)).text, path)[0]

    assert entry["properties"]["in-reply-to"] == [f"https://a.example{saved.path}"]
    assert entry["properties"]["content"] == ["Well said."]
