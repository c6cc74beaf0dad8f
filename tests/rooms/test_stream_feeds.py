"""Every public stream as a feed: what strangers see on its page, in each format, valid for other people's parsers."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest

from fedimark.database import execute, fetch
from fedimark.text import urls
from fedimark.vocab.feeds import Feed, read_feed
from tests.stories.reading import Reading
from tests.support.counting import statements

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ATOM = "{http://www.w3.org/2005/Atom}"
HISTORY = "{http://purl.org/syndication/history/1.0}"
RSS1 = "{http://purl.org/rss/1.0/}"
PAGE = "https://sqlite.org/wal.html"
FORMATS = ("rss", "atom", "json")
HOSTILE = {
    "controls": "a\x01\x0b\x1b[31mb\x7fc",
    "the end of CDATA": "]]><script>alert(1)</script>",
    "markup": "<b>bold & \"quoted\" 'too'</b> &amp; &lt;",
    "an entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "right to left": "\u202emoc.live\u2066",
    "noncharacters": "x\ufffe\uffffy",
    "combining": "z" + "\u0301" * 50,
    "newlines": "one\r\ntwo\rthree\u2028four",
    "emoji": "👩‍👩‍👧‍👦 日本",
}


@pytest.fixture
async def world(server) -> Any:
    """Ana and bo, who save publicly and otherwise."""
    ana, bo = await server.sign_up("ana"), await server.sign_up("bo")
    await ana.save(
        PAGE, title="WAL & co", description="How it <works>.\n\nSee https://sqlite.org/.", tags="sql c++ .mine"
    )
    server.clock.forward(seconds=60)
    await bo.save(PAGE, title="Write-ahead", tags="sql")
    await ana.save("https://unlisted.example/", title="unlisted words", tags="sql", visibility="unlisted")
    await ana.save("https://followers.example/", title="followers words", tags="sql", visibility="followers")
    await ana.save("https://private.example/", title="private words", tags="sql", visibility="private")
    return server


STREAMS = {
    "/u/ana": ["unlisted words", "WAL & co"],
    "/u/ana/public": ["WAL & co"],
    "/u/ana/t/sql": ["unlisted words", "WAL & co"],
    "/u/ana/t/sql,c++": ["WAL & co"],
    "/t/sql": ["WAL & co"],
    "/t/c++": ["WAL & co"],
    "/t/sql,c++": ["WAL & co"],
    "/recent": ["WAL & co"],
    "/recent?from=here": ["WAL & co"],
    "/popular": ["WAL & co"],
    "/popular?in=day&tag=sql": ["WAL & co"],
    f"/url/{urls.link_hash(PAGE)}": ["Write-ahead", "WAL & co"],
}


def face(path: str, form: str) -> str:
    """The address of a stream's feed."""
    path, _, query = path.partition("?")
    return f"{path}/feed.{form}" + (f"?{query}" if query else "")


def titles(text: str, form: str) -> list[str]:
    """The titles of a feed's entries, as another parser reads them."""
    if form == "pinboard":
        return [entry["d"] for entry in json.loads(text)]
    if form == "json":
        return [entry["title"] for entry in json.loads(text)["items"]]
    read = feedparser.parse(text)
    assert not read.bozo, read.get("bozo_exception")
    return [entry.title for entry in read.entries]


def ours(text: str, media_type: str = "text/xml") -> Feed:
    """A feed as our own reader reads it, when somebody follows it."""
    return read_feed(text.encode(), media_type, "https://a.example/feed")


async def test_a_feed_holds_what_strangers_see_on_the_page_in_every_format(world):
    for path, expected in STREAMS.items():
        page = Reading((await world.browser().get(path)).text)
        offered = [link.get("href") for link in page.all("link") if link.get("rel") == "alternate"]
        for form in FORMATS:
            said = await world.client.get(face(path, form))
            assert (said.status_code, said.headers["cache-control"]) == (200, "no-cache"), path
            assert titles(said.text, form) == expected, path
            assert [entry.title for entry in ours(said.text, said.headers["content-type"]).entries] == expected, path
            assert face(path, form).partition("?")[0] in [href.partition("?")[0] for href in offered], path
            assert not [word for word in ("followers words", "private words", "mine") if word in said.text], path


async def test_a_feed_is_the_same_for_everybody_its_owner_too(world):
    for form in FORMATS:
        strangers, owners = [
            await browser.get(f"/u/ana/feed.{form}") for browser in (world.browser(), world.people["ana"].browser)
        ]

        assert owners.text == strangers.text
        assert owners.headers["cache-control"] == "no-cache"


NOWHERE = (
    "/u/nobody/feed.rss",
    "/u/ana/feed.txt",
    "/u/ana/private/feed.rss",
    "/u/ana/unread/feed.rss",
    "/u/ana/t/.mine/feed.rss",
    "/t/.mine/feed.rss",
    "/t/nothing/feed.rss",
    "/network/feed.rss",
    "/popular/feed.rss?in=year",
    "/url/0000/feed.rss",
)


async def test_what_is_nobodys_to_see_has_no_feed(world):
    told = {path: (await world.client.get(path)).status_code for path in NOWHERE}

    assert told == dict.fromkeys(NOWHERE, 404)
    own = (await world.people["ana"].browser.get("/u/ana/private")).text
    assert ("feed.atom" in own, "private, with a key" in own) == (False, True)
    assert "private, with a key" not in (await world.people["bo"].browser.get("/u/ana")).text


async def test_another_spelling_of_a_tag_leads_to_its_feed(world):
    moved = await world.client.get("/u/ana/t/SQL/feed.atom?count=1")

    assert (moved.status_code, moved.headers["location"]) == (308, "/u/ana/t/sql/feed.atom?count=1")


async def test_an_entry_says_who_saved_what_when_and_where_it_stands(world):
    [row] = await fetch("SELECT public_id FROM bookmark WHERE title = 'WAL & co'")
    note = f"https://a.example/u/ana/b/{row['public_id']}"

    atom = feedparser.parse((await world.client.get("/u/ana/public/feed.atom")).text)
    [one] = atom.entries
    assert (one.id, one.link, one.author) == (note, PAGE, "ana")
    assert [(tag.term, tag.scheme) for tag in one.tags] == [
        ("sql", "https://a.example/u/ana/t/"),
        ("c++", "https://a.example/u/ana/t/"),
    ]
    assert one.content[0].value.startswith("<p>How it &lt;works&gt;.</p>")
    assert '<a href="https://sqlite.org/"' in one.content[0].value
    assert atom.feed.id == atom.feed.link == "https://a.example/u/ana/public"

    [one] = json.loads((await world.client.get("/u/ana/public/feed.json")).text)["items"]
    assert (one["id"], one["url"], one["external_url"], one["tags"]) == (note, note, PAGE, ["sql", "c++"])
    assert one["content_text"] == "How it <works>.\n\nSee https://sqlite.org/."

    [one] = feedparser.parse((await world.client.get("/t/sql/feed.rss")).text).entries
    assert one.id == f"https://a.example/url/{urls.link_hash(PAGE)}" == one.comments
    assert [author.name for author in one.authors] == ["ana", "bo"]


@pytest.mark.parametrize("path", ["/u/ana/feed.rss", "/rss/u:ana/", "/json/u:ana/", "/json/u:ana/?cb=shown"])
async def test_who_has_a_feed_already_is_told_so_without_it_being_drawn(world, path):
    await has_it_already(world, path)


async def has_it_already(world: Any, path: str) -> None:
    """Ask again with what a feed was told by, then after each change."""
    first = await world.client.get(path)
    etag, changed = first.headers["etag"], first.headers["last-modified"]

    for brought in ({"if-none-match": f'"x", W/{etag}'}, {"if-modified-since": changed}, {"if-none-match": "*"}):
        again = await world.client.get(path, headers=brought)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    # What a reader did not ask with decides nothing
    both = {"if-none-match": '"another"', "if-modified-since": changed}
    assert (await world.client.get(path, headers=both)).status_code == 200

    # When one of them is said anew, when one goes
    world.clock.forward(seconds=60)
    await world.people["ana"].edit(PAGE, description="Other words.")
    edited = await world.client.get(path, headers={"if-none-match": etag})
    await world.people["ana"].remove(PAGE)
    removed = await world.client.get(path, headers={"if-none-match": edited.headers["etag"]})
    assert [edited.status_code, removed.status_code] == [200, 200]
    assert edited.headers["last-modified"] != changed


async def test_a_mark_of_its_owner_changes_nothing_of_a_feed(world):
    before = await world.client.get("/u/ana/feed.atom")

    await execute("UPDATE bookmark SET starred = TRUE, to_read = TRUE")

    assert (await world.client.get("/u/ana/feed.atom")).text == before.text


async def test_hostile_words_stay_words_in_valid_documents(server):
    ana = await server.sign_up("ana")
    for number, words in enumerate(HOSTILE.values()):
        server.clock.forward(seconds=1)
        await ana.save(f"https://{number}.example/?q=[]&x='\"", title=words, description=words, tags="]]> <b>&")
    kept = [row["title"] for row in await fetch("SELECT title FROM bookmark ORDER BY saved_at DESC")]

    for form in FORMATS:
        text = (await server.client.get(f"/u/ana/feed.{form}")).text
        assert len(ours(text, "application/json" if form == "json" else "text/xml").entries) == len(kept)
        if form == "json":
            assert [entry["title"] for entry in json.loads(text)["items"]] == kept
        else:
            name = "title" if form == "rss" else f"{ATOM}title"
            assert [title.text for title in ElementTree.fromstring(text).iter(name)][1:] == kept
    assert len(feedparser.parse((await server.client.get("/u/ana/feed.rss")).text).entries) == len(kept)


async def test_what_no_link_may_lead_to_is_said_and_not_linked(server):
    ana = await server.sign_up("ana")
    saved = await ana.save("javascript:alert(1)", title="a bookmarklet")

    for form in FORMATS:
        text = (await server.client.get(f"/u/ana/feed.{form}")).text
        assert "javascript:alert(1)" in text
        if form != "json":
            [one] = feedparser.parse(text).entries
            assert one.link == f"https://a.example/u/ana/b/{saved.public_id}"


async def test_a_long_stream_is_read_to_its_end_part_by_part(server):
    ana = await server.sign_up("ana")
    for number in range(7):
        server.clock.forward(seconds=60)
        await ana.save(f"https://{number}.example/", title=str(number))

    for form in FORMATS:
        found, seen, path = [], [], f"/u/ana/feed.{form}?count=3"
        while path:
            text = (await server.client.get(path)).text
            found += titles(text, form)
            seen.append(len(found))
            if form == "json":
                path = json.loads(text).get("next_url", "")
            else:
                links = {link.rel: link.href for link in feedparser.parse(text).feed.links}
                assert links["self"].startswith(f"https://a.example/u/ana/feed.{form}?count=3")
                assert ("previous" in links, "complete" in text) == (len(seen) > 1, False)
                path = links.get("next", "")
        assert (found, seen) == (list("6543210"), [3, 6, 7]), form


@pytest.mark.parametrize(("path", "form"), [("/rss/u:ana/t:c%2B%2B/", "rss"), ("/json/v1/u:ana/t:c++", "pinboard")])
async def test_pinboards_feeds_are_read_to_their_end_part_by_part_too(server, path, form):
    ana = await server.sign_up("ana")
    for number in range(7):
        server.clock.forward(seconds=60)
        await ana.save(f"https://{number}.example/", title=str(number), tags="C++")
    here = f"https://a.example/{'rss' if form == 'rss' else 'json'}/u:ana/t:c++/"

    found, seen, asked = [], [], f"{path}?count=3"
    while asked:
        said = await server.client.get(asked)
        found += titles(said.text, form)
        seen.append(len(found))
        links = pinboards_links(said, form)
        assert links["self"].startswith(f"{here}?count=3")
        assert links["first"] == f"{here}?count=3"
        assert ("previous" in links, "complete" in said.text) == (len(seen) > 1, False)
        asked = links.get("next", "")
    assert (found, seen) == (list("6543210"), [3, 6, 7])


def pinboards_links(said: Any, form: str) -> dict[str, str]:
    """The addresses that a feed of Pinboard's names, by their relation; JSON has a header alone for them."""
    assert ("link" in said.headers) is (form == "pinboard")
    if form == "pinboard":
        return {rel: link["url"] for rel, link in said.links.items()}
    channel = ElementTree.fromstring(said.text).find(f"{RSS1}channel")
    assert channel is not None
    assert {link.get("type") for link in channel.findall(f"{ATOM}link")} <= {"application/rdf+xml", None}
    return {link.get("rel", ""): link.get("href", "") for link in channel.findall(f"{ATOM}link")}


async def test_a_script_of_pinboards_goes_on_as_one(server):
    ana = await server.sign_up("ana")
    for number in range(2):
        server.clock.forward(seconds=60)
        await ana.save(f"https://{number}.example/", title=str(number))

    first = await server.client.get("/json/u:ana?cb=shown&count=1")
    older = await server.client.get(first.links["next"]["url"])

    assert older.text.startswith('/**/shown([{"u":"https://0.example/"')
    assert "next" not in older.links


async def test_a_feed_that_is_all_of_its_stream_says_so(world):
    root = ElementTree.fromstring((await world.client.get("/u/ana/feed.atom")).text)

    assert root.find(f"{HISTORY}complete") is not None
    assert [link.get("rel") for link in root.findall(f"{ATOM}link")] == ["alternate", "self", "first"]
    channel = ElementTree.fromstring((await world.client.get("/rss/u:ana/")).text).find(f"{RSS1}channel")
    assert channel is not None
    assert channel.find(f"{HISTORY}complete") is not None
    assert "next" not in (await world.client.get("/json/u:ana/")).links


async def test_a_count_that_is_none_is_that_of_a_page(world):
    for count in ("0", "-1", "x", "1e3", "99999999999", "٣"):
        assert len(titles((await world.client.get(f"/u/ana/feed.rss?count={count}")).text, "rss")) == 2


async def test_a_feed_takes_as_many_statements_however_long_it_is(server):
    ana = await server.sign_up("ana")

    async def asked() -> dict[str, int]:
        counted = {}
        for path in ("/u/ana", "/u/ana/t/sql", "/t/sql", "/recent", f"/url/{urls.link_hash('https://0.example/')}"):
            with statements() as count:
                assert (await server.client.get(f"{path}/feed.atom")).status_code == 200
            counted[path] = len(count)
        return counted

    await ana.save("https://0.example/", tags="sql")
    few = await asked()
    for number in range(1, 12):
        await ana.save(f"https://{number}.example/", tags="sql")

    assert await asked() == few
    assert max(few.values()) <= 6, few


async def test_papers_of_a_stream_are_told_as_bibtex(server):
    ana = await server.sign_up("ana")
    await ana.save("https://arxiv.org/pdf/1706.03762v5", title="[1706.03762] Attention {is} 100% $all$", tags="nn c_d")
    await ana.save("https://doi.org/10.1000/A(b)_c", title="By \\DOI }")
    await ana.save("https://pubmed.ncbi.nlm.nih.gov/12345/", title="A study")
    await ana.save("https://arxiv.org/", title="no paper")
    await ana.save("https://arxiv.org/abs/2401.00001", title="hidden paper", visibility="private")

    said = await server.client.get("/u/ana/feed.bib")

    assert said.headers["content-type"] == "application/x-bibtex; charset=utf-8"
    assert said.text.count("@misc{") == 3
    assert said.text.endswith(
        "@misc{arxiv:1706.03762,\n"
        "  title = {{Attention \\textbraceleft{}is\\textbraceright{} 100\\% \\$all\\$}},\n"
        "  eprint = {1706.03762},\n"
        "  archiveprefix = {arXiv},\n"
        "  url = {https://arxiv.org/abs/1706.03762},\n"
        "  urldate = {2026-03-01},\n"
        "  keywords = {nn, c\\_d}\n}\n"
    )
    assert "doi = {10.1000/a(b)_c}" in said.text
    assert said.text.count("{") == said.text.count("}")
    assert "  eprint = {12345},\n  eprinttype = {pubmed}" in said.text


async def test_feeds_name_a_hub_where_the_admin_chose_one(server, fleet):
    assert "hub" not in (await server.client.get("/recent/feed.atom")).text
    other = await fleet.server("b.example", websub_hub="https://hub.example/?a=1&b=2")

    atom, rss, told = [(await other.client.get(f"/recent/feed.{form}")).text for form in ("atom", "rss", "json")]
    older, linkdings = [(await other.client.get(path)).text for path in ("/rss/recent/", "/feeds/shared")]

    for text in (atom, rss, older, linkdings):
        [hub] = [link.href for link in feedparser.parse(text).feed.links if link.rel == "hub"]
        assert hub == "https://hub.example/?a=1&b=2"
    assert json.loads(told)["hubs"] == [{"type": "WebSub", "url": "https://hub.example/?a=1&b=2"}]
    links = (await other.client.get("/json/recent/")).links
    assert (links["hub"]["url"], links["self"]["url"]) == (
        "https://hub.example/?a=1&b=2",
        "https://b.example/json/recent/",
    )
