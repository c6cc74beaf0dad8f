"""What pages of tags lead to: to other tags, back from several, to another name; a bundle of them to its feed."""

from __future__ import annotations

import re

import pytest

from fedimark.accounts.tokens import Scope, make_token
from tests.stories.reading import Reading

# What a page says does not hang on the database.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
async def ana(server):
    ana = await server.sign_up("ana")
    await ana.save("https://sqlite.org/fts5.html", title="FTS5", tags="sql search words")
    await ana.save("https://sqlite.org/lang.html", title="SQL", tags="sql search")
    return ana


async def page_of(ana, path: str) -> Reading:
    answer = await ana.browser.get(path)
    assert answer.status_code == 200, path
    return Reading(answer.text)


def beside(page: Reading) -> dict[str, str]:
    """The signs before the tags at the side, with where each leads."""
    return {
        sign.all("span")[0].text + sign.within.all("a")[-1].text: sign.get("href") for sign in page.all("a", "plus")
    }


@pytest.mark.parametrize("where", ["/u/ana/t/", "/t/"])
async def test_each_of_several_tags_can_be_let_go_and_another_taken(ana, where):
    together = beside(await page_of(ana, f"{where}search,sql"))
    alone = beside(await page_of(ana, f"{where}sql"))

    assert together == {
        "−search": f"{where}sql",
        "−sql": f"{where}search",
        "+words": f"{where}search,sql,words",
    }
    assert set(alone) == {"+search", "+words"}


async def test_tags_together_say_how_many_bookmarks_have_them_on_each_page(ana):
    few = await page_of(ana, "/u/ana/t/search,sql")
    for number in range(20):
        await ana.save(f"https://page.example/{number}", tags="sql search")
    many = await page_of(ana, "/u/ana/t/search,sql")
    last = await page_of(ana, f"/u/ana/t/search,sql{many.one('nav', 'pager').all('a')[0].get('href')}")

    assert [page.one(kind="count").text for page in (few, many, last)] == ["2", "22", "22"]


async def test_a_tag_of_ones_own_is_renamed_from_its_page(server, ana):
    own = await page_of(ana, "/u/ana/t/sql")
    (rename,) = (link for link in own.one("main").all("a") if link.text == "rename")
    form = (await page_of(ana, rename.get("href"))).form("/settings/tags/rename")
    asked = Reading((await form.send(ana.browser, {"new": "databases"})).text)

    assert form.values()["old"] == "sql"
    assert "2 bookmarks" in asked.one("main").text
    bo = await server.sign_up("bo")
    for path, who in (("/u/ana/t/sql", bo), ("/t/sql", ana), ("/u/ana/t/search,sql", ana), ("/u/ana", ana)):
        assert "rename" not in [link.text for link in (await page_of(who, path)).one("main").all("a")]


async def test_a_bundle_says_where_its_feed_is(ana):
    made = Reading((await ana.browser.get("/u/ana/bundles/new")).text).form("/u/ana/bundles/new")
    bundle = Reading((await made.send(ana.browser, {"name": "Databases", "any_tags": "sql"})).text).one("main")
    key = (await make_token(ana.viewer, "reader", Scope.FEED)).rpartition(":")[2]

    (named,) = re.findall(r"/secret:KEY(/bundles/\d+/feed.atom)", bundle.text)
    feed = await ana.browser.get(f"/secret:{key}{named}")

    assert "/settings/keys" in [link.get("href") for link in bundle.all("a")]
    assert feed.status_code == 200
    assert "https://sqlite.org/fts5.html" in feed.text


async def test_the_page_of_keys_names_the_feeds_that_they_open(ana):
    made = Reading((await ana.browser.get("/u/ana/bundles/new")).text).form("/u/ana/bundles/new")
    number = (await made.send(ana.browser, {"name": "Databases", "any_tags": "sql"})).url.path.rpartition("/")[2]
    key = (await make_token(ana.viewer, "reader", Scope.FEED)).rpartition(":")[2]

    named = [where.text for where in (await page_of(ana, "/settings/keys")).one("main").all("dt")]
    feeds = [f"/secret:{key}{where}".replace(",.mine", "").replace("/7/", f"/{number}/") for where in named]

    assert len(feeds) == 7
    for feed in (*feeds, *(feed.replace("feed.rss", "feed.bib") for feed in feeds)):
        assert (await ana.browser.get(feed)).status_code == 200, feed
