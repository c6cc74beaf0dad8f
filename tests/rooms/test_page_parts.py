"""What stands on the pages of streams, part by part, as LOOK has it: heading, filters, lines, the side, the search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fedimark.bookmarks.draft import Owner, read_draft
from fedimark.bookmarks.save import save_many
from fedimark.database import execute, fetch_one
from fedimark.errors import FedimarkError
from fedimark.here import here
from fedimark.web.pages import render
from tests.stories.reading import Element, Reading

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGE = "https://sqlite.org/wal.html"


async def read(browser: Any, path: str) -> Reading:
    """A page that is there."""
    answer = await browser.get(path)
    assert answer.status_code == 200, path
    return Reading(answer.text)


def words(nav: Element) -> list[str]:
    """The words of a row of links."""
    return [a.text for a in nav.all("a")]


async def test_the_field_that_searches_names_no_key_which_a_telephone_has_not(ana):
    field = next(one for one in (await read(ana.browser, "/recent")).all("input") if one.get("id") == "find")

    assert field.get("placeholder") == "Search"


async def test_filters_stand_only_where_they_are_true(server, ana):
    await ana.save(PAGE, title="WAL", tags="sql", starred=True)

    own, strangers = await read(ana.browser, "/u/ana"), await read(server.browser(), "/u/ana")

    assert words(own.one("nav", "filters"))[:7] == [
        *("all", "public", "private", "unread", "untagged", "starred", "archived"),
    ]
    feeds = ("RSS", "Atom", "JSON Feed", "papers as BibTeX")
    assert words(strangers.one("nav", "filters")) == ["all", "over time", *feeds]
    assert (len(own.all("button", "star")), len(strangers.all("button", "star"))) == (1, 0)
    for word in ("public", "private", "unread", "untagged", "starred", "archived"):
        page = await read(ana.browser, f"/u/ana/{word}")
        assert [a.text for a in page.one("nav", "filters").all("a") if a.get("aria-current") == "page"] == [word]


async def test_headings_say_how_much_there_is_or_through_how_many_it_is_seen(server, ana):
    for number in range(30):  # more than one page
        await ana.save(f"https://{number}.example/", tags="sql db", to_read=number > 3, starred=number < 2)
    for name in ("bo", "cy", "dan"):
        await ana.follow(await server.sign_up(name))
    counts = {
        **{"/u/ana": "30", "/u/ana/unread": "26", "/u/ana/starred": "2", "/t/sql,db": "30"},
        **{"/u/ana/t/sql,db": "30", "/network": "3 people and streams"},
    }
    made = await ana.browser.post("/network/lists", data={"name": "papers"})
    news = made.headers["location"].removesuffix("/edit")

    assert {path: (await read(ana.browser, path)).one(kind="count").text for path in counts} == counts
    for path in (news, "/u/ana/untagged", "/u/ana/private"):  # where there is nothing, the page says so once
        assert not (await read(ana.browser, path)).all("", "count"), path
    await ana.browser.post(f"{news}/put", data={"who": "bo"})
    assert (await read(ana.browser, news)).one(kind="count").text == "1 person or stream"


async def test_what_somebody_else_saved_can_be_answered_in_its_line_also_by_who_saved_it_too(server, ana):
    bo = await server.sign_up("bo")
    await ana.save(PAGE, title="WAL")
    alone = (await read(bo.browser, "/u/ana")).one("li", "entry")
    await bo.save(PAGE, title="The log")

    lines = [(await read(bo.browser, f"/u/{name}")).one("li", "entry") for name in ("ana", "bo")]

    said = [[a.text for a in line.one("details", "more").all("a")].count("reply or remark") for line in (alone, *lines)]
    assert said == [1, 1, 0]


async def test_a_feed_is_offered_once_on_each_stream(server, ana):
    await ana.save(PAGE, title="WAL", tags="sql db")

    for browser in (ana.browser, server.browser()):
        for path in ("/u/ana", "/u/ana/public", "/u/ana/t/sql", "/u/ana/t/sql,db", "/t/sql", "/recent", "/popular"):
            page = await read(browser, path)
            [menu] = page.all("details", "feeds")
            assert words(menu)[:4] == ["RSS", "Atom", "JSON Feed", "papers as BibTeX"], path


async def test_lists_of_everybody_lead_to_the_tags_in_them_but_no_private_one(server, ana):
    await ana.save(PAGE, title="WAL", tags="SQL .thesis db")
    await ana.save("https://b.example/", title="B", tags="sql")
    bo = await server.sign_up("bo")
    await bo.save(PAGE, title="The log", tags="sql")

    for browser in (ana.browser, server.browser()):
        aside = (await read(browser, "/recent")).one("aside")
        assert [heading.text for heading in aside.all("h2")] == ["Tags in this list"]
        assert [
            (row.one("a").text, row.one("a").get("href"), row.one("span", "n").text) for row in aside.all("li")
        ] == [
            ("sql", "/t/sql", "2"),
            ("db", "/t/db", "1"),
        ]


async def test_popular_says_how_many_pages_its_viewer_sees_there(server, ana):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    for person in (bo, cy):
        await person.save(PAGE, title="WAL", tags="sql")
        await person.save("https://b.example/", title="B", tags="db")
    for path, count in (("/popular", "2"), ("/popular?in=day", "2"), ("/popular?in=day&tag=sql", "1")):
        assert (await read(ana.browser, path)).one(kind="count").text == count, path
        assert (await read(server.browser(), path)).one(kind="count").text == count, path

    await ana.browser.post("/people/block", data={"who": "bo"})
    await ana.browser.post("/people/block", data={"who": "cy"})

    assert not (await read(ana.browser, "/popular")).all("", "count")


async def test_to_edit_many_leads_to_the_same_place_of_a_stream_and_not_from_there_to_itself(server, ana):
    for number in range(25):
        await ana.save(f"https://many.example/{number}", title=f"Page {number}", tags="many")

    for path in ("/u/ana", "/u/ana/t/many"):
        first = await read(ana.browser, path)
        onward = next(a.get("href") for a in first.all("a") if a.get("rel") == "next")
        second = await read(ana.browser, path + onward)
        [many] = [a.get("href") for a in second.all("a") if a.text == "edit many"]
        picking = await read(ana.browser, path + many)
        assert [li.get("id") for li in picking.all("li", "entry")] == [li.get("id") for li in second.all("li", "entry")]
        assert picking.all("input", "pick")
        assert "edit many" not in [a.text for a in picking.all("a")]


async def test_the_one_search_of_a_page_says_where(server, ana):
    await ana.save(PAGE, title="WAL", tags="sql")

    # Strangers have one place alone, so nothing to choose.
    for browser, where, buttoned in (
        (ana.browser, ["mine", "network", "here"], True),
        (server.browser(), ["here"], False),
    ):
        page = await read(browser, "/u/ana")
        [form] = [form for form in page.all("form") if form.get("action") == "/search"]
        assert ("find" in form.classes, form.get("method"), form.one("input").get("name")) == (True, "get", "q")
        assert [(button.get("name"), button.get("value")) for button in form.all("button")] == [
            ("in", each) for each in where if buttoned
        ]
        for each in where:
            found = await read(browser, f"/search?q=wal&in={each}")
            assert [
                box.get("value") for box in found.all("input") if box.get("name") == "in" and box.has("checked")
            ] == [each]


async def test_tags_are_a_list_or_a_cloud_the_most_used_or_all_and_their_owner_puts_them_in_order(server, ana):
    for number in range(8):
        await ana.save(f"https://{number}.example/", tags=f"common {'half' if number % 2 else ''} once{number}")
    for number in range(30):
        await ana.save(f"https://more.example/{number}", tags=f"often{number} often{number}x")

    own, strangers = await read(ana.browser, "/u/ana"), await read(server.browser(), "/u/ana")
    assert words(own.one("div", "ways")) == ["top", "all", "cloud", "manage", "bundles"]
    assert words(strangers.one("div", "ways")) == ["top", "all", "cloud"]
    listed = own.one("aside").one("ul", "rows").all("li")
    assert [(li.one("a").text, li.one("span", "n").text) for li in listed][:2] == [("common", "8"), ("half", "4")]
    assert len(listed) == 30

    every = (await read(ana.browser, "/u/ana?tags=all")).one("aside").one("ul", "rows").all("li")
    assert len(every) == 70

    cloud = await read(ana.browser, "/u/ana?tags=all&mode=cloud")
    sizes = {a.text: int(a.get("class").removeprefix("s")) for a in cloud.one("ul", "cloud").all("a")}
    assert list(sizes) == sorted(sizes)
    assert (sizes["common"], sizes["half"], sizes["once1"]) == (5, 4, 2)
    back = [a.get("href") for a in cloud.one("div", "ways").all("a") if a.text == "list"]
    assert back == ["?tags=all"]


@pytest.mark.parametrize(
    ("most", "sizes"), [(1, [2]), (2, [3, 2]), (4, [4, 3, 2]), (8, [5, 4, 3, 2]), (16, [5, 4, 3, 2, 1])]
)
async def test_a_cloud_shouts_no_tag_that_was_hardly_used_more_than_others(ana, most, sizes):
    for number in range(most):
        tags = [f"upto{2**step}" for step in range(5) if number < 2**step <= most]
        await ana.save(f"https://{number}.example/", tags=" ".join(tags))

    cloud = (await read(ana.browser, "/u/ana?tags=all&mode=cloud")).one("ul", "cloud")

    drawn = {int(a.text.removeprefix("upto")): int(a.get("class").removeprefix("s")) for a in cloud.all("a")}
    assert [drawn[count] for count in sorted(drawn, reverse=True)] == sizes


async def test_related_tags_narrow_a_stream_and_its_heading_widens_it(server, ana):
    await ana.save(PAGE, title="WAL", tags="sql log")
    await ana.save("https://b.example/", title="B", tags="sql db")

    for root in ("/u/ana/t/", "/t/"):
        one = await read(server.browser(), f"{root}sql")
        plus = {
            li.all("a")[1].text: li.one("a", "plus").get("href") for li in one.one("aside").all("section")[0].all("li")
        }
        assert plus == {"db": f"{root}sql,db", "log": f"{root}sql,log"}

        both = await read(server.browser(), plus["log"])
        assert [a.text for a in both.all("a", "p-name")] == ["WAL"]
        crumbs = {a.text: a.get("href") for a in both.one("h1").all("a")}
        assert crumbs["sql"] == f"{root}log"
        assert [a.text for a in both.all("a", "p-category") if "same" in a.within.classes] == ["sql", "log"]


async def test_a_line_says_host_moment_savers_and_marks_in_words(server, ana):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    await ana.save(PAGE, title="WAL", tags="sql", visibility="followers", to_read=True)
    for person in (bo, cy):
        await person.save(PAGE, title="Write-ahead", tags="log")
    server.clock.forward(days=2)

    [own] = (await read(ana.browser, "/u/ana")).all("li", "entry")
    assert own.one("small").text == "sqlite.org"
    assert [chip.text for chip in own.all("span", "chip")] == ["to read", "followers"]
    assert "toread" in own.classes
    assert [a.get("href") for a in own.all("a", "act")] == [f"{own.one('a', 'u-url').get('href')}/edit"]

    [line] = (await read(server.browser(), "/u/bo")).all("li", "entry")
    moment = line.one("time")
    assert (moment.text, moment.get("title")) == ("2 days ago", "1 March 2026, 12:00 UTC")
    assert " ".join(line.one("a", "u-url").text.split()) == "2 days ago"
    assert " ".join(line.one(kind="line").all("span")[-1].text.split()) == "also cy"
    [savers] = [a for a in line.all("a") if a.within is line.one(kind="title")]
    assert (savers.get("title"), savers.text.split()[0]) == ("2 savers", "2")
    assert savers.get("href").startswith("/url/")
    assert not line.all("a", "act")


async def test_lines_of_one_persons_pages_name_others_only(server, ana):
    # Given a page that two saved, and one that is ana's alone
    bo = await server.sign_up("bo")
    await bo.save(PAGE, title="Write-ahead", tags="log")
    await ana.save(PAGE, title="WAL", tags="sql", to_read=True)
    await ana.save("https://b.example/", title="Rivers", tags="sql water")
    bundle = await ana.browser.post("/u/ana/bundles/new", data={"name": "Water", "any_tags": "sql"})
    assert bundle.status_code == 303
    await server.settle()

    # Then neither her pages nor what is hers alone names her in a line; bo is named wherever he saved it too
    own = ("/u/ana", "/u/ana/t/sql", "/u/ana/t/sql,water", "/u/ana/public", "/u/ana/unread", "/u/ana/day/2026-03-01")
    for path in (*own, bundle.headers["location"], "/search?q=%23sql&in=mine"):
        lines = (await read(ana.browser, path)).all("li", "entry")
        named = [[a.text for a in line.all("a") if a.get("href") in ("/u/ana", "/u/bo")] for line in lines]
        assert lines, path
        assert not [by for line in lines for by in line.all("a", "p-author")], path
        assert {each for line in named for each in line} <= {"bo"}, path
        assert [line for line in lines if line.one(kind="p-name").text == "WAL"] == [] or ["bo"] in named, path

    # Where several save, their names are all there is to tell them apart
    for path in ("/t/sql", "/recent", "/search?q=%23sql&in=here"):
        [line] = [
            e for e in (await read(server.browser(), path)).all("li", "entry") if e.one(kind="p-name").text == "Rivers"
        ]
        assert line.one("a", "p-author").within.text.endswith(" by ana"), path


async def test_a_private_line_says_so_in_a_word_and_with_most_private_the_public_ones_do(server, ana):
    await ana.save(PAGE, title="WAL", visibility="private")
    await ana.save("https://b.example/", title="B")
    await ana.save("https://c.example/", title="C")

    chips = [
        [chip.text for chip in li.all("span", "chip")] for li in (await read(ana.browser, "/u/ana")).all("li", "entry")
    ]
    assert chips == [[], [], ["private"]]

    for number in range(3):
        await ana.save(f"https://d.example/{number}", title="D", visibility="private")
    chips = [
        [chip.text for chip in li.all("span", "chip")] for li in (await read(ana.browser, "/u/ana")).all("li", "entry")
    ]
    assert chips == [[], [], [], ["public"], ["public"], []]


async def test_what_can_be_followed_says_what_is_followed_and_what_to_paste_elsewhere(server, ana):
    bo = await server.sign_up("bo")
    await ana.save(PAGE, title="WAL", tags="sql")

    for path, label, handle in (
        ("/u/ana", "Follow ana", "@ana@a.example"),
        ("/u/ana/t/sql", "Follow ana: #sql", "@ana.sql@a.example"),
        ("/t/sql", "Follow #sql", "@tag.sql@a.example"),
    ):
        page = await read(bo.browser, path)
        box = page.all("span", "handle")[0]
        assert box.text == handle, path
        assert box.get("data-copy"), path
        assert label in [button.text for button in page.all("button")], path
        strangers = await read(server.browser(), path)
        assert strangers.all("span", "handle")[0].text == handle


async def test_beside_the_handle_stands_how_many_follow_as_the_collection_of_followers_says(server, ana):
    # Given two who follow ana, one of them her tag too, and one who only asked
    await ana.save(PAGE, title="WAL", tags="sql")
    ana_id = ana.viewer.actor_id
    for name, who in (("bo", "ana"), ("bo", "https://a.example/u/ana/t/sql"), ("cy", "ana"), ("dora", "ana")):
        person = server.people.get(name) or await server.sign_up(name)
        await person.browser.post("/network/follow", data={"who": who})
    dora = server.people["dora"].viewer.actor_id
    await execute("UPDATE follow SET state = 'requested' WHERE follower_id = ? AND target_id = ?", dora, ana_id)

    for path, number, words in (
        ("/u/ana", 2, "2 followers"),
        ("/u/ana/t/sql", 1, "1 follower"),
        ("/t/sql", 0, ""),
    ):
        for browser in (ana.browser, server.browser()):
            under = (await read(browser, path)).one("div", "under")
            assert [span.text for span in under.all("span") if "follower" in span.text] == [words] * bool(words), path
        asked = await server.client.get(f"{path}/followers", headers={"Accept": "application/activity+json"})
        assert asked.json()["totalItems"] == number, path


async def test_of_very_many_followers_a_page_says_no_more_than_that(server, ana):
    # Given a thousand and one people elsewhere who follow ana, all alike
    bo = await server.sign_up("bo")
    row = await fetch_one("SELECT * FROM actor WHERE id = ?", bo.viewer.actor_id)
    assert row is not None
    alike = ", ".join(name for name in row if name not in ("id", "local_name", "uri", "uri_hash"))
    await execute(f"""
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
    INSERT INTO actor ({alike}, uri, uri_hash)
    SELECT {alike}, 'https://x.example/' || i, 'x' || i FROM actor, n WHERE local_name = 'bo'
    """)
    await execute("""
    INSERT INTO follow (follower_id, target_id, state, created_at)
    SELECT f.id, a.id, 'accepted', 1 FROM actor f, actor a WHERE f.uri LIKE 'https://x.%' AND a.local_name = 'ana'
    """)

    under = (await read(server.browser(), "/u/ana")).one("div", "under")

    assert "more than 1,000 followers" in under.text


async def test_statistics_are_drawn_in_the_page_itself(server, ana):
    await ana.save(PAGE, title="WAL", tags="sql")

    page = await read(server.browser(), "/u/ana/statistics")

    drawings = page.one("main").all("svg")
    assert len(drawings) >= 3  # the years, the last year's days, a tag
    assert all(drawing.get("aria-hidden") == "true" or drawing.get("aria-label") for drawing in drawings)
    assert all(drawing.all("path") for drawing in drawings)


async def test_a_page_of_twenty_lines_is_short_for_who_is_signed_in_too(server, ana):
    # Given twenty pages, each saved by a dozen people with eight tags and two lines of words; ana follows sixteen
    people = [await server.sign_up(f"person{number:03}") for number in range(16)]
    words = "How to keep what one reads, seen at https://site.example/articles/how-to-keep and kept for a long time. "
    drafts = [
        read_draft(
            url=f"https://site{number}.example/articles/{number}/how-to-keep-what-one-reads",
            title=f"Page {number}: River Page Open Slow Cloud Link Note",
            description=f"{words}Two lines of it stand in a list.",
            tag_text=" ".join(f"tag{number}{each}" for each in range(7)) + " common",
            visibility="public",
        )
        for number in range(20)
    ]
    for person in (*people[:12], ana):
        await save_many(Owner.of(person.viewer), drafts)
    for person in people:
        await ana.follow(person)

    for path in ("/network", "/u/ana", "/u/ana?edit=many", "/u/person003", "/t/common", "/recent"):
        answer = await ana.browser.get(path)

        assert len(Reading(answer.text).all("li", "entry")) == 20, path
        assert len(answer.content) <= 60 * 1_024, (path, len(answer.content))


def kinds(kind: type[FedimarkError] = FedimarkError) -> Iterator[type[FedimarkError]]:
    """Every kind of error there is."""
    yield kind
    for narrower in kind.__subclasses__():
        yield from kinds(narrower)


async def test_every_status_an_error_has_comes_with_advice_of_its_own(server):
    def advice(status: int) -> str:
        values = {"status": status, "title": "Something", "detail": "", "number": ""}
        page = Reading(render(here().caches["pages"]("en"), "error.html", None, "/", 0, **values))
        return page.all("p", "intro")[0].text

    found = {kind.status: advice(kind.status) for kind in kinds()}

    assert len(found) > 10
    assert len({*found.values(), advice(418)}) == len(found) + 1, found
