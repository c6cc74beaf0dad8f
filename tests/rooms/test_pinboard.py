"""Pinboard's API v1: its methods, its shapes to the letter, and what it answers to what it cannot take."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest

from fedimark.accounts.tokens import USUAL, Scope, bearer_of, make_token
from fedimark.bookmarks.draft import Owner
from fedimark.bookmarks.marks import mark
from fedimark.database import execute, fetch, fetch_one
from fedimark.here import entered
from fedimark.policy.visibility import Visibility
from tests.support.people import PASSWORD, Person

SQLITE = "https://sqlite.org/wal.html"
POST = ["href", "description", "extended", "meta", "hash", "time", "shared", "toread", "tags"]
DONE = {"result_code": "done"}
WRONG = {"result_code": "something went wrong"}


class App:
    """A program with a key."""

    def __init__(self, browser: httpx.AsyncClient, key: str) -> None:
        self.browser, self.key = browser, key

    async def ask(self, method: str, arguments: Any = (), **more: Any) -> httpx.Response:
        """Ask as it is: the answer itself."""
        named = [("auth_token", self.key), *dict(arguments, **more).items()]
        return await self.browser.get(f"/v1/{method}", params=named)

    async def json(self, method: str, arguments: Any = (), **more: Any) -> Any:
        """Ask for JSON, which is without a space and of the one type that clients take."""
        answer = await self.ask(method, arguments, format="json", **more)
        assert answer.headers["content-type"] == "text/json; charset=utf-8"
        assert answer.text == json.dumps(answer.json(), separators=(",", ":"), ensure_ascii=False)
        return answer.json()

    async def xml(self, method: str, arguments: Any = (), **more: Any) -> ElementTree.Element:
        """Ask for XML."""
        answer = await self.ask(method, arguments, **more)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        return ElementTree.fromstring(answer.content)


async def app_of(person: Person, scopes: Scope = USUAL) -> App:
    """A program of somebody's, in a browser that is nobody's."""
    return App(person.server.browser(), await make_token(person.viewer, "app", scopes))


@pytest.fixture
async def app(ana) -> App:
    return await app_of(ana)


async def visibility_of(url: str = SQLITE) -> Visibility:
    row = await fetch_one("SELECT visibility FROM bookmark WHERE url = ?", url)
    return Visibility(row["visibility"])


# Who asks


async def test_a_key_or_a_password_opens_and_nothing_else_does(server, ana, app):
    browser = server.browser()
    basic = base64.b64encode(f"ana:{PASSWORD}".encode()).decode()

    good = [
        await app.ask("posts/update"),
        await browser.get("/api/pinboard/v1/posts/update", params={"auth_token": app.key}),
        await browser.get(f"/v1/posts/update?auth_token={quote(app.key, safe='')}"),
        await browser.get("/v1/posts/update", headers={"Authorization": f"Basic {basic}"}),
        await browser.get("/v1/posts/update", headers={"Authorization": f"Token {app.key.partition(':')[2]}"}),
        await browser.post("/v1/posts/update", data={"auth_token": app.key}),
    ]
    bad = [
        await browser.get("/v1/posts/update"),
        await browser.get("/v1/posts/update", params={"auth_token": "ana:" + "0" * 32}),
        await browser.get("/v1/posts/update", params={"auth_token": app.key[:-1]}),
        await browser.get("/v1/posts/update", headers={"Authorization": "Basic !!!"}),
        await browser.get(
            "/v1/posts/update", headers={"Authorization": "Basic " + base64.b64encode(b"\xff:\xfe").decode()}
        ),
        await browser.get(
            "/v1/posts/update", headers={"Authorization": "Basic " + base64.b64encode(b"ana:no").decode()}
        ),
        # Who is signed in asks with a cookie, which counts for nothing here.
        await ana.browser.get("/v1/posts/update"),
    ]

    assert [answer.status_code for answer in good] == [200] * len(good)
    assert [answer.status_code for answer in bad] == [401] * len(bad)
    assert all(answer.headers["www-authenticate"].startswith("Basic") for answer in bad)
    assert all(app.key.partition(":")[2] not in answer.text for answer in (*good, *bad))


async def test_wrong_passwords_run_out_as_they_do_at_the_form(server, ana):
    browser = server.browser()

    answers = [await browser.get("/v1/posts/update", auth=("ana", "not this")) for _ in range(11)]
    right = await browser.get("/v1/posts/update", auth=("ana", PASSWORD))

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert right.status_code == 429


async def test_a_form_of_another_site_does_nothing_in_anybodys_name(server, ana):
    sent = {"url": SQLITE, "description": "x"}

    answer = await ana.browser.post("/v1/posts/add", data=sent, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 401
    assert await fetch("SELECT id FROM bookmark") == []


async def test_a_key_of_one_scope_cannot_do_anothers_work(server, ana):
    reads, saves, feeds = [await app_of(ana, scope) for scope in (Scope.READ, Scope.SAVE, Scope.FEED)]
    both = await app_of(ana, Scope.READ | Scope.WRITE)
    await ana.save(SQLITE, title="WAL")
    new = {"url": "https://new.example/", "description": "new"}

    refused = [
        await reads.ask("posts/add", new),
        await reads.ask("posts/delete", url=SQLITE),
        await reads.ask("tags/rename", old="a", new="b"),
        await reads.ask("tags/delete", tag="a"),
        *[
            await key.ask(method)
            for key in (saves, feeds)
            for method in ("posts/all", "tags/get", "user/secret", "posts/delta")
        ],
        *[await key.ask("user/secret") for key in (reads, both)],
        await feeds.ask("posts/add", new),
        await saves.ask("posts/delete", url=SQLITE),
    ]

    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert (await reads.ask("posts/all")).status_code == 200
    # What only saves adds what is new, and overwrites nothing.
    assert await saves.json("posts/add", new) == DONE
    assert await saves.json("posts/add", url=SQLITE, description="other") == {"result_code": "item already exists"}
    assert (await fetch_one("SELECT title FROM bookmark WHERE url = ?", SQLITE))["title"] == "WAL"


async def test_who_asks_without_end_is_told_when_to_come_back(fleet):
    server = await fleet.server("a.example", api_calls="3/minute")
    ana = await server.sign_up("ana")
    async with entered(server.here):
        app = await app_of(ana)

    answers = [await app.ask("posts/update") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].text.startswith("429 Too many tries. Please wait")
    assert 0 < int(answers[3].headers["retry-after"]) <= 60


async def test_nobody_gets_to_others_bookmarks(server, ana, app):
    bo = await server.sign_up("bo")
    theirs = await app_of(bo)
    for visibility in Visibility:
        await ana.save(
            f"https://{visibility.word}.example/", visibility=visibility.word, tags=f"{visibility.word} .dot"
        )

    for method in ("posts/all", "posts/recent", "posts/get", "tags/get", "posts/dates", "network/recent"):
        assert ".example" not in (await theirs.ask(method)).text, method
    assert await theirs.json("posts/delete", url="https://public.example/") == {"result_code": "item not found"}
    suggested = await theirs.json("posts/suggest", url="https://private.example/")
    assert suggested == [{"popular": []}, {"recommended": []}]
    assert await theirs.json("posts/suggest", url="https://public.example/") == [
        {"popular": ["public"]},
        {"recommended": []},
    ]
    assert len(await app.json("posts/all")) == 4


# Saving


async def test_a_bookmark_is_saved_with_everything_and_comes_back_so(app, clock):
    said = await app.json(
        "posts/add",
        url=SQLITE,
        description="Write-Ahead Logging & “more”",
        extended="Two\nlines of 日本",
        tags="sql, .mine c++",
        dt="2010-12-11T19:48:02Z",
        shared="no",
        toread="yes",
    )

    (post,) = await app.json("posts/all")
    assert said == DONE
    assert list(post) == POST
    assert post == {
        "href": SQLITE,
        "description": "Write-Ahead Logging & “more”",
        "extended": "Two\nlines of 日本",
        "meta": post["meta"],
        "hash": hashlib.md5(SQLITE.encode()).hexdigest(),
        "time": "2010-12-11T19:48:02Z",
        "shared": "no",
        "toread": "yes",
        "tags": "sql .mine c++",
    }
    assert re.fullmatch(r"[0-9a-f]{32}", post["meta"])
    xml = await app.xml("posts/all")
    assert (xml.tag, xml.attrib) == ("posts", {"user": "ana"})
    assert dict(xml[0].attrib) == {("tag" if name == "tags" else name): value for name, value in post.items()}


@pytest.mark.parametrize(
    ("lists", "kept"),
    [
        ([("tags", "a b")], "a b"),
        ([("tags", "a,b, c")], "a b c"),
        ([("tags", "a"), ("tags", "b")], "a b"),
        ([("tag", "a")], "a"),
        ([("tags", "")], ""),
    ],
)
async def test_lists_of_tags_are_taken_in_every_spelling(server, ana, app, lists, kept):
    named = [("auth_token", app.key), ("url", SQLITE), ("description", "x"), *lists]

    await server.browser().get("/v1/posts/add", params=named)

    assert (await app.json("posts/all"))[0]["tags"] == kept


@pytest.mark.parametrize(
    ("spelled", "time"),
    [
        ("2010-12-11T19:48:02Z", "2010-12-11T19:48:02Z"),
        ("2010-12-11T19:48:02+02:00", "2010-12-11T17:48:02Z"),
        ("2010-12-11T19:48:02.123456+00:00", "2010-12-11T19:48:02Z"),
        ("2010-12-11T19:48:02", "2010-12-11T19:48:02Z"),
        ("2010-12-11", "2010-12-11T00:00:00Z"),
        ("1969-07-20T20:17:40Z", "1969-07-20T20:17:40Z"),
    ],
)
async def test_moments_are_read_in_every_spelling(app, spelled, time):
    assert await app.json("posts/add", url=SQLITE, description="x", dt=spelled) == DONE

    assert (await app.json("posts/all"))[0]["time"] == time
    assert await app.json("posts/dates") == {"user": "ana", "tag": "", "dates": {time[:10]: 1}}


async def test_a_plus_sign_that_nobody_escaped_is_one_all_the_same(server, ana, app):
    asked = f"/v1/posts/add?auth_token={app.key}&url={SQLITE}&description=x&dt=2010-12-11T19:48:02+02:00"

    await server.browser().get(asked)

    assert (await app.json("posts/all"))[0]["time"] == "2010-12-11T17:48:02Z"


async def test_what_pinboard_refuses_is_refused_in_its_words(app):
    assert await app.json("posts/add", description="x") == {"result_code": "missing url"}
    assert await app.json("posts/add", url=SQLITE) == {"result_code": "must provide title"}
    assert await app.json("posts/delete", url=SQLITE) == {"result_code": "item not found"}
    assert await app.json("posts/delete") == {"result_code": "missing url"}
    await app.json("posts/add", url=SQLITE, description="x")
    assert await app.json("posts/add", url=SQLITE, description="y", replace="no") == {
        "result_code": "item already exists"
    }
    answer = await app.ask("posts/add", url=SQLITE, description="y", replace="no")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8" ?><result code="item already exists" />'
    for wrong in (
        {"url": "http://["},
        {"url": "x" * 9_000},
        {"dt": "yesterday"},
        {"toread": "perhaps"},
        {"tags": "..."},
    ):
        assert await app.json("posts/add", {"url": SQLITE, "description": "y", **wrong}) == WRONG, wrong
    assert [post["description"] for post in await app.json("posts/all")] == ["x"]


async def test_saving_again_replaces_and_keeps_what_pinboard_has_no_word_for(server, ana, app):
    await ana.save(SQLITE, title="old", tags="old", visibility="unlisted", private_note="mine")
    row = await fetch_one("SELECT public_id, saved_at FROM bookmark")
    await execute("UPDATE bookmark SET starred = TRUE, archived = TRUE")
    (before,) = await app.json("posts/all")

    assert before["shared"] == "yes"
    said = await app.json(
        "posts/add", {"url": SQLITE, "description": "new", "tags": "new", "shared": "yes", "dt": before["time"]}
    )

    after = await fetch_one("SELECT * FROM bookmark")
    assert said == DONE
    assert (after["title"], after["tags"], after["private_note"]) == ("new", "new", "mine")
    assert after["starred"]
    assert after["archived"]
    assert after["visibility"] == Visibility.UNLISTED
    assert (after["public_id"], after["saved_at"]) == (row["public_id"], row["saved_at"])


async def test_shared_no_hides_and_other_servers_hear_of_it_later(server, ana, app, fleet):
    bo = await fleet.person("bo@b.example")
    await bo.follow(ana)
    await fleet.settle()
    await ana.save(SQLITE, title="WAL")
    await fleet.settle()

    await app.json("posts/add", url=SQLITE, description="WAL", shared="no")
    await fleet.settle()

    assert await visibility_of() is Visibility.PRIVATE
    assert [seen.url for seen in await bo.timeline()] == [SQLITE]
    fleet.clock.forward(seconds=601)
    await fleet.settle()
    assert await bo.timeline() == []


async def test_what_says_nothing_of_shared_gets_the_default(server, ana, app):
    await execute("UPDATE account SET default_visibility = ?", int(Visibility.PRIVATE))

    await app.json("posts/add", url=SQLITE, description="x")
    await app.json("posts/add", url="https://b.example/", description="x", shared="yes")

    assert await visibility_of() is Visibility.PRIVATE
    assert await visibility_of("https://b.example/") is Visibility.PUBLIC


async def test_under_privacy_lock_nothing_becomes_public(server, ana, app):
    await execute("UPDATE account SET privacy_lock = TRUE")

    await app.json("posts/add", url=SQLITE, description="x", shared="yes")

    assert await visibility_of() is Visibility.PRIVATE


async def test_an_address_that_looks_secret_is_not_shown_because_a_program_says_so(app):
    url = "https://bank.example/?token=4711"

    await app.json("posts/add", url=url, description="x", shared="yes")

    assert await visibility_of(url) is Visibility.PRIVATE


async def test_long_requests_are_taken_and_a_form_too(server, ana, app):
    words = "word " * 12_000

    answer = await app.ask("posts/add", url=SQLITE, description="x", extended=words[:50_000])
    form = {"auth_token": app.key, "url": "https://b.example/", "description": "x", "extended": words, "format": "json"}
    sent = await server.browser().post("/v1/posts/add", data=form)

    assert answer.status_code == 200
    assert sent.json() == DONE
    assert sorted(len(post["extended"]) for post in await app.json("posts/all")) == [50_000, 60_000]


# Asking


async def test_every_change_changes_meta_and_the_moment_of_the_last_update(server, ana, app, clock):
    await app.json("posts/add", url=SQLITE, description="x")
    owner, row = Owner.of(ana.viewer), await fetch_one("SELECT public_id FROM bookmark")
    changes = [
        lambda: app.json("posts/add", url=SQLITE, description="y"),
        lambda: app.json("posts/add", url=SQLITE, description="y", tags="t"),
        lambda: app.json("posts/add", url=SQLITE, description="y", tags="t", toread="yes"),
        lambda: mark(owner, row["public_id"], "starred", True),
        lambda: mark(owner, row["public_id"], "to_read", False),
        lambda: ana.edit(SQLITE, visibility="unlisted"),
        lambda: app.json("tags/rename", old="T", new="u"),
    ]
    seen = [((await app.json("posts/all"))[0]["meta"], (await app.json("posts/update"))["update_time"])]
    for change in changes:
        clock.forward(seconds=2)
        await change()
        seen.append(((await app.json("posts/all"))[0]["meta"], (await app.json("posts/update"))["update_time"]))

    assert len({meta for meta, _ in seen}) == len({at for _, at in seen}) == len(seen)
    clock.forward(seconds=2)
    last = seen[-1][1]
    await app.json("posts/delete", url=SQLITE)
    assert (await app.json("posts/update"))["update_time"] > last
    clock.forward(seconds=60)
    before = await app.xml("posts/update")
    await server.settle()
    assert before.tag == "update"
    assert (await app.json("posts/update"))["update_time"] >= before.attrib["time"]


async def test_tags_are_named_as_their_owner_spelled_them_last(server, ana, app):
    bo = await server.sign_up("bo")
    await bo.save("https://bo.example/", tags="NEURALNET other")
    await ana.save("https://a.example/1", tags="neuralnet C++")
    server.clock.forward(seconds=1)
    await ana.save("https://a.example/2", tags="NeuralNet Über")
    await server.settle()

    assert await app.json("tags/get") == {"C++": 1, "NeuralNet": 2, "Über": 1}
    [_, mine] = await app.json("posts/suggest", url="https://a.example/3")
    assert sorted(mine["recommended"]) == ["C++", "NeuralNet", "Über"]
    assert (await app.json("posts/dates", tag="NeuralNet"))["tag"] == "NeuralNet"
    [newest] = (await app.json("posts/recent", tag="neuralNET", count=1))["posts"]
    assert newest["tags"] == "NeuralNet Über"


async def test_get_recent_and_dates(server, ana, app):
    for number, day in enumerate(("2020-09-01", "2020-09-02", "2020-09-02")):
        tags = "even both" if number % 2 == 0 else "odd both"
        at = f"{day}T03:43:2{number}Z"
        await app.json("posts/add", url=f"https://{number}.example/", description=f"{number}", tags=tags, dt=at)

    def titles(answer: Any) -> list[str]:
        return [post["description"] for post in answer["posts"]]

    last_day = await app.json("posts/get")
    assert {**last_day, "posts": titles(last_day)} == {
        "date": "2020-09-02T03:43:22Z",
        "user": "ana",
        "posts": ["2", "1"],
    }
    assert titles(await app.json("posts/get", dt="2020-09-01")) == ["0"]
    assert titles(await app.json("posts/get", dt="2019-01-01")) == []
    assert titles(await app.json("posts/get", url="https://1.example/")) == ["1"]
    assert titles(await app.json("posts/get", url="https://other.example/")) == []
    assert titles(await app.json("posts/get", tag="odd")) == ["1"]
    assert titles(await app.json("posts/recent", count=2)) == ["2", "1"]
    assert titles(await app.json("posts/recent", tags="both EVEN")) == ["2", "0"]
    recent = await app.xml("posts/recent")
    assert recent.attrib == {"user": "ana", "dt": "2020-09-02T03:43:22Z"}
    assert await app.json("posts/dates") == {"user": "ana", "tag": "", "dates": {"2020-09-02": 2, "2020-09-01": 1}}
    assert await app.json("posts/dates", tag="odd") == {"user": "ana", "tag": "odd", "dates": {"2020-09-02": 1}}
    dates = await app.xml("posts/dates", tag="even")
    assert (dates.attrib, [dict(each.attrib) for each in dates]) == (
        {"tag": "even", "user": "ana"},
        [{"count": "1", "date": "2020-09-02"}, {"count": "1", "date": "2020-09-01"}],
    )

    def hrefs(answer: Any) -> list[str]:
        return [post["description"] for post in answer]

    assert hrefs(await app.json("posts/all", start=1, results=1)) == ["1"]
    assert hrefs(await app.json("posts/all", start=3, results=10_000)) == []
    assert hrefs(await app.json("posts/all", results=0)) == []
    assert hrefs(await app.json("posts/all", fromdt="2020-09-01T03:43:20Z")) == ["2", "1"]
    assert hrefs(await app.json("posts/all", todt="2020-09-02T03:43:22Z", tag="both,odd")) == ["1"]
    assert hrefs(await app.json("posts/all", tag="nothing")) == []


async def test_everything_comes_over_in_pages_of_the_database(server, ana, app):
    from fedimark.bookmarks.draft import Draft
    from fedimark.bookmarks.save import save_many

    drafts = [
        Draft(url=f"https://{n}.example/", title=f"{n}", tags=("t",), saved_at=10**15 + n // 3) for n in range(1_203)
    ]
    await save_many(Owner.of(ana.viewer), drafts)

    for arguments in ({}, {"tag": "t"}):
        posts = await app.json("posts/all", arguments)
        assert len({post["href"] for post in posts}) == len(posts) == 1_203
    assert len(await app.json("posts/all", start=1_200)) == 3
    assert len(list(await app.xml("posts/all"))) == 1_203


async def test_tags_are_counted_renamed_and_deleted(app):
    await app.json("posts/add", url=SQLITE, description="x", tags="SQL .mine")
    await app.json("posts/add", url="https://b.example/", description="x", tags="sql anlaysis")

    assert await app.json("tags/get") == {".mine": 1, "anlaysis": 1, "sql": 2}
    tags = await app.xml("tags/get")
    assert [dict(each.attrib) for each in tags][-1] == {"count": "2", "tag": "sql"}
    assert await app.json("tags/rename", old="ANLAYSIS", new="analysis") == {"result": "done"}
    assert await app.json("tags/rename", old="analysis", new="sql") == {"result": "done"}
    assert await app.json("tags/rename", old="sql", new="") == {"result": "done"}
    assert await app.json("tags/delete", tag=".mine") == {"result": "done"}
    assert await app.json("tags/delete", tag="nothing") == {"result": "done"}
    assert await app.json("tags/get") == {"sql": 2}
    assert (
        await app.ask("tags/delete", tag="x")
    ).text == '<?xml version="1.0" encoding="UTF-8" ?><result>done</result>'
    assert await app.json("tags/rename", old="", new="x") == WRONG
    assert await app.json("tags/rename", old="sql", new="...") == WRONG


async def test_tags_are_suggested_of_others_and_of_ones_own(server, ana, app):
    bo = await server.sign_up("bo")
    await bo.save(SQLITE, title="x", tags="sql database .bos")
    await ana.save("https://sqlite.org/other", title="x", tags="db")

    assert await app.json("posts/suggest", url=SQLITE) == [{"popular": ["database", "sql"]}, {"recommended": ["db"]}]
    xml = await app.xml("posts/suggest", url=SQLITE)
    assert xml.tag == "suggested"
    assert [(each.tag, each.text) for each in xml] == [
        ("popular", "database"),
        ("popular", "sql"),
        ("recommended", "db"),
    ]


async def test_tags_of_ones_network_are_suggested_and_nothing_that_one_may_not_see(server, ana, app):
    bo, cy = await server.sign_up("bo"), await server.sign_up("cy")
    await ana.follow(bo)
    await server.settle()
    await bo.save(SQLITE, title="x", tags="friends .bos", visibility="followers")
    await cy.save(SQLITE, title="x", tags="friends everybody")
    await cy.save("https://sqlite.org/hidden", title="x", tags="others", visibility="private")
    await ana.save("https://sqlite.org/other", title="x", tags="db .mine")

    popular, recommended = await app.json("posts/suggest", url=SQLITE)
    stranger = await (await app_of(await server.sign_up("zoe"))).json("posts/suggest", url=SQLITE)

    assert (popular, recommended) == ({"popular": ["everybody"]}, {"recommended": [".mine", "db", "friends"]})
    assert stranger == [{"popular": ["everybody", "friends"]}, {"recommended": []}]


async def test_secret_and_token(server, ana, app):
    secret = (await app.json("user/secret"))["result"]
    token = (await app.json("user/api_token"))["result"]
    given = (await server.browser().get("/v1/user/api_token?format=json", auth=("ana", PASSWORD))).json()["result"]

    assert (await app.json("user/secret"))["result"] == secret
    assert (await bearer_of(secret)).scopes == Scope.FEED
    assert f"ana:{token}" == app.key
    assert given != token
    assert (await bearer_of(f"ana:{given}")).viewer.username == "ana"


async def test_the_key_of_feeds_is_told_to_who_may_read_and_open_feeds(server, ana):
    # Given keys with each scope alone and with all but one of those that are needed
    refused = (*Scope, USUAL & ~Scope.FEED, USUAL & ~Scope.READ)
    for scopes in refused:
        answer = await (await app_of(ana, scopes)).ask("user/secret")
        assert (answer.status_code, "read feed" in answer.text) == (403, True), scopes

    # Then nothing was made for them, and the two together will do
    assert await fetch("SELECT id FROM token WHERE shown IS NOT NULL") == []
    secret = (await (await app_of(ana, Scope.READ | Scope.FEED)).json("user/secret"))["result"]
    assert (await bearer_of(secret)).scopes == Scope.FEED


async def test_a_copy_is_kept_up_to_date_by_what_changed(server, ana, app, clock):
    await app.json("posts/add", url=SQLITE, description="x")
    clock.forward(seconds=60)
    first = await app.json("posts/delta", since="2020-01-01T00:00:00Z")
    assert [post["href"] for post in first["posts"]] == [SQLITE]
    assert first["complete"] is False  # longer ago than what went is remembered

    clock.forward(seconds=60)
    await app.json("posts/add", url="https://b.example/", description="b")
    await app.json("posts/delete", url=SQLITE)
    clock.forward(seconds=60)
    second = await app.json("posts/delta", since=first["until"])

    assert [post["href"] for post in second["posts"]] == ["https://b.example/"]
    assert second["deleted"] == [hashlib.md5(SQLITE.encode()).hexdigest()]
    assert (second["more"], second["complete"]) == (False, True)
    # After the undo has run out too, and once more when it comes back.
    await server.settle()
    assert (await app.json("posts/delta", since=first["until"]))["deleted"] == second["deleted"]
    await app.json("posts/add", url=SQLITE, description="again")
    clock.forward(seconds=60)
    third = await app.json("posts/delta", since=second["until"])
    assert [post["description"] for post in third["posts"]] == ["again"]
    xml = await app.xml("posts/delta", since=second["until"])
    assert (xml.tag, len(xml)) == ("delta", 1)
    assert (await app.ask("posts/delta")).status_code == 400


async def test_changes_come_in_parts_of_which_none_is_missed(server, ana, app, clock):
    for number in range(7):
        clock.forward(seconds=1)
        await app.json("posts/add", url=f"https://{number}.example/", description=f"{number}")
    clock.forward(seconds=60)

    seen, since, more = [], "2026-01-01T00:00:00Z", True
    while more:
        part = await app.json("posts/delta", since=since, results=3)
        seen += [post["description"] for post in part["posts"]]
        since, more = part["until"], part["more"]

    assert seen == [f"{number}" for number in range(7)]


async def test_what_ones_network_saved_last(server, ana, app):
    bo = await server.sign_up("bo")
    await ana.follow(bo)
    await bo.save(SQLITE, title="WAL", tags="sql .bos")
    await bo.save("https://private.example/", title="x", visibility="private")

    answer = await app.json("network/recent")

    assert [(post["href"], post["user"], post["tags"]) for post in answer["posts"]] == [(SQLITE, "bo", "sql")]


# What it cannot take


BAD = (
    "x" * 60_000, "\ufffe\uffff", "\u202e", "9" * 5_000, "-1", "1e9", "NaN", "'; DROP TABLE bookmark; --", "[]", "{}",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "10000-01-01", "2010-13-45T99:99:99Z", "null", "true", " ",
)  # fmt: skip
NAMES = (
    "url", "description", "extended", "tags", "tag", "dt", "replace", "shared", "toread", "start", "results", "fromdt",
    "todt", "meta", "count", "old", "new", "since", "format",
)  # fmt: skip
METHODS = (
    "posts/update", "posts/add", "posts/delete", "posts/get", "posts/recent", "posts/dates", "posts/all",
    "posts/suggest", "posts/delta", "tags/get", "tags/delete", "tags/rename", "network/recent",
)  # fmt: skip


async def test_no_argument_however_wrong_fails_a_method(server, ana, app):
    await ana.save(SQLITE, title="WAL", tags="sql")
    await execute("UPDATE account SET privacy_lock = TRUE")
    browser = server.browser()
    failures = []
    for method in METHODS:
        for bad in BAD:
            answer = await browser.post(f"/v1/{method}", data={"auth_token": app.key, **dict.fromkeys(NAMES, bad)})
            failures += [f"{method} {bad[:20]!r}: {answer.status_code}"] if answer.status_code >= 500 else []
        for name in NAMES:
            answer = await browser.get(f"/v1/{method}?auth_token={app.key}&url={SQLITE}&description=x&{name}=%FF%FE")
            failures += (
                [f"{method} {name} not in UTF-8: {answer.status_code}"]
                if answer.status_code != 400 and "wrong" not in answer.text
                else []
            )
        for raw in (b"%00", b"%ed%a0%80", b"\xff", b"&" * 500 + b"a=b", b"tag=a&" * 400):
            answer = await browser.get(f"/v1/{method}?auth_token={app.key}&".encode().decode() + raw.decode("latin-1"))
            failures += [f"{method} {raw[:20]!r}: {answer.status_code}"] if answer.status_code >= 500 else []

    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(("form", "wrong"), [("json", json.dumps(WRONG, separators=(",", ":"))), ("xml", "<result")])
async def test_what_cannot_be_read_is_answered_in_the_format_that_was_asked_for(app, form, wrong):
    asked = f"/v1/posts/add?format={form}&auth_token={app.key}"

    address = await app.browser.get(f"{asked}&url=%ff%fe&description=x")
    body = await app.browser.post(asked, content=b"{}", headers={"Content-Type": "application/json"})
    nothing = await app.ask("posts/nothing", format=form)

    assert (address.status_code, body.status_code) == (200, 200)
    assert wrong in address.text
    assert wrong in body.text
    assert body.headers["content-type"] == f"text/{form}; charset=utf-8"
    assert (nothing.status_code, nothing.text) == (404, "404 Not Found")


async def test_what_is_no_method_is_not_found_and_nothing_but_get_and_post_is_taken(server, ana, app):
    browser = server.browser()

    assert (await app.ask("posts/nothing")).status_code == 404
    assert (await browser.get("/v1/")).status_code == 404
    assert (await browser.put("/v1/posts/add")).status_code == 405
    assert (
        await browser.post("/v1/posts/add", content=b"{}", headers={"Content-Type": "application/json"})
    ).status_code in (200, 415)
