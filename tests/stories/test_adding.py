"""The form that saves: what it knows of a page, what it warns of, and where it leads."""

from __future__ import annotations

import re
from types import SimpleNamespace

import httpx
from limits.aio.storage import memory

from fedimark.database import fetch
from fedimark.doorway import throttle
from tests.stories.reading import Reading

PAGE = "https://page.example/"


async def test_the_form_offers_tags_names_other_savers_and_takes_what_is_ticked(server, ana):
    bo = await server.sign_up("bo")
    await bo.save(PAGE, tags="popular .secret")
    await ana.save("https://page.example/other", tags="mine")

    form = Reading((await ana.browser.get(f"/add?url={PAGE}&title=T&description=D&tags=typed")).text)

    offers = form.one("fieldset", "offers")
    assert [box.get("value") for box in offers.all("input")] == ["mine", "popular"]
    assert "Also saved by bo" in form.one("div", "about").text
    assert ".secret" not in form.text
    sent = {**form.form("/add").values(), "also": ["popular", "mine"]}
    assert (await ana.browser.post("/add", data=sent)).status_code == 303
    rows = await fetch("SELECT * FROM bookmark WHERE actor_id = ? AND url = ?", ana.viewer.actor_id, PAGE)
    assert [(row["title"], row["description"], row["tags"]) for row in rows] == [("T", "D", "typed popular mine")]


async def test_what_is_saved_already_is_not_replaced_without_a_word(server, ana):
    await ana.save(PAGE, title="Old", description="Old words.", tags="old")
    typed = {"url": PAGE, "title": "New"}

    # By its address the form comes with the words of before
    known = Reading((await ana.browser.get(f"/add?url={PAGE}&title=New")).text)
    assert known.form("/add").values()["title"] == "Old"
    assert "You saved this page already" in known.text

    # Typed by hand, they are shown before anything is replaced
    fresh = Reading((await ana.browser.get("/add")).text).form("/add").values()
    warned = await ana.browser.post("/add", data={**fresh, **typed})
    assert warned.status_code == 409
    page = Reading(warned.text)
    assert "Old words." in page.one("div", "box").text
    assert page.form("/add").values()["title"] == "New"
    assert [row["title"] for row in await fetch("SELECT title FROM bookmark")] == ["Old"]
    about = Reading((await ana.browser.get(f"/add/about?url={PAGE}")).text)
    assert "Old words." in about.one("div", "box").text

    # And then it is replaced
    assert (await page.form("/add").send(ana.browser)).status_code == 200
    assert [row["title"] for row in await fetch("SELECT title FROM bookmark")] == ["New"]


async def test_bookmarklets_close_their_window_or_lead_back_to_the_page(server, ana):
    for asked, then in (("jump=close", "close"), ("next=same", "same"), ("jump=//evil.example&next=/x", "")):
        form = Reading((await ana.browser.get(f"/add?url={PAGE}{then}&{asked}")).text)
        sent = await ana.browser.post("/add", data=form.form("/add").values())

        where = sent.headers["location"]
        assert where.endswith(f"&then={then}") if then else where.startswith("/u/ana/b/")
        page = Reading((await ana.browser.get(where)).text)
        refresh = [meta.get("content") for meta in page.all("meta") if meta.get("http-equiv")]
        assert refresh == ([f"0;url={PAGE}same"] if then == "same" else [])
        assert bool([p for p in page.all("p") if p.has("data-done")]) == (then == "close")
    await ana.save("javascript:alert(1)")
    saved = (await fetch("SELECT public_id FROM bookmark WHERE url LIKE 'javascript%'"))[0]["public_id"]
    assert "http-equiv" not in (await ana.browser.get(f"/add/saved?id={saved}&then=same")).text


async def test_the_window_of_a_bookmarklet_is_for_its_form_alone(server, ana):
    alone = Reading((await ana.browser.get(f"/add?url={PAGE}&jump=close")).text)
    whole = Reading((await ana.browser.get(f"/add?url={PAGE}")).text)

    assert [len(alone.all(part)) for part in ("header", "nav", "footer", "main", "h1")] == [0, 0, 0, 1, 1]
    assert [len(whole.all(part)) for part in ("header", "nav", "footer", "main", "h1")] == [1, 1, 1, 1, 1]
    assert set(alone.form("/add").values()) == set(whole.form("/add").values()) | {"jump"}


async def test_pinboards_words_in_an_address_choose_what_the_form_begins_with(server, ana):
    async def begins(words: str) -> tuple[str | None, str]:
        asked = await ana.browser.get(f"/add?url={PAGE}&title=T{words}")
        values = Reading(asked.text).form("/add").values()
        return values.get("to_read"), values["visibility"]

    assert await begins("") == (None, "public")
    assert await begins("&later=yes&noui=yes&jump=close") == ("yes", "public")
    assert await begins("&toread=1&private=yes") == ("yes", "private")
    assert await begins("&shared=no") == (None, "private")
    assert await begins("&later=no&private=no&shared=yes") == (None, "public")
    # They open up nothing.
    assert await begins("token=1&private=no&shared=yes&url=https://a.example/?token=1") == (None, "private")
    assert await fetch("SELECT id FROM bookmark") == []


async def test_a_get_saves_only_with_a_key_for_that_private_and_to_read(server, ana):
    # Without a key, or with one that is none, the form opens
    for key in ("", "&key=", "&key=00112233445566778899aabbccddeeff"):
        opened = await ana.browser.get(f"/add?later=yes&noui=yes{key}&url={PAGE}")
        assert Reading(opened.text).form("/add").values()["url"] == PAGE
    assert await fetch("SELECT id FROM bookmark") == []

    # With one it saves, though nobody is signed in
    made = await ana.browser.post("/settings/bookmarklets/key")
    key = re.findall(r"key=([0-9A-Fa-f]{32})", made.text)[0]
    anybody = server.browser()
    asked = f"/add?later=yes&key={key}&url={PAGE}&title=T&description=selected&tags=a"
    assert (await anybody.get(asked)).status_code == 200
    [row] = await fetch("SELECT * FROM bookmark")
    assert (row["title"], row["description"], row["tags"]) == ("T", "selected", "a")
    assert (row["visibility"], bool(row["to_read"]), row["actor_id"]) == (0, True, ana.viewer.actor_id)

    # Never over what is there, and it shows nothing
    await ana.edit(PAGE, title="Mine", visibility="public")
    again = await anybody.get(asked)
    assert "Mine" not in again.text
    assert [each["title"] for each in await fetch("SELECT title FROM bookmark")] == ["Mine"]
    assert (await anybody.get(f"/add?noui=yes&key={key}&url=nothing")).status_code == 422
    assert (await anybody.get("/u/ana/private", params={"key": key})).status_code != 200

    # Thirty an hour, and none once it is revoked
    for number in range(27):
        assert (await anybody.get(f"/add?later=yes&key={key}&url={PAGE}{number}")).status_code == 200
    assert (await anybody.get(f"/add?later=yes&key={key}&url={PAGE}more")).status_code == 429
    [token] = await fetch("SELECT id FROM token")
    await ana.browser.post(f"/settings/keys/{token['id']}/revoke")
    assert (await anybody.get(asked)).status_code in (303, 401)


async def test_a_key_that_saved_thirty_in_an_hour_saves_nothing_more_until_it_has_passed(server, ana, monkeypatch):
    # Given the hour's count on a clock of ours
    hour = SimpleNamespace(now=1_000_000_800.0)
    monkeypatch.setattr(memory, "time", SimpleNamespace(time=lambda: hour.now))
    monkeypatch.setattr(throttle, "time", SimpleNamespace(time=lambda: hour.now))
    bo, keys = await server.sign_up("bo"), {}
    for person in (ana, bo):
        made = await person.browser.post("/settings/bookmarklets/key")
        keys[person.name] = re.findall(r"key=([0-9A-Fa-f]{32})", made.text)[0]

    async def save(person: str, number: int) -> httpx.Response:
        return await server.browser().get(f"/add?later=yes&noui=yes&key={keys[person]}&url={PAGE}{number}&title=T")

    async def saved() -> int:
        return len(await fetch("SELECT id FROM bookmark WHERE actor_id = ?", ana.viewer.actor_id))

    # When thirty are saved
    assert {(await save("ana", number)).status_code for number in range(30)} == {200}

    # Then the next one says how long to wait, and saves nothing; nobody else waits
    refused = await save("ana", 30)
    assert (refused.status_code, await saved()) == (429, 30)
    assert 0 < int(refused.headers["retry-after"]) <= 3_600
    assert (await save("bo", 1)).status_code == 200
    # Who is signed in and presses without the key has the form all the while
    form = Reading((await ana.browser.get(f"/add?later=yes&url={PAGE}30")).text).form("/add")
    assert form.values()["url"] == f"{PAGE}30"

    # And once the hour has passed it saves again
    hour.now += int(refused.headers["retry-after"]) + 1
    assert ((await save("ana", 30)).status_code, await saved()) == (200, 31)
