"""A person's public notes as feeds, in the formats that feed readers know."""

from __future__ import annotations

import feedparser
import httpx
import pytest

from fedimark.bookmarks import notes
from fedimark.bookmarks.draft import Owner
from fedimark.here import here
from tests.support.people import Person

FORMATS = ("rss", "atom", "json")


async def note(person: Person, title: str, text: str = "Words", *, is_public: bool = True) -> str:
    """A note of somebody's; gives its id."""
    return await notes.write_note(Owner.of(person.viewer), notes.read_words(title, text, is_public=is_public))


def titles(said: httpx.Response) -> list[str]:
    """The titles of a feed's entries, as another parser reads them."""
    if "json" in said.headers["content-type"]:
        return [entry["title"] for entry in said.json()["items"]]
    read = feedparser.parse(said.text)
    assert not read.bozo, read.get("bozo_exception")
    return [entry.title for entry in read.entries]


@pytest.mark.parametrize("form", FORMATS)
async def test_it_holds_what_strangers_find_on_the_page_whoever_asks(server, ana, clock, form):
    for title in ("One & <two>", "Three"):
        await note(ana, title, f"*Words* of {title}")
        clock.forward(seconds=60)
    await note(ana, "Hidden", "whisper", is_public=False)
    path = f"/u/ana/notes/feed.{form}"

    said = await server.client.get(path)

    assert titles(said) == ["Three", "One & <two>"]
    assert (await ana.browser.get(path)).text == said.text
    assert "whisper" not in said.text
    assert "Words</em>" in said.text.replace("&lt;", "<").replace("&gt;", ">")
    assert f'href="{path}"' in (await server.client.get("/u/ana/notes")).text
    known = await server.client.get(path, headers={"If-None-Match": said.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    clock.forward(seconds=60)
    await note(ana, "Four")
    assert (await server.client.get(path, headers={"If-None-Match": said.headers["etag"]})).status_code == 200


async def test_an_entry_leads_to_its_note_and_names_its_writer(server, ana):
    public_id = await note(ana, "One", "First <script>line</script>\n\n- a\n- b")

    [entry] = feedparser.parse((await server.client.get("/u/ana/notes/feed.atom")).text, sanitize_html=False).entries
    [item] = (await server.client.get("/u/ana/notes/feed.json")).json()["items"]

    address = f"https://a.example/u/ana/notes/{public_id}"
    assert (entry.id, entry.link, entry.author) == (address, address, "ana")
    assert (item["id"], item["url"], item["authors"]) == (
        address,
        address,
        [{"name": "ana", "url": "https://a.example/u/ana"}],
    )
    assert "external_url" not in item
    assert item["content_html"].strip() == entry.content[0].value
    assert "<li>a</li>" in item["content_html"]
    assert "<script" not in item["content_html"]


async def test_many_are_read_part_by_part_to_the_end(server, ana, clock):
    object.__setattr__(here().settings, "page_size", 2)
    for number in range(5):
        await note(ana, f"{number}")
        clock.forward(seconds=60)

    seen, place = [], "/u/ana/notes/feed.atom"
    while place:
        read = feedparser.parse((await server.client.get(place)).text)
        assert "complete" not in (await server.client.get(place)).text
        seen += [entry.title for entry in read.entries]
        place = next((link.href for link in read.feed.links if link.rel == "next"), "")

    assert seen == ["4", "3", "2", "1", "0"]


async def test_of_nobody_and_as_papers_there_is_none(server, ana):
    for path in ("/u/nobody/notes/feed.rss", "/u/ana/notes/feed.bib", "/u/ana/notes/feed.pdf"):
        assert (await server.client.get(path)).status_code == 404
    empty = await server.client.get("/u/ana/notes/feed.rss")
    assert (empty.status_code, titles(empty)) == (200, [])
    assert "<fh:complete/>" in empty.text
