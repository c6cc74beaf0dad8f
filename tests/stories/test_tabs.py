"""Sets of tabs: a window saved at once, for oneself alone, as one private tag."""

from __future__ import annotations

from urllib.parse import unquote

import httpx
import pytest

from fedimark.bookmarks.tab_sets import MOST, Tab, read_name, read_tabs
from fedimark.database import fetch, fetch_one
from fedimark.here import entered
from fedimark.policy.visibility import Visibility
from tests.stories.reading import Reading
from tests.support.invariants import disagreements
from tests.support.people import Person

PAGE = "https://page.example/"
TODAY = ".tabs-2026-03-01"  # when tests begin
WAITING = """
SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM telling) + (SELECT count(*) FROM announcement) AS amount
"""


async def save_tabs(person: Person, text: str, name: str = "") -> httpx.Response:
    """Fill the form in and send it; the answer itself, not where it leads."""
    return await person.browser.post("/tabs", data={"tabs": text, "name": name})


async def saved() -> dict[str, tuple[str, str, bool]]:
    """Every bookmark by its URL: its tags, who may see it, and whether it is to be read."""
    sql = "SELECT url, tags, visibility, to_read FROM bookmark WHERE is_local AND removed_at IS NULL ORDER BY id"
    rows = await fetch(sql)
    return {row["url"]: (row["tags"], Visibility(row["visibility"]).word, bool(row["to_read"])) for row in rows}


async def sets_of(person: Person) -> list[str]:
    """The sets that somebody's page lists, in its order."""
    page = Reading((await person.browser.get("/tabs")).text)
    return [a.text for a in page.all("a") if "/t/.tabs-" in a.get("href")]


async def test_a_window_becomes_a_stream_of_its_own_private_and_to_read(server, ana):
    form = Reading((await ana.browser.get("/tabs")).text).form("/tabs")

    typed = f"First {PAGE}1\r\n\r\nThe second\t{PAGE}2\r\n{PAGE}3\r\n{PAGE}1\r\n"
    shown = await form.send(ana.browser, {"tabs": typed})

    assert unquote(shown.url.path) == f"/u/ana/t/{TODAY}"
    titles = [a.text for a in Reading(shown.text).all("a", "p-name")]
    assert titles == ["First", "The second", f"{PAGE}3"]
    assert await saved() == {f"{PAGE}{number}": (TODAY, "private", True) for number in (1, 2, 3)}
    assert await sets_of(ana) == [TODAY]
    assert "3 bookmarks" in Reading((await ana.browser.get("/tabs")).text).one("ul", "list").text
    assert await disagreements() == []


async def test_pages_without_a_title_are_asked_for_theirs_and_no_others(fleet):
    server = await fleet.server("a.example", read_pages="true")
    ana = await server.sign_up("ana")

    await save_tabs(ana, f"Named {PAGE}1\n{PAGE}2\n{PAGE}3?token=secret")

    async with entered(server.here):
        [job] = await fetch("SELECT payload FROM job WHERE kind = 'name_page'")
        assert f"{PAGE}2" in job["payload"]


async def test_what_was_saved_before_keeps_everything_gains_the_tag_and_nothing_is_told(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save(f"{PAGE}open", title="Open", description="Said.", tags="sql db", visibility="public")
    await fleet.settle()
    before = [(line.url, line.tags, line.title) for line in await bo.timeline()]
    assert before == [(f"{PAGE}open", ["sql", "db"], "Open")]
    async with entered(ana.server.here):
        [was] = await fetch("SELECT * FROM bookmark WHERE is_local")
        told = await fetch("SELECT id FROM activity ORDER BY id")

    assert (await save_tabs(ana, f"Other words {PAGE}open\n{PAGE}new")).status_code == 303

    async with entered(ana.server.here):
        assert await fetch_one(WAITING) == {"amount": 0}
        assert await fetch("SELECT id FROM activity ORDER BY id") == told
        assert await saved() == {
            f"{PAGE}open": (f"sql db {TODAY}", "public", False),
            f"{PAGE}new": (TODAY, "private", True),
        }
        now = await fetch_one("SELECT * FROM bookmark WHERE id = ?", was["id"])
        assert now is not None
        assert {name for name in was if was[name] != now[name]} == {"tags", "updated_at"}
    await fleet.settle()
    async with entered(ana.server.here):
        assert await fetch_one(WAITING) == {"amount": 0}
        assert await disagreements() == []
    assert [(line.url, line.tags, line.title) for line in await bo.timeline()] == before
    assert TODAY not in (await ana.server.browser().get("/u/ana")).text


async def test_what_was_removed_a_moment_ago_comes_back_private(server, ana):
    await ana.save(PAGE, title="Open", tags="sql", visibility="public")
    await ana.remove(PAGE)

    await save_tabs(ana, f"Again {PAGE}")

    assert await saved() == {PAGE: (TODAY, "private", True)}
    assert await disagreements() == []


async def test_each_set_is_one_of_its_own_also_two_of_a_day_and_two_of_a_name(server, ana):
    led = [
        unquote((await save_tabs(ana, f"{PAGE}{number}", name)).headers["location"])
        for number, name in enumerate(("", "", "Köln, im Mai", "köln im mai", ""))
    ]

    names = [TODAY, f"{TODAY}-2", ".tabs-köln-im-mai", ".tabs-köln-im-mai-2", f"{TODAY}-3"]
    assert led == [f"/u/ana/t/{name}" for name in names]
    assert [tags for tags, _, _ in (await saved()).values()] == names
    assert await sets_of(ana) == names[::-1]


async def test_the_day_of_a_set_is_that_of_the_one_who_saves_it(server, ana):
    chosen = {"visibility": "public", "time_zone": "Pacific/Kiritimati", "theme": "auto"}
    assert (await ana.browser.post("/settings", data=chosen)).status_code == 303

    await save_tabs(ana, PAGE)

    assert await sets_of(ana) == [".tabs-2026-03-02"]


async def test_a_line_that_is_no_address_refuses_them_all_and_is_named(server, ana):
    typed = f"{PAGE}1\nnowhere\n{PAGE}2\nhttps://\nabout:blank\nA title <b>"

    answer = await save_tabs(ana, typed, "Mine")

    page = Reading(answer.text)
    assert answer.status_code == 422
    assert page.wrong == ["Not an address: nowhere, https://, about:blank, A title <b>. Nothing was saved."]
    assert page.form("/tabs").values() == {"tabs": typed, "name": "Mine"}
    assert await saved() == {}


@pytest.mark.parametrize(
    "text",
    ["", " \n\t\r\n", "\n".join(f"{PAGE}{number}" for number in range(MOST + 1))],
    ids=["nothing", "white space", "one too many"],
)
async def test_no_address_and_more_than_two_hundred_are_refused(server, ana, text):
    answer = await save_tabs(ana, text)

    assert answer.status_code == 422
    assert len(Reading(answer.text).wrong) == 1
    assert await saved() == {}


async def test_two_hundred_are_saved_and_a_bookmark_full_of_tags_refuses_the_set(server, ana):
    everything = "\n".join(f"{PAGE}{number}" for number in range(MOST))
    assert (await save_tabs(ana, everything)).status_code == 303
    assert len(await saved()) == MOST

    await ana.save(f"{PAGE}full", tags=" ".join(f"t{number}" for number in range(100)))
    answer = await save_tabs(ana, f"{PAGE}more\n{PAGE}full")

    assert answer.status_code == 422
    assert f"{PAGE}full" in Reading(answer.text).wrong[0]
    assert f"{PAGE}more" not in await saved()


@pytest.mark.parametrize(
    "name",
    ["a/b?c#d%", "日本 語", "...", "../../x", "<b onmouseover=alert(1)>\"'", "a,b，c", "\u202eזה", "x" * 400, "ﷺ" * 90],
)
async def test_a_set_may_be_called_anything_and_has_a_page(server, ana, name):
    shown = await ana.browser.post("/tabs", data={"tabs": f"One {PAGE}", "name": name}, follow_redirects=True)

    assert shown.status_code == 200
    assert [a.text for a in Reading(shown.text).all("a", "p-name")] == ["One"]
    [one] = await sets_of(ana)
    assert one.startswith(".tabs-")
    assert one == f".tabs-{read_name(name)}"


@pytest.mark.parametrize("name", ["", " , ", "，", "\x01"])
async def test_a_name_without_a_word_leaves_the_day(server, ana, name):
    await save_tabs(ana, PAGE, name)

    assert await sets_of(ana) == [TODAY]


async def test_a_set_is_its_owners_alone_and_strangers_are_led_to_sign_in(server, ana):
    bo, nobody = await server.sign_up("bo"), server.browser()
    path = (await save_tabs(ana, f"Hers {PAGE}", "secretset")).headers["location"]

    assert await sets_of(bo) == []
    for browser in (bo.browser, nobody):
        for place in (path, f"{path}/feed.atom", "/t/.tabs-secretset", "/u/ana", "/u/ana/feed.atom", "/recent"):
            assert "Hers" not in (await browser.get(place)).text, place
        for place in ("/u/ana", "/recent", "/tabs"):
            assert "secretset" not in (await browser.get(place)).text, place
    assert (await nobody.get("/tabs")).headers["location"].startswith("/sign-in")
    assert (await nobody.post("/tabs", data={"tabs": PAGE})).status_code in (303, 401)
    assert len(await saved()) == 1


async def test_a_set_is_renamed_and_deleted_as_a_tag_and_its_name_is_free_again(server, ana):
    await save_tabs(ana, f"One {PAGE}1\nTwo {PAGE}2")
    settings = "/settings/tags"

    renamed = {"old": TODAY, "new": ".tabs-travel"}
    assert (await ana.browser.post(f"{settings}/rename", data=renamed)).status_code == 303
    await server.settle()
    assert await sets_of(ana) == [".tabs-travel"]
    await save_tabs(ana, f"Three {PAGE}3")
    assert (await ana.browser.post(f"{settings}/delete", data={"tag": TODAY})).status_code == 303
    await server.settle()

    assert await sets_of(ana) == [".tabs-travel"]
    assert (await saved())[f"{PAGE}3"] == ("", "private", True)
    assert await disagreements() == []


def test_lines_are_read_with_titles_and_without():
    text = f"{PAGE}a\n  Some | words - here   {PAGE}b  \n日本\t{PAGE}c"

    assert read_tabs(text) == (
        Tab(f"{PAGE}a"),
        Tab(f"{PAGE}b", "Some | words - here"),
        Tab(f"{PAGE}c", "日本"),
    )
