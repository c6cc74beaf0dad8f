"""Every page, as people meet it: right status, title and heading, every field named, nothing inline; and the flows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from fedimark.database import fetch
from fedimark.doorway.headers import CONTENT_SECURITY_POLICY
from fedimark.here import entered
from fedimark.text import urls
from tests.stories.reading import FIELDS, Reading
from tests.support.counting import statements
from tests.support.people import PASSWORD, Person
from tests.support.server import Server

PAGE = "https://sqlite.org/lang.html"


def flaws(page: Reading) -> list[str]:
    """What no page may have."""
    ids = [e.get("id") for e in page.walk() if e.get("id")]
    found = list(page.astray)
    found += [f"id {name} twice" for name in set(ids) if ids.count(name) > 1]
    found += [f"{len(page.all('h1'))} h1"] if len(page.all("h1")) != 1 else []
    found += [] if page.one("h1").text.strip() else ["an empty h1"]
    found += [f"no label for {name}" for name in page.nameless()]
    for e in page.walk():
        found += [f"inline {name}" for name, _ in e.attributes if name == "style" or name.startswith("on")]
        if e.name == "label" and not (e.get("for") in ids or any(inner.name in FIELDS for inner in e.walk())):
            found.append(f"a label for nothing: {e.get('for') or e.text}")
        nameless = e.name in ("button", "a", "summary") and not (e.text.strip() or e.get("aria-label"))
        found += [f"a {e.name} without words: {e.attributes}"] if nameless else []
        described = e.get("aria-describedby").split()
        found += [
            f"described by nothing: {name}" for name in described if name not in ids and not name.endswith("wrong")
        ]
        found += ["<style>"] if e.name == "style" else []
        found += ["an inline script"] if e.name == "script" and (e.text.strip() or not e.get("src")) else []
        found += ["a picture without alt"] if e.name == "img" and not e.has("alt") else []
        found += [f"a form without a method: {e.get('action')}"] if e.name == "form" and not e.get("method") else []
    return found


def as_it_should_be(answer: httpx.Response, status: int, title: str) -> list[str]:
    """What is wrong with a page."""
    if answer.status_code != status:
        return [f"{answer.status_code}"]
    page = Reading(answer.text)
    found = flaws(page)
    found += [] if answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY else ["no policy"]
    found += [] if answer.headers["content-type"] == "text/html; charset=utf-8" else ["not HTML"]
    found += [] if page.title == f"{title} · fedimark" else [f"title {page.title}"]
    return found


@dataclass
class House:
    """A server with ana and her bookmarks, bo who follows her, sam who doesn't, and nobody in particular."""

    server: Server
    ana: Person
    places: dict[str, str]

    def browser(self, who: str) -> httpx.AsyncClient:
        """Somebody's browser."""
        return self.server.people[who].browser if who in self.server.people else self.server.browser()


@pytest.fixture
async def house(fleet: Any) -> AsyncIterator[House]:
    """People, bookmarks, an import looked at and one done."""
    server = await fleet.server("a.example", registration="open", sign_in_tries="3/15minutes")
    ana, bo, sam = [await server.sign_up(name) for name in ("ana", "bo", "sam")]
    await bo.follow(ana)
    long = {"description": "Said at length.\n\nhttps://sqlite.org/ and more.", "private_note": "mine"}
    saved = await ana.save(PAGE, title="SQLite", tags="sql c++ .mine", starred=True, to_read=True, **long)
    await bo.save(PAGE, title="SQL as SQLite knows it", tags="sql")
    ended = await ana.save("https://gone.example/", title="gone")
    await ana.edit("https://gone.example/", visibility="private")
    removed = await ana.save("https://removed.example/", title="Removed one")
    await ana.remove("https://removed.example/")
    jobs = []
    for _ in range(2):
        file = ("pinboard.json", b'[{"href": "https://one.example/"}, {"href": "nowhere"}]', "application/json")
        jobs.append((await ana.browser.post("/settings/import", files={"file": file})).headers["location"])
    await ana.browser.post(f"{jobs[1]}/start")
    await server.settle()
    await sam.browser.post("/settings/leave", data={"username": "nobody"})
    places = {
        "one": saved.path,
        "ended": ended.path,
        "removed": removed.path,
        "held": jobs[0],
        "done": jobs[1],
        "link": f"/url/{urls.link_hash(urls.canonical(PAGE))}",
    }
    async with entered(server.here):
        yield House(server, ana, places)


EVERYBODY = ("ana", "bo", "sam", "nobody")
MEMBERS = ("ana", "bo", "sam")
PAGES: tuple[tuple[str, tuple[str, ...], int, str], ...] = (
    ("/", ("nobody",), 200, "a.example"),
    ("/recent", EVERYBODY, 200, "Recent"),
    ("/network", MEMBERS, 200, "Your network"),
    ("/u/ana", EVERYBODY, 200, "ana"),
    ("/u/sam", EVERYBODY, 200, "sam"),
    ("/u/ana/public", EVERYBODY, 200, "ana / public"),
    ("/u/ana/private", ("ana",), 200, "ana / private"),
    ("/u/ana/unread", ("ana",), 200, "ana / unread"),
    ("/u/ana/untagged", ("ana",), 200, "ana / untagged"),
    ("/u/ana/starred", ("ana",), 200, "ana / starred"),
    ("/u/ana/private", ("bo", "sam", "nobody"), 404, "There is nothing here"),
    ("/u/ana/t/sql", EVERYBODY, 200, "ana / sql"),
    ("/u/ana/t/c++,sql", EVERYBODY, 200, "ana / c++ / sql"),
    ("/u/ana/t/.mine", ("ana",), 200, "ana / .mine"),
    ("/t/sql", EVERYBODY, 200, "sql"),
    ("/t/sql,c++", EVERYBODY, 200, "sql / c++"),
    ("/t/unheard", EVERYBODY, 404, "There is nothing here"),
    ("{link}", ("ana", "sam", "nobody"), 200, "SQLite"),
    ("{link}", ("bo",), 200, "SQL as SQLite knows it"),
    ("{one}", EVERYBODY, 200, "SQLite"),
    ("{one}/edit", ("ana",), 200, "Edit"),
    ("{one}/remove", ("ana",), 200, "Remove a bookmark"),
    ("{removed}/removed", ("ana",), 200, "Removed"),
    ("{one}/edit", ("bo", "sam"), 404, "There is nothing here"),
    ("{one}/remove", ("bo", "sam"), 404, "There is nothing here"),
    ("{removed}/removed", ("bo", "sam"), 404, "There is nothing here"),
    ("{ended}", EVERYBODY, 410, "This is gone"),
    ("/add", MEMBERS, 200, "Add a bookmark"),
    ("/add?url=https://new.example/&title=new&tags=.net+x", MEMBERS, 200, "Add a bookmark"),
    ("/add?url=https://new.example/?token=x", MEMBERS, 200, "Add a bookmark"),
    ("/tabs", MEMBERS, 200, "Tabs"),
    ("/settings", MEMBERS, 200, "Settings"),
    ("/settings?saved=yes", MEMBERS, 200, "Settings"),
    ("/settings/password", MEMBERS, 200, "Password"),
    ("/settings/sessions", MEMBERS, 200, "Sessions"),
    ("/notes/add", MEMBERS, 200, "Write a note"),
    ("/u/ana/notes", EVERYBODY, 200, "Notes of ana"),
    ("/u/nobody/notes", EVERYBODY, 404, "There is nothing here"),
    ("/settings/keys", MEMBERS, 200, "Keys"),
    ("/settings/invites", MEMBERS, 200, "Invitations"),
    ("/settings/move", MEMBERS, 200, "Move"),
    ("/settings/leave", MEMBERS, 200, "Delete your account"),
    ("/settings/tags", MEMBERS, 200, "Tags"),
    ("/settings/tags/garden", MEMBERS, 200, "Tag gardener"),
    ("/settings/bookmarklets", MEMBERS, 200, "Bookmarklets"),
    ("/u/ana?edit=many", ("ana", "nobody"), 200, "ana"),
    ("/settings/import", MEMBERS, 200, "Import, export"),
    ("{held}", ("ana",), 200, "Import pinboard.json"),
    ("{done}", ("ana",), 200, "Imported pinboard.json"),
    ("{done}", ("bo",), 404, "There is nothing here"),
    ("/followers", MEMBERS, 200, "Followers"),
    ("/sign-in", ("nobody",), 200, "Sign in"),
    ("/sign-up", ("nobody",), 200, "Make an account"),
    ("/setup", EVERYBODY, 404, "There is nothing here"),
    ("/nowhere", EVERYBODY, 404, "There is nothing here"),
    ("/url/", EVERYBODY, 200, "Who saved a page"),
    ("/%FF", EVERYBODY, 400, "That request can’t be read"),
)


async def test_every_page_is_whole_for_everybody_who_may_see_it(house):
    failures = []
    for template, people, status, title in PAGES:
        path = template.format_map(house.places) if "{" in template else template
        for who in people:
            answer = await house.browser(who).get(path)
            failures += [f"{path} for {who}: {wrong}" for wrong in as_it_should_be(answer, status, title)]

    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(
    "path",
    ["/network", "/add", "/tabs", "/settings", "/settings/sessions", "/settings/import", "/followers", "{one}/edit"],
)
async def test_who_must_sign_in_comes_back_to_where_they_wanted_to_go(house, path):
    browser, path = house.browser("nobody"), path.format_map(house.places)

    asked = await browser.get(f"{path}?x=1", follow_redirects=True)
    done = await Reading(asked.text).form("/sign-in").send(browser, {"username": "ana", "password": PASSWORD})

    assert asked.url.path == "/sign-in"
    assert (done.status_code, done.url.raw_path) == (200, f"{path}?x=1".encode())


async def test_a_new_server_asks_for_its_first_account_and_then_never_again(fleet):
    server = await fleet.server("new.example")
    browser = server.browser()

    first = await browser.get("/", follow_redirects=True)
    assert first.url.path == "/setup"
    assert as_it_should_be(first, 200, "Welcome") == []
    wrong = (
        await Reading(first.text).form("/setup").send(browser, {"username": "ana", "password": PASSWORD, "code": "x"})
    )

    assert as_it_should_be(wrong, 422, "Welcome") == []
    assert Reading(wrong.text).one(kind="wrong").get("id") == "code-wrong"


async def test_an_error_page_of_each_status_says_what_happened_and_what_to_do(house):
    ana, nobody = house.ana.browser, house.browser("nobody")
    plain = {"Content-Type": "text/plain"}
    answers = {
        400: await nobody.get("/%FF"),
        401: await nobody.post("/add", data={"url": PAGE}),
        403: await ana.post("/add", data={"url": PAGE}, headers={"Sec-Fetch-Site": "cross-site"}),
        404: await nobody.get("/nowhere"),
        405: await ana.post("/recent", data={"x": "y"}),
        409: await ana.post(f"{house.places['done']}/start"),
        410: await nobody.get(house.places["ended"]),
        413: await ana.post("/add", content=b"x" * 2_000_000, headers=plain),
        415: await ana.post("/add", content=b"x", headers=plain),
        422: await ana.post("/settings/registration", data={"registration": "?"}),
    }
    for _ in range(4):
        answers[429] = await nobody.post("/sign-in", data={"username": "zoe", "password": "no"})

    for status, answer in answers.items():
        page = Reading(answer.text)
        assert answer.status_code == status
        assert flaws(page) == [], status
        assert page.title == f"{page.one('h1').text} · fedimark", status
        assert len([p for p in page.all("p", "intro") if p.text.strip()]) >= 2, status
        assert page.one("main").one("p", "go").one("a").text, status
    assert int(answers[429].headers["retry-after"]) > 0
    assert "GET" in answers[405].headers["allow"]


async def test_a_bookmark_is_added_edited_removed_and_brought_back_by_forms_alone(house):
    # Given the form to add, opened
    browser = house.browser("sam")
    form = Reading((await browser.get("/add")).text).form("/add")
    assert form.values()["visibility"] == "public"

    # When sam fills it in and saves
    typed = {
        "url": "https://new.example/",
        "title": "New",
        "description": "Two\nlines",
        "tags": "One two",
        "to_read": "yes",
    }
    added = await form.send(browser, typed)

    # Then the page shows it
    page, path = Reading(added.text), added.url.path
    assert added.status_code == 200
    assert page.one("h1").text.strip() == "New"
    assert [a.text for a in page.all("a", "p-category")] == ["One", "two"]
    assert "to read" in {chip.text for chip in page.all(kind="chip")}

    # When sam edits it
    edit = Reading((await browser.get(f"{path}/edit")).text).form(f"{path}/edit")
    assert {**edit.values(), **typed} == edit.values()
    edited = await edit.send(browser, {"title": "Newer", "tags": "three", "visibility": "private"})

    # Then it is changed, and a private one is another publication
    assert Reading(edited.text).one("h1").text.strip() == "Newer"
    path = edited.url.path
    assert (await house.browser("nobody").get(path)).status_code == 404

    # When sam reads it, stars it and removes it
    read = await Reading(edited.text).button("to_read", path).send(browser)
    assert "to read" not in {chip.text for chip in Reading(read.text).all(kind="chip")}
    starred = await Reading(read.text).button("starred", path).send(browser)
    assert Reading(starred.text).one("button", "star").text.startswith("★")
    unstarred = await Reading(starred.text).button("starred", path).send(browser)
    assert Reading(unstarred.text).one("button", "star").text.startswith("☆")
    asks = Reading((await browser.get(f"{path}/remove")).text)
    removed = await asks.form(f"{path}/remove").send(browser)

    # Then it is gone at once, with the way back
    assert removed.url.path == f"{path}/removed"
    assert (await browser.get(path)).status_code == 404
    assert "Newer" not in (await browser.get("/u/sam")).text
    back = await Reading(removed.text).form(f"{path}/undo").send(browser)
    assert Reading(back.text).one("h1").text.strip() == "Newer"
    assert "Newer" in (await browser.get("/u/sam")).text


async def test_after_thirty_seconds_there_is_no_way_back(house, fleet):
    browser, path = house.ana.browser, house.places["removed"]
    await fleet.wait_for_undo()

    late = await browser.post(f"{path}/undo")

    assert late.status_code == 404
    assert "too late" in late.text
    assert (await browser.get(path)).status_code == 410


async def test_copying_fills_the_form_in_with_their_words_and_saves_nothing_before(house):
    browser = house.browser("sam")
    before = await fetch("SELECT id FROM bookmark")
    listed = await browser.get("/u/ana")
    [line] = [e for e in Reading(listed.text).all("li", "entry") if e.one("a", "p-name").text == "SQLite"]
    copy = line.one("a", "act").get("href")

    filled = Reading((await browser.get(copy, headers={"referer": str(listed.url)})).text).form("/add")

    assert await fetch("SELECT id FROM bookmark") == before
    kept = filled.values()
    assert (kept["url"], kept["title"], kept["tags"]) == (PAGE, "SQLite", "sql c++")
    assert kept["description"].startswith("Said at length.\n\nhttps://sqlite.org/")
    assert "private_note" not in kept or kept["private_note"] == ""
    saved = await filled.send(browser)
    assert (saved.status_code, saved.url.path) == (200, "/u/ana")
    own = next(a.get("href") for a in Reading(saved.text).all("a") if (a.get("href") or "").startswith("/u/sam/b/"))
    assert "3 people saved this page" in (await browser.get(own.removesuffix("/edit").partition("/edit?")[0])).text


async def test_a_get_never_saves(house):
    before = await fetch("SELECT * FROM bookmark ORDER BY id")

    for query in ("url=https://get.example/&title=x&tags=y", f"url={PAGE}", f"url={PAGE}&visibility=private&title=z"):
        for path in ("/add", f"{house.places['one']}/edit", f"{house.places['one']}/remove"):
            await house.ana.browser.get(f"{path}?{query}")
            await house.ana.browser.head(f"{path}?{query}")

    assert await fetch("SELECT * FROM bookmark ORDER BY id") == before


async def test_a_page_saved_before_opens_with_its_words(house):
    page = Reading((await house.ana.browser.get("/add", params={"url": PAGE, "title": "other"})).text)

    assert page.form("/add").values()["title"] == "SQLite"
    assert "You saved this page already" in page.one(kind="box").text


@pytest.mark.parametrize(("choice", "left"), [("replace", 1), ("keep", 2)])
async def test_another_spelling_of_a_page_is_asked_about_once(house, choice, left):
    browser, spelling = house.ana.browser, PAGE.replace("https:", "http:") + "#top"
    form = Reading((await browser.get("/add")).text).form("/add")

    asked = await form.send(browser, {"url": spelling, "title": "Again"})

    page = Reading(asked.text)
    assert asked.status_code == 409
    assert PAGE in page.one("div", "box").text
    assert page.form("/add").values()["spelling"] == "replace"
    assert page.form("/add").values()["url"] == spelling
    done = await page.form("/add").send(browser, {"spelling": choice})
    assert done.status_code == 200
    kept = await fetch("SELECT url FROM bookmark WHERE actor_id = ? AND removed_at IS NULL", house.ana.viewer.actor_id)
    of_page = [row["url"] for row in kept if "sqlite" in row["url"]]
    assert spelling in of_page
    assert len(of_page) == left


async def test_a_dot_that_may_not_be_meant_is_asked_about_once(house):
    browser = house.browser("sam")
    form = Reading((await browser.get("/add")).text).form("/add")
    typed = {"url": "https://dot.example/", "tags": "code .net .mine"}

    asked = await form.send(browser, typed)

    page = Reading(asked.text)
    assert asked.status_code == 422
    assert [e.text for e in page.one("div", "box").all("code")] == [".net", "dotnet"]
    [offer] = [e for e in page.all("button") if e.get("name") == "instead"]
    taken = await page.form("/add").send(browser, {"instead": offer.get("value")})
    again = Reading(taken.text)
    assert again.form("/add").values()["tags"] == "code dotnet .mine"
    saved = await again.form("/add").send(browser)
    assert [a.text for a in Reading(saved.text).all("a", "p-category")] == ["code", "dotnet", ".mine"]
    kept = await page.form("/add").send(browser, {"url": "https://dot.example/2"})
    assert [a.text for a in Reading(kept.text).all("a", "p-category")] == ["code", ".net", ".mine"]


async def test_an_address_that_looks_secret_opens_private(house):
    for url in ("https://x.example/?token=1", "https://me:pw@x.example/", "http://router/", "http://192.168.1.1/"):
        page = Reading((await house.ana.browser.get("/add", params={"url": url})).text)

        assert page.form("/add").values()["visibility"] == "private", url
        assert "secret" in page.one("p", "box").text, url


async def test_following_and_leaving_by_forms(house):
    browser = house.browser("sam")

    follows = await Reading((await browser.get("/u/ana")).text).form("/network/follow").send(browser)
    network = Reading((await browser.get("/network")).text)
    left = await network.form("/network/leave").send(browser)
    typed = await Reading(left.text).form("/network/follow").send(browser, {"who": "@bo@a.example"})

    assert follows.url.path == "/u/ana"
    assert "following" in {chip.text for chip in Reading(follows.text).all(kind="chip")}
    assert "SQLite" in {e.text for e in network.all("a", "p-name")}
    assert "SQLite" not in {e.text for e in Reading(left.text).all("a", "p-name")}
    assert "SQL as SQLite knows it" in {e.text for e in Reading(typed.text).all("a", "p-name")}


async def test_who_asks_is_answered_by_hand(house):
    # Given ana, who approves by hand, and sam who asks
    ana, sam = house.ana.browser, house.browser("sam")
    settings = Reading((await ana.get("/settings")).text).form("/settings")
    assert (await settings.send(ana, {"approve_followers": "yes"})).status_code == 200
    await Reading((await sam.get("/u/ana")).text).form("/network/follow").send(sam)
    assert "requested" in (await sam.get("/u/ana")).text

    # When she accepts, and removes him again
    asked = Reading((await ana.get("/followers")).text)
    accepted = await asked.form("/followers/answer").send(ana, {"answer": "accept"})
    [mine] = [f for f in Reading(accepted.text).all("li") if "sam" in f.text and f.all("form")]
    number = mine.all("input")[0].get("value")
    assert "2" in Reading(accepted.text).one(kind="count").text
    removed = await ana.post("/followers/remove", data={"id": number}, follow_redirects=True)

    # Then he follows no more
    assert Reading(removed.text).one(kind="count").text == "1"


async def test_tags_are_renamed_merged_and_deleted_by_forms(house):
    browser = house.ana.browser
    await house.ana.save("https://more.example/", tags="postgres SQL")

    for action, typed in (
        ("rename", {"old": "c++", "new": "cpp"}),
        ("merge", {"tags": "postgres sql", "into": "databases"}),
        ("delete", {"tag": ".mine"}),
    ):
        page = Reading((await browser.get("/settings/tags")).text)
        looked = await page.form(f"/settings/tags/{action}").send(browser, typed)
        done = await Reading(looked.text).form(f"/settings/tags/{action}").send(browser)
        assert done.status_code == 200
        await house.server.settle()

    names = [li.one("a").text for li in Reading((await browser.get("/settings/tags")).text).one("ul", "many").all("li")]
    assert names == ["cpp", "databases"]


async def test_a_slip_is_merged_by_one_press_and_taken_back_by_another(house):
    browser = house.ana.browser
    for number, tag in enumerate(("analysis", "analysis", "anlaysis")):
        await house.ana.save(f"https://slips.example/{number}", tags=tag)

    garden = Reading((await browser.get("/settings/tags/garden")).text)
    assert [a.text for a in garden.one("ul", "garden").all("a")] == ["anlaysis", "analysis"]
    once = [li.one("a").text for li in garden.one("ul", "many").all("li")]
    assert "anlaysis" in once
    assert "analysis" not in once
    merged = await garden.form("/settings/tags/merge").send(browser)
    await house.server.settle()
    done = Reading((await browser.get(merged.url.path)).text)
    assert "1 of 1 changed" in done.text
    assert not Reading((await browser.get("/settings/tags/garden")).text).all("ul", "garden")

    await done.form(f"{merged.url.path}/undo").send(browser)
    await house.server.settle()
    assert Reading((await browser.get("/settings/tags/garden")).text).all("ul", "garden")


async def test_pages_lead_on_and_back_with_everything_once(house):
    for number in range(50):
        await house.ana.save(f"https://many.example/{number}", title=f"many {number}", tags="many")

    for path in ("/u/ana/t/many", "/t/many"):
        browser, here, titles, turns = house.browser("nobody"), path, [], 0
        while here:
            page = Reading((await browser.get(here)).text)
            titles += [e.text for e in page.all("a", "p-name")]
            following = [a.get("href") for a in page.all("a") if a.get("rel") == "next"]
            back = [a.get("href") for a in page.all("a") if a.get("rel") == "prev"]
            assert bool(back) == (turns > 0)
            here, turns = (path + following[0] if following else ""), turns + 1
        assert titles == [f"many {number}" for number in reversed(range(50))]
        assert turns == 3


@pytest.mark.parametrize("who", ["ana", "bo", "nobody"])
async def test_a_page_takes_the_same_few_statements_with_three_entries_and_with_sixty(house, who):
    # Given three pages saved by both, looked at
    async def both_save(numbers: range) -> None:
        for number in numbers:
            for person in (house.ana, house.server.people["bo"]):
                tags = f"many t{number} .p{number}"
                await person.save(f"https://many.example/{number}", title=f"many {number}", tags=tags, starred=True)

    async def counted() -> dict[str, int]:
        found = {}
        for path in paths:
            with statements() as ran:
                answer = await house.browser(who).get(path)
            assert answer.status_code == 200, path
            # Whose session it is may be known from before: on PostgreSQL until anybody commits in any database.
            found[path] = len([one for one in ran if "session" not in one])
        return found

    await both_save(range(3))
    link = f"/url/{urls.link_hash(urls.canonical('https://many.example/1'))}"
    paths = ["/recent", "/t/many", "/t/many,t1", "/u/ana", "/u/ana/t/many", "/u/ana/t/many,t1", "/u/ana/public", link]
    paths += [house.places["one"], *(["/network", "/settings/tags", "/followers"] if who != "nobody" else ["/"])]
    paths += ["/u/ana/starred", "/u/ana/unread", "/settings/sessions", "/settings/import"] if who == "ana" else []
    few = await counted()

    # When there are sixty
    await both_save(range(3, 60))
    many = await counted()

    # Then drawing them costs no more
    print(f"\n{who}: {many}")  # noqa: T201 - a number of the report
    assert many == few
    assert max(many.values()) <= 14
