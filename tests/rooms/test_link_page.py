"""The page of a link: everybody known to have saved it, who was first, its tags, words, and who copied from whom."""

from __future__ import annotations

from typing import Any

import pytest

from fedimark import addresses
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.remove import remove_bookmark
from fedimark.database import execute, fetch, write
from fedimark.moderation import mutes, people
from fedimark.text import urls
from fedimark.timelines.entries import Entry, Person
from fedimark.timelines.found import find
from fedimark.timelines.link import with_sources
from fedimark.timelines.merge import follow_began
from fedimark.timelines.savers import own_entries
from fedimark.timelines.stream import LinkStream
from fedimark.web.pages import also, on_sites
from tests.stories.reading import Reading
from tests.support.counting import statements
from tests.support.savers import befriend, entries, remote_actor, remote_save, row_of, save, saver

PAGE = "https://sqlite.org/wal.html"
LINK = LinkStream(urls.link_hash(urls.canonical(PAGE)))
PATH = f"/url/{LINK.hash}"


@pytest.fixture
async def ana(server) -> Any:
    """Somebody with a browser."""
    return await server.sign_up("ana")


async def seen(browser: Any, path: str = PATH) -> Reading:
    """The page as somebody sees it."""
    answer = await browser.get(path)
    assert answer.status_code == 200
    return Reading(answer.text)


def tags_of(page: Reading) -> dict[str, int]:
    """The tags at the side, in their order, with of how many people."""
    sides = page.all("aside")
    return {row.all("a")[-1].text: int(row.one(kind="n").text) for row in sides[0].all("li")} if sides else {}


def lines_of(page: Reading) -> list[str]:
    """What the page says of each saver."""
    return [entry.one(kind="lead").text for entry in page.all("li", "h-entry")]


async def copied(source: str, **values: Any) -> None:
    """Let the bookmark of somebody else's say what it was copied from."""
    which = " AND ".join(f"{name} = ?" for name in values)
    sql = f"UPDATE bookmark SET via = ?, via_hash = ? WHERE {which}"
    await execute(sql, source, addresses.uri_hash(source), *values.values())


async def test_everybody_who_saved_it_here_and_elsewhere_stands_there_in_their_own_words(ana, server):
    bo = await saver("bo")
    await save(bo, PAGE, "sql", title="Bo’s title", description="Bo’s words.", saved_at=3_000_000)
    dee = await remote_actor("dee", "b.example")
    said = {"title": "Dee’s title", "description": "Dee’s words."}
    await remote_save(dee, 1, f"{PAGE}#x", saved_at=2_000_000, tags="db", **said)
    await remote_save(await remote_actor("shy", "c.example"), 1, PAGE, saved_at=1_000_000, listed=False)

    page = await seen(server.client)

    assert [line.partition(" ")[0] for line in lines_of(page)] == ["bo", "dee@b.example"]
    assert page.one(kind="under").text.strip().startswith("2 savers on 2 servers, first saved by dee@b.example")
    for words in ("Bo’s words.", "Dee’s words.", "Bo’s title", "Dee’s title", f"as {PAGE}"):
        assert words in page.one("main").text
    assert "shy" not in page.one("main").text


async def test_a_line_that_is_kept_follows_what_the_page_above_it_is_called(ana, server):
    bo = await server.sign_up("bo")
    await bo.save(PAGE, title="WAL")
    await ana.save(PAGE, title="Mine")

    def titles(page: Reading) -> dict[str, list[str]]:
        lines = page.all("li", "h-entry")
        return {one.one(kind="p-author").text: [e.text for e in one.all("p", "p-name")] for one in lines}

    # Each stands under the reader's own title, and says its own where that is another
    assert titles(await seen(ana.browser)) == {"ana": [], "bo": ["WAL"]}
    await ana.edit(PAGE, title="WAL")
    assert titles(await seen(ana.browser)) == {"ana": [], "bo": []}
    assert titles(await seen(bo.browser)) == {"ana": [], "bo": []}
    await ana.edit(PAGE, title="Other")
    assert titles(await seen(ana.browser)) == {"ana": [], "bo": ["WAL"]}
    assert titles(await seen(bo.browser)) == {"ana": ["Other"], "bo": []}


async def test_tags_stand_in_the_order_of_how_many_people_gave_them(ana, server):
    for name, words in (("bo", "sql logs"), ("cy", "sql"), ("di", "SQL .hidden")):
        await save(await saver(name), PAGE, words)
    spammer = await saver("spam")
    for number in range(3):
        await save(spammer, f"{PAGE}#{number}", "buy")
    await ana.save(PAGE, tags="mine .own", visibility="private")

    assert tags_of(await seen(server.client)) == {"sql": 3, "buy": 1, "logs": 1}
    assert tags_of(await seen(ana.browser)) == {"sql": 3, ".own": 1, "buy": 1, "logs": 1, "mine": 1}


async def test_whom_the_viewer_mutes_stands_nowhere_on_it(ana):
    await save(await saver("bo"), PAGE, "bos", description="Bo’s words.")
    await save(await saver("cy"), PAGE, "cys")

    await mutes.mute(ana.viewer, "bo")

    page = await seen(ana.browser)
    assert "bo" not in page.one("main").text.split()
    assert page.one(kind="under").all("span")[-1].text.startswith("1 saver, first saved by cy")
    assert tags_of(page) == {"cys": 1}


# --- who copied from whom -------------------------------------------------------------------------------------------


async def test_the_trail_says_who_copied_from_whom_here_and_elsewhere(ana, server):
    bo = await saver("bo")
    ours = await save(bo, PAGE, saved_at=1_000_000)
    dee, eve = await remote_actor("dee", "b.example"), await remote_actor("eve", "c.example")
    first = await remote_save(dee, 1, PAGE, saved_at=2_000_000)
    second = await remote_save(eve, 1, PAGE, saved_at=3_000_000)
    await copied(f"https://a.example/u/bo/b/{ours.public_id}", id=first["id"])
    await copied(first["uri"], id=second["id"])

    page = await seen(server.client)

    eves, dees, bos = page.all("li", "h-entry")
    assert "copied from dee@b.example" in eves.one(kind="lead").text
    assert "copied from bo" in dees.one(kind="lead").text
    assert "copied" not in bos.text
    assert [a.get("href") for a in eves.all("a") if a.text == "dee@b.example"] == [first["uri"]]
    assert [a.get("href") for a in dees.all("a") if a.text == "bo"] == [f"/u/bo/b/{ours.public_id}"]


async def test_what_is_gone_before_a_page_is_whole_is_left_out_of_it(ana, server):
    for number, name in enumerate(("dee", "eve", "fay")):
        await remote_save(await remote_actor(name, "b.example"), 1, PAGE, saved_at=1_000_000 + number)
    found = await find(LINK, ana.viewer)
    saves = await fetch("SELECT b.*, NULL AS local_name FROM bookmark b ORDER BY b.id")
    await execute("DELETE FROM bookmark WHERE id = ?", saves[1]["id"])

    shown = await with_sources(found, saves, await own_entries(saves, ana.viewer.actor_id, is_owner=False))

    assert [entry.saver.username for entry in shown] == ["dee", "fay"]


@pytest.mark.parametrize("visibility", ["private", "followers", "unlisted"])
async def test_an_edge_is_shown_only_to_who_sees_both_ends(ana, server, visibility):
    bo = await saver("bo")
    ours = await save(bo, PAGE, "", visibility, saved_at=1_000_000)
    copy = await remote_save(await remote_actor("dee", "b.example"), 1, PAGE, saved_at=2_000_000)
    await copied(f"https://a.example/u/bo/b/{ours.public_id}", id=copy["id"])

    for browser in (ana.browser, server.client):
        assert "copied" not in (await browser.get(PATH)).text
    await befriend(ana.viewer, bo)
    sees = visibility != "private"
    assert ("copied from" in (await ana.browser.get(PATH)).text) == sees


async def test_a_copy_outlives_its_source_and_what_came_later_is_nobodys_source(ana, server):
    bo = await saver("bo")
    ours = await save(bo, PAGE)
    dee = await remote_actor("dee", "b.example")
    copy = await remote_save(dee, 1, PAGE, saved_at=(await row_of(bo, ours))["saved_at"] + 1)
    older = await remote_save(await remote_actor("eve", "c.example"), 1, PAGE, saved_at=5)
    await copied(f"https://a.example/u/bo/b/{ours.public_id}", id=copy["id"])
    await copied(copy["uri"], id=older["id"])
    assert (await server.client.get(PATH)).text.count("copied from") == 1

    await remove_bookmark(Owner.of(bo), ours.public_id)

    page = await seen(server.client)
    assert [line.partition(" ")[0] for line in lines_of(page)] == ["dee@b.example", "eve@c.example"]
    assert "copied" not in page.text


@pytest.mark.parametrize("source", ["https://a.example/u/cy/b/{id}", "https://b.example/u/bo/b/{id}", "https://[", "x"])
async def test_a_source_that_is_another_name_for_it_is_none(ana, server, source):
    bo = await saver("bo")
    await saver("cy")
    ours = await save(bo, PAGE, saved_at=1_000_000)
    copy = await remote_save(await remote_actor("dee", "b.example"), 1, PAGE, saved_at=2_000_000)
    await copied(source.format(id=ours.public_id), id=copy["id"])

    assert "copied" not in (await server.client.get(PATH)).text


# --- one click away -------------------------------------------------------------------------------------------------


async def test_every_merged_entry_leads_to_everybodys_words(ana, server):
    bo, cy = await saver("bo"), await saver("cy")
    await befriend(ana.viewer, bo)
    await save(bo, PAGE, "sql", description="Bo’s words.")
    await save(cy, PAGE, "sql", description="Cy’s words.")

    for path in ("/network", "/recent", "/t/sql", "/popular", "/u/bo"):
        entry = (await seen(ana.browser, path)).one("li", "h-entry")
        assert PATH in [a.get("href") for a in entry.one(kind="title").all("a")], path
        assert "Cy’s words." not in entry.text
    assert "Cy’s words." in (await seen(ana.browser)).one("main").text


def entry_of(savers: int, sites: int, named: int) -> Entry:
    """An entry with as many savers, of whom some beside the first can be named."""
    names = [Person(name, "", name, f"/u/{name}") for name in ("ana", "bo", "cy", "di")]
    given = {"saver_count": savers, "site_count": sites, "saver": names[0], "others": tuple(names[1 : named + 1])}
    texts = dict.fromkeys(("link_hash", "url", "canonical", "host", "title", "description", "permalink", "note"), "")
    return Entry(**texts, tags=(), at=0, saved_at=0, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("counted", "people", "more", "on"),
    [
        ((1, 1, 0), [], 0, ""),
        ((2, 1, 1), ["bo"], 0, ""),
        ((2, 2, 1), ["bo"], 0, " on 2 servers"),
        ((3, 1, 2), ["bo", "cy"], 0, ""),
        ((4, 3, 3), ["bo"], 2, " on 3 servers"),
        ((5, 4, 3), ["bo"], 3, " on 4 servers"),
        ((2, 2, 0), [], 1, " on 2 servers"),  # the other one cannot be named: they were removed a moment ago
        ((1_204, 340, 3), ["bo"], 1_202, " on 340 servers"),
    ],
)
def test_savers_are_named_and_counted_in_words(counted, people, more, on):
    entry = entry_of(*counted)

    found = also(entry)

    assert ([person.username for person in found.people], found.more, on_sites(entry)) == (people, more, on)


async def test_the_line_reads_as_a_sentence(ana, server):
    for name in ("bo", "cy", "di", "ed"):
        who = await saver(name)
        await befriend(ana.viewer, who)
        await save(who, PAGE)
    await remote_save(await remote_actor("dee", "b.example"), 1, PAGE, saved_at=9_000_000_000_000_000)

    line = (await seen(ana.browser, "/network")).one("div", "line").all("span")[0]

    assert line.text == "bo, cy and 3 others on 2 servers"
    assert PATH in [a.get("href") for a in line.all("a")]
    await ana.browser.post("/network/leave", data={"who": "ed"})
    await people.block(ana.viewer, "di")
    await people.block(ana.viewer, "ed")
    assert (await seen(ana.browser, "/network")).one("div", "line").all("span")[
        0
    ].text == "bo, cy, dee@b.example on 2 servers"


# --- cost -----------------------------------------------------------------------------------------------------------


async def test_many_savers_come_page_by_page_and_cost_no_more(ana, server):
    dee = await remote_actor("dee", "b.example")
    await remote_save(dee, 1, PAGE, saved_at=1_000)
    with statements() as few:
        await seen(ana.browser)
    for number in range(2, 36):
        actor = await remote_actor(f"p{number}", f"h{number}.example")
        await remote_save(actor, 1, PAGE, saved_at=1_000 * number, tags=f"t{number} all")

    with statements() as many:
        first = await seen(ana.browser)
    found, path = lines_of(first), first.one("nav", "pager").one("a").get("href")
    found += lines_of(await seen(ana.browser, PATH + path))

    assert len(many) == len(few)
    assert len(found) == len(set(found)) == 35
    assert tags_of(first)["all"] == 34


async def test_a_mention_by_somebody_followed_says_that_it_is_one(ana):
    dee = await remote_actor("dee", "b.example")
    async with write():
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
        await execute(sql, ana.viewer.actor_id, dee)
        await follow_began(ana.viewer.actor_id, dee)
    await save(await saver("bo"), PAGE, saved_at=1_000_000)
    await remote_save(dee, 1, PAGE, saved_at=2_000_000, is_save=False, listed=False)

    page = await seen(ana.browser)

    assert ["mentions it" in line for line in lines_of(page)] == [True, False]
    assert "1 saver, first saved by bo" in page.one(kind="under").text
    assert len(await entries(LINK, ana.viewer)) == 2


async def test_a_note_that_only_mentions_a_page_is_called_a_note(ana):
    dee = await remote_actor("dee", "b.example")
    async with write():
        sql = "INSERT INTO follow (follower_id, target_id, state, created_at) VALUES (?, ?, 'accepted', 1)"
        await execute(sql, ana.viewer.actor_id, dee)
        await follow_began(ana.viewer.actor_id, dee)
    note = await remote_save(dee, 1, PAGE, saved_at=2_000_000, is_save=False, listed=False)
    bookmark = await remote_save(dee, 2, PAGE + "?", saved_at=1_000_000)
    answer = """
    INSERT INTO remark (actor_id, uri, uri_hash, page_url, object_hash, bookmark_id, is_reply, description, visibility,
    listed, said_at, updated_at) VALUES (?, ?, ?, '', '', ?, TRUE, 'So it is.', 3, FALSE, 1, 1)
    """
    async with write():
        for number, row in enumerate((note, bookmark)):
            await execute(answer, dee, f"https://b.example/{number}", str(number), row["id"])

    page = await seen(ana.browser)
    form = await seen(ana.browser, f"/say?about={note['uri']}")

    heads = " ".join(one.text for one in page.one(kind="talk").all(kind="lead"))
    assert "dee@b.example’s note" in heads
    assert "dee@b.example’s bookmark" in heads
    assert "mentioned by dee@b.example" in form.one("p", "intro").text
