"""Searching: one's own bookmarks, the public ones here, and other servers, whose answers are not believed too much."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from fedimark.database import execute, fetch, fetch_one
from fedimark.here import entered
from fedimark.search.answering import MOST
from tests.rooms.doors import knock
from tests.rooms.peers import Says
from tests.rooms.strangers import Stranger, chunks
from tests.stories.reading import Reading
from tests.support.people import Person

PATH = "/.well-known/betula-federated-search"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
WORD = "zygomorphic"  # stands in nothing else


async def found(person: Person, text: str, where: str) -> list[str]:
    """The titles that a search shows, once what was saved is learned."""
    await person.server.settle()
    return titles(Reading((await person.browser.get("/search", params={"q": text, "in": where})).text))


async def asked(person: Person, text: str) -> Reading:
    """Other servers asked, as a person does it."""
    form = Reading((await person.browser.get("/search")).text).form("/search")
    return Reading((await form.send(person.browser, {"q": text, "in": "elsewhere"})).text)


def titles(page: Reading) -> list[str]:
    """The titles on a page, without the name of whom all of it is by."""
    return [each.text for each in page.all("", "p-name") if each.name != "data"]


async def let_be_found(*people: Person) -> None:
    """Tick the box in the settings."""
    for person in people:
        form = Reading((await person.browser.get("/settings")).text).form("/settings")
        await form.send(person.browser, {"searchable": "yes"})


@pytest.fixture
async def friends(fleet):
    """Ana, and bo of another server; they follow one another, and bo lets himself be found."""
    ana, bo = await fleet.people("ana@a.example", "bo@b.example")
    await ana.follow(bo)
    await bo.follow(ana)
    await fleet.settle()
    await let_be_found(bo)
    fleet.clock.forward(days=1)
    await fleet.settle()
    return ana, bo


async def test_ones_own_bookmarks_are_found_by_all_their_words_and_tags_the_private_ones_too(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    await ana.save("https://one.example/", title="Write-ahead logging", tags="sql .mine", visibility="private")
    await ana.save("https://two.example/", title="Two", description="About 100% of logging_", tags="SQL")
    await ana.save("https://three.example/logging", title="Three", private_note="secretive")
    await bo.save("https://four.example/", title="Logging of bo", tags="sql")

    assert await found(ana, "LOGGING", "mine") == ["Three", "Two", "Write-ahead logging"]
    assert await found(ana, "logging #sql", "mine") == ["Two", "Write-ahead logging"]
    assert await found(ana, "#.mine", "mine") == ["Write-ahead logging"]
    assert await found(ana, "secretive", "mine") == ["Three"]
    assert await found(ana, "100% logging_", "mine") == ["Two"]
    assert await found(ana, "l_gging", "mine") == []
    assert await found(ana, "' OR 1=1 --", "mine") == []


async def test_here_everybody_finds_what_is_public_and_never_a_private_tag_or_note(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    for visibility in ("public", "unlisted", "followers", "private"):
        await ana.save(
            f"https://{visibility}.example/",
            title=f"{WORD} {visibility}",
            tags=".hidden for:bo sql",
            private_note="whispered",
            visibility=visibility,
        )
    await bo.save("https://public.example/", title="the same page")
    await fleet.settle()

    for browser in (bo.browser, bo.server.client):
        page = Reading((await browser.get("/search", params={"q": WORD, "in": "here"})).text)
        assert titles(page) == [f"{WORD} public"]
    for word in ("hidden", "#.hidden", "for:bo", "whispered", "#for:bo"):
        assert await found(bo, word, "here") == []


async def test_what_others_saved_can_be_liked_where_it_is_found_and_ones_own_cannot(fleet):
    ana, bo = await fleet.people("ana@a.example", "bo@a.example")
    await ana.save("https://one.example/", title=f"{WORD} of ana")
    await bo.save("https://two.example/", title=f"{WORD} of bo")
    await fleet.settle()
    look = {"q": WORD, "in": "here"}

    buttons = Reading((await bo.browser.get("/search", params=look)).text).all("button")
    [like] = [each for each in buttons if each.get("name") == "liked"]
    await bo.browser.post("/press", data={"liked": like.get("value")})
    after = Reading((await bo.browser.get("/search", params=look)).text)
    strangers = Reading((await bo.server.client.get("/search", params=look)).text)

    assert [each.text for each in after.all("button") if each.get("name") == "liked"] == ["liked"]
    assert not [each for each in strangers.all("button") if each.get("name") == "liked"]


async def test_pages_of_what_is_found_go_on_from_a_key(fleet):
    server = await fleet.server("a.example", page_size="3")
    ana = await server.sign_up("ana")
    for number in range(7):
        await ana.save(f"https://page{number}.example/", title=f"{WORD} {number}")
    await server.settle()

    for where in ("mine", "network", "here"):
        shown, path = [], f"/search?q={WORD}&in={where}"
        while path:
            page = Reading((await ana.browser.get(path)).text)
            shown += titles(page)
            older = [a.get("href") for a in page.all("a") if a.get("rel") == "next"]
            path = f"/search{older[0]}" if older else ""
        assert shown == [f"{WORD} {number}" for number in reversed(range(7))]


async def test_another_server_is_asked_and_named_and_nothing_of_it_is_kept_or_told_to_a_log(fleet, friends, capfd):
    ana, bo = friends
    cy = await fleet.person("cy@b.example")
    await bo.save("https://one.example/", title=f"{WORD} one", description="<b>bold</b>", tags="sql .hidden for:ana")
    await bo.save("https://two.example/", title=f"{WORD} two", visibility="unlisted")
    await bo.save("https://three.example/", title=f"{WORD} three", visibility="private")
    await cy.save("https://four.example/", title=f"{WORD} of somebody who did not opt in")
    await fleet.settle()
    async with entered(ana.server.here):
        before = await fetch("SELECT id FROM bookmark")
    fleet.network.requests.clear()

    page = await asked(ana, WORD)

    assert titles(page) == [f"{WORD} one"]
    assert "Answered: b.example." in page.one("main").text
    assert "hidden" not in page.one("main").text
    assert "for:" not in page.one("main").text
    async with entered(ana.server.here):
        assert await fetch("SELECT id FROM bookmark") == before
        jobs = await fetch("SELECT payload FROM job")
    # Nobody else is asked, and no address holds a word of it; b asked who asked.
    assert [str(r.url) for r in fleet.network.requests if r.method == "POST"] == [f"https://b.example{PATH}"]
    assert {r.url.host for r in fleet.network.requests} == {"a.example", "b.example"}
    assert WORD not in "".join(str(request.url) for request in fleet.network.requests)
    out, err = capfd.readouterr()
    assert WORD not in out + err + json.dumps(jobs)
    copy_href = next(a.get("href") for a in page.all("a", "act"))
    assert copy_href.startswith("/add?url=https%3A%2F%2Fone.example%2F")


async def test_a_look_asks_nobody(fleet, friends):
    ana, _ = friends
    fleet.network.requests.clear()

    page = await ana.browser.get("/search", params={"q": WORD, "in": "elsewhere"})

    assert fleet.network.requests == []
    assert "Your words go to b.example" in Reading(page.text).one("main").text


async def test_who_does_not_answer_is_named(fleet, friends):
    ana, _ = friends
    fleet.network.down.add("b.example")

    page = await asked(ana, WORD)

    assert "No answer within three seconds from b.example." in page.one("main").text


async def test_of_three_servers_each_that_answers_is_named_and_each_person_stands_for_their_own(fleet, friends):
    # Given cy of a third server, and a page that bo and cy saved
    ana, bo = friends
    cy = await fleet.person("cy@c.example")
    await ana.follow(cy)
    await cy.follow(ana)
    await let_be_found(cy)
    await fleet.settle()
    fleet.clock.forward(days=1)
    await fleet.settle()
    await bo.save("https://one.example/", title=f"{WORD} of bo")
    await cy.save("https://one.example/", title=f"{WORD} of cy")
    await fleet.settle()

    # When ana asks, then both answer for themselves
    page = await asked(ana, WORD)
    assert sorted(titles(page)) == [f"{WORD} of bo", f"{WORD} of cy"]
    told = next(p.text for p in page.all("p") if p.text.startswith("Answered: "))
    assert set(told.removeprefix("Answered: ").rstrip(".").split(", ")) == {"b.example", "c.example"}

    # When one of them is silent, the other still answers, and each is named as what it did
    fleet.network.down.add("c.example")
    page = await asked(ana, WORD)
    assert titles(page) == [f"{WORD} of bo"]
    assert "Answered: b.example. No answer within three seconds from c.example." in page.one("main").text


async def test_a_server_in_quarantine_may_not_search_and_is_not_asked(fleet, friends):
    ana, bo = friends
    await bo.save("https://one.example/", title=f"{WORD} one")
    async with entered(bo.server.here):
        await execute("UPDATE peer SET let_in_at = NULL")

    assert titles(await asked(ana, WORD)) == []

    async with entered(ana.server.here):
        await execute("UPDATE peer SET let_in_at = NULL")
    fleet.network.requests.clear()
    assert "There was nobody to ask." in (await asked(ana, WORD)).one("main").text
    assert fleet.network.requests == []


async def betula(fleet: Any, ana: Person, name: str = "https://betula.example/@bob") -> Stranger:
    """Somebody with a Betula, who follows ana and whom ana follows, as rows say."""
    stranger = Stranger(fleet, name)
    async with entered(ana.server.here):
        row = await stranger.row()
        for follower, target in ((ana.viewer.actor_id, row["id"]), (row["id"], ana.viewer.actor_id)):
            await execute(
                "INSERT INTO follow (follower_id, target_id, state, created_at, answered_at)"
                " VALUES (?, ?, 'accepted', 1, 1)",
                follower,
                target,
            )
        await execute("UPDATE peer SET software = 'betula', let_in_at = 1 WHERE host = ?", stranger.host)
    return stranger


def question(stranger: Stranger, ana: Person, **changes: Any) -> dict[str, Any]:
    """What Betula asks."""
    said = {"version": "v1", "query": WORD, "limit": 5, "offset": 0, "from": stranger.uri, "to": ana.uri}
    return {**said, **changes}


async def put(stranger: Stranger, ana: Person, document: Any) -> int:
    """Ask as somebody, signed; returns the status."""
    async with entered(ana.server.here):
        return await knock(ana.server.asgi, stranger.signed(document, to=PATH))


async def answered(stranger: Stranger, ana: Person, document: Any) -> Any:
    """What somebody is answered."""
    async with entered(ana.server.here):
        message = stranger.signed(document, to=PATH)
    headers = [(name, value) for name, values in message.headers.items() for value in values]
    return (await ana.server.client.post(PATH, content=message.body, headers=dict(headers))).json()


async def test_a_mutual_with_a_betula_finds_public_bookmarks_of_who_lets_them(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    for number in range(3):
        await ana.save(f"https://page{number}.example/", title=f"{WORD} {number}", tags="sql .hidden")
    await ana.save("https://private.example/", title=f"{WORD} private", visibility="followers")
    assert await put(stranger, ana, question(stranger, ana)) == 404  # she did not opt in

    await let_be_found(ana)
    await fleet.settle()
    told = await answered(stranger, ana, question(stranger, ana, limit=2))
    rest = await answered(stranger, ana, question(stranger, ana, limit=2, offset=2))

    assert [note["name"] for note in told["bookmarks"]] == [f"{WORD} 2", f"{WORD} 1"]
    assert (told["more_available"], rest["more_available"]) == (1, 0)
    assert [note["name"] for note in rest["bookmarks"]] == [f"{WORD} 0"]
    assert told["bookmarks"][0]["attributedTo"] == ana.uri
    assert "hidden" not in json.dumps(told)


async def test_questions_that_may_not_be_asked_are_refused(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    other = Stranger(fleet, "https://other.example/@eve")
    await let_be_found(ana)
    await ana.save("https://one.example/", title=f"{WORD} one")
    right = question(stranger, ana)

    assert await put(stranger, ana, right) == 200
    assert (await ana.server.client.post(PATH, json=right)).status_code == 401
    assert await put(other, ana, question(other, ana)) == 403
    assert await put(other, ana, right) == 403  # in somebody's name
    server_itself = question(other, ana, to="https://a.example/actor")
    assert await put(other, ana, server_itself) == 403
    for wrong in (
        {"version": "v2"},
        {"query": 5},
        {"query": "x" * 201},
        {"limit": "5"},
        {"limit": -1},
        {"offset": True},
        {"offset": 10**30},
        {"from": ["x"]},
        {"to": None},
    ):
        assert await put(stranger, ana, {**right, **wrong}) == 400, wrong
    assert await put(stranger, ana, b"[1]") == 400
    assert await put(stranger, ana, b"x" * 9_000) == 413
    assert await put(stranger, ana, {**right, "to": "https://a.example/u/nobody"}) == 403
    async with entered(ana.server.here):
        forged = stranger.signed(right, to=PATH)
        bent = type(forged)(forged.method, forged.target, forged.headers, forged.body.replace(b"zygo", b"zyga"))
        assert await knock(ana.server.asgi, bent, body=chunks(bent.body)) == 401


async def test_more_is_never_answered_than_fits_however_much_is_asked_for(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    await let_be_found(ana)
    for number in range(MOST + 5):
        await ana.save(f"https://page{number}.example/", title=f"{WORD} {number}")
    await fleet.settle()

    told = await answered(stranger, ana, question(stranger, ana, limit=999_999))
    beyond = await answered(stranger, ana, question(stranger, ana, limit=5, offset=900_000))

    assert (len(told["bookmarks"]), told["more_available"]) == (MOST, 5)
    assert beyond == {"bookmarks": [], "more_available": 0}


async def test_somebody_blocked_finds_nothing(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    await let_be_found(ana)
    async with entered(ana.server.here):
        row = await fetch_one("SELECT id FROM actor WHERE uri = ?", stranger.uri)
        await execute(
            "INSERT INTO block (blocker_id, blocked_id, created_at, is_mute) VALUES (?, ?, 1, FALSE)",
            ana.viewer.actor_id,
            row["id"],
        )

    assert await put(stranger, ana, question(stranger, ana)) == 403


def note(uri: str, author: str, **said: Any) -> dict[str, Any]:
    """A bookmark as Betula sends it."""
    bookmark = {
        "id": uri,
        "type": "Note",
        "attributedTo": author,
        "name": f"{WORD} of {uri}",
        "attachment": [{"type": "Link", "href": "https://page.example/"}],
        "content": f"<script>alert(1)</script><p>{WORD}</p>",
        "published": "2026-01-31T19:47:02Z",
        "to": [PUBLIC],
    }
    return {**bookmark, **said}


BOB = "https://betula.example/@bob"
HOSTILE = {
    "another host's note": [note("https://bank.example/1", "https://bank.example/@bank")],
    "another author of the host": [note("https://betula.example/1", "https://betula.example/@eve")],
    "an author of another host": [note("https://betula.example/1", "https://bank.example/@bank")],
    "not for everybody": [note("https://betula.example/1", BOB, to=["https://a.example/u/ana"])],
    "an address that runs": [
        note("https://betula.example/1", BOB, attachment=[{"type": "Link", "href": "javascript:x"}])
    ],
    "not a list": {"id": "x"},
    "no notes": [1, None, "x", {}, []],
    "no bookmarks": [{"id": "https://betula.example/1", "type": "Person"}],
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE.keys())
async def test_what_a_server_may_not_say_is_not_shown(fleet, answer):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    stranger.peer.document(PATH, {"bookmarks": answer, "more_available": 10**40}, "application/json")

    page = await asked(ana, WORD)

    assert titles(page) == []
    assert "betula.example" in page.one("main").text


async def test_an_answer_is_cleaned_and_cut(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    many = [note(f"https://betula.example/{number}", BOB) for number in range(500)]
    stranger.peer.document(PATH, {"bookmarks": many, "more_available": 9}, "application/json")

    page = await asked(ana, WORD)

    assert len(titles(page)) == MOST
    assert "alert" not in page.one("main").text
    assert "More is to be found on betula.example." in page.one("main").text


BAD = {
    "huge": Says(200, b'{"bookmarks": "' + b"x" * 3_000_000 + b'"}', {"content-type": "application/json"}),
    "HTML": Says(200, b"<html>no</html>", {"content-type": "text/html"}),
    "deep": Says(200, b"[" * 100_000, {"content-type": "application/json"}),
    "a redirect into the private network": Says(307, b"", {"location": "http://127.0.0.1:1/"}),
    "a redirect elsewhere": Says(302, b"", {"location": "https://other.example/"}),
    "an error": Says(500),
    "not found": Says(404),
}


@pytest.mark.parametrize("says", BAD.values(), ids=BAD.keys())
async def test_a_bad_answer_is_none(fleet, says):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)
    stranger.peer.answers[PATH] = says
    fleet.network.requests.clear()

    page = await asked(ana, WORD)

    assert titles(page) == []
    assert "No answer within three seconds from betula.example." in page.one("main").text
    assert {request.url.host for request in fleet.network.requests} == {"betula.example"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_server_that_never_answers_is_not_waited_for(fleet):
    ana = await fleet.person("ana@a.example")
    stranger = await betula(fleet, ana)

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    fleet.network.add(stranger.host, silent)

    async with asyncio.timeout(30):
        page = await asked(ana, WORD)

    assert "No answer within three seconds from betula.example." in page.one("main").text


async def test_strangers_search_what_is_public_and_are_asked_to_sign_in_for_the_rest(fleet):
    server = await fleet.server("a.example")

    assert (await server.client.get("/search")).status_code == 200
    assert (await server.client.get("/search?in=mine&q=x")).status_code == 303
    assert (await server.client.post("/search", data={"q": "x", "in": "elsewhere"})).status_code == 401


async def test_whoever_searches_without_end_is_asked_to_wait(fleet):
    ana = await fleet.person("ana@a.example")
    await ana.save("https://sqlite.org/", title="SQLite")
    stranger = ana.server.browser()

    answers = [await stranger.get("/search", params={"q": "sqlite", "in": "here"}) for _ in range(121)]

    assert {answer.status_code for answer in answers[:120]} == {200}
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await stranger.get("/search")).status_code == 200


async def test_a_search_is_kept_under_a_name_and_a_public_one_is_a_feed(fleet):
    ana = await fleet.person("ana@a.example")
    await ana.save("https://one.example/", title=f"<b>{WORD}</b> one", tags=".mine", private_note="whispered")
    await ana.save("https://two.example/", title=f"{WORD} two", visibility="private")
    await fleet.settle()

    page = Reading((await ana.browser.get("/search", params={"q": f"{WORD} -one", "in": "mine"})).text)
    refused = await page.form("/search/keep").send(ana.browser, {"name": "x" * 300})
    kept = Reading((await page.form("/search/keep").send(ana.browser, {"name": "without one"})).text)

    assert refused.status_code == 422
    assert "256 characters at most" in refused.text
    assert "without one" in kept.one("main").text
    assert titles(kept) == [f"{WORD} two"]
    assert [mark.text for mark in kept.all("mark")] == [WORD]
    feed = (await ana.server.client.get("/search/feed.json", params={"q": WORD})).json()
    assert [one["title"] for one in feed["items"]] == [f"<b>{WORD}</b> one"]
    assert (await ana.server.client.get("/search/feed.atom", params={"q": "in:notes whispered"})).text.count(
        "<entry"
    ) == 0
    assert (await ana.server.client.get("/search/feed.atom")).status_code == 404


async def test_whatever_is_asked_is_answered(fleet):
    ana = await fleet.person("ana@a.example")

    for text in ("(" * 10_000, "\0", "%00%ff", "NEAR/2 {title}: * ^", "a" * 60_000, '"' * 301, "𐀀 ｆｕｌｌ"):
        for path in ("/search?in=mine&by=best&q=", "/search?in=here&before=9-p&q=", "/search/feed.rss?q="):
            answer = await ana.browser.get(path + text if text.startswith("%") else path + quote(text))
            assert answer.status_code in (200, 400, 404, 414), (path, text[:20])


@pytest.mark.parametrize(
    ("typed", "leads_to", "follows"),
    [
        ("https://page.example/a?b=c", "/url/?url=https%3A%2F%2Fpage.example%2Fa%3Fb%3Dc", True),
        ("page.example/a", "/url/?url=https%3A%2F%2Fpage.example%2Fa", True),
        ("@bo@b.example", "", True),
        ("#sql@b.example", "", True),
        ("two words", "", False),
        ("https://", "", False),
        ("-not", "", False),
    ],
)
async def test_an_address_typed_into_the_search_box_leads_to_what_can_be_done_with_it(ana, typed, leads_to, follows):
    # Given the field at the head of every page
    head = Reading((await ana.browser.get("/recent")).text).one("form", "find")

    # When an address is typed there
    found = await ana.browser.get("/search", params={head.one("input").get("name"): typed})

    # Then the page offers who saved it and to follow it, and asks nobody before that
    shown = Reading(found.text)
    assert found.status_code == 200
    assert (leads_to in [link.get("href") for link in shown.all("a")]) == bool(leads_to)
    assert ("/network/follow" in [form.get("action") for form in shown.all("form")]) == follows
