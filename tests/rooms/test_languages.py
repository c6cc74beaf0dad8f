"""Pages in the language of their reader; everything else as it is."""

from __future__ import annotations

import pytest

from tests.stories.reading import Reading

# Nothing here asks a database anything that the two would answer differently.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

PAGE = "https://sqlite.org/lang.html"


async def get(person_or_server, path: str, accepted: str = "", **headers: str):
    """A page as a browser of some language asks for it."""
    browser = person_or_server.browser
    asking = browser if not callable(browser) else browser()
    return await asking.get(path, headers={**({"accept-language": accepted} if accepted else {}), **headers})


async def test_a_stranger_reads_in_the_language_of_their_browser(server, ana):
    await ana.save(PAGE, title="SQLite", tags="sql")

    german, japanese = await get(server, "/u/ana", "de-AT, en;q=0.5"), await get(server, "/u/ana", "ja")
    english, unknown = await get(server, "/u/ana"), await get(server, "/u/ana", "tlh, *;q=0.1")

    assert [Reading(each.text).one("html").get("lang") for each in (german, japanese, english)] == ["de", "ja", "en"]
    assert [each.headers["content-language"] for each in (german, japanese, english)] == ["de", "ja", "en"]
    assert "accept-language" in german.headers["vary"].lower()
    assert ("Anmelden" in german.text, "ログイン" in japanese.text, "Sign in" in english.text) == (True, True, True)
    assert unknown.text == english.text


async def test_what_somebody_chose_goes_before_what_their_browser_asks(server, ana):
    form = {"theme": "auto", "descriptions": "some", "own_css": "", "language": "de"}
    assert (await ana.browser.post("/settings/looks", data=form)).status_code == 303

    page = Reading((await get(ana, "/settings/looks", "ja")).text)
    refused = await ana.browser.post("/settings/looks", data=form | {"language": "tlh"})

    assert page.one("html").get("lang") == "de"
    assert page.title == "Aussehen · fedimark"
    assert refused.status_code == 422
    assert "Wähle eine Sprache der Liste." in refused.text


async def test_what_went_wrong_is_told_in_the_readers_language(server, ana):
    wrong = {"username": "ana", "password": "not this one"}

    answer = await server.browser().post("/sign-in", data=wrong, headers={"accept-language": "de"})

    assert answer.status_code == 422
    assert "Name oder Passwort stimmen nicht." in answer.text


async def test_numbers_and_moments_are_as_the_language_has_them(server, ana, clock):
    await ana.save(PAGE, title="SQLite", tags="sql")
    clock.forward(days=2)

    german, japanese = (await get(server, "/u/ana", "de")).text, (await get(server, "/u/ana", "ja")).text
    one, two = (await get(server, "/", "de")).text, (await get(server, "/", "ja")).text

    assert "vor 2 Tagen" in german
    assert "2日前" in japanese
    assert "1 öffentliches Lesezeichen" in one
    assert "公開ブックマーク1件" in two


@pytest.mark.parametrize(
    "header", ["", "de;q=nan", "\t,;=", "x" * 8_000, "de," * 2_000, "*;q=0", "../../etc/passwd", "de-DE-u-co-phonebk"]
)
async def test_no_header_makes_a_page_fail(server, header):
    answer = await get(server, "/about", header)

    assert answer.status_code == 200
    assert Reading(answer.text).one("html").get("lang") in ("en", "de")


async def test_an_error_is_told_in_the_readers_language_to_people_and_in_english_to_programs(server, ana):
    page = await get(server, "/u/nobody", "de")
    activity = await get(server, "/u/nobody", "de", accept="application/activity+json")
    program = await get(server, "/v1/posts/get", "de")
    form = await ana.browser.post("/add", data={"url": ""}, headers={"accept-language": "de"})

    assert Reading(page.text).title == "Hier ist nichts · fedimark"
    assert page.headers["content-language"] == "de"
    assert activity.json()["title"] == "There is nothing here"
    assert program.status_code == 401
    assert "ist" not in program.text.split()
    assert form.status_code == 422


@pytest.mark.parametrize("accept", ["application/activity+json", "application/feed+json", "application/rss+xml"])
async def test_documents_are_the_same_in_every_language(server, ana, accept):
    await ana.save(PAGE, title="SQLite", tags="sql")
    path = "/u/ana" if "activity" in accept else f"/u/ana/feed.{'json' if 'json' in accept else 'rss'}"

    answers = [await get(server, path, language, accept=accept) for language in ("en", "de", "ja")]

    assert answers[0].status_code == 200
    assert len({answer.text for answer in answers}) == 1
