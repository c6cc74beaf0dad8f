"""A stranger chooses the language of pages: kept by their browser alone, and only once they pressed."""

from __future__ import annotations

import httpx
import pytest

from fedimark.language.catalogue import NAMES
from tests.stories.reading import Reading

PAGE = "https://sqlite.org/lang.html"


@pytest.fixture
async def ana(server):
    ana = await server.sign_up("ana")
    await ana.save(PAGE, title="SQLite", tags="sql", visibility="public")
    return ana


def language(answer: httpx.Response) -> str:
    """What a page says it is in, in its head and in its text."""
    said = Reading(answer.text).one("html").get("lang")
    assert answer.headers["content-language"] == said
    return said


# A server that takes nobody on has no page to sign up, and none answers there.
FAILING = ("/sign-up", "/nowhere")


async def choose(browser: httpx.AsyncClient, chosen: str, back: str = "/u/ana") -> httpx.Response:
    """Press a language at the foot of a page."""
    return await browser.post("/language", data={"language": chosen, "back": back})


@pytest.mark.parametrize("path", ["/", "/about", "/sign-in", "/sign-up", "/u/ana?x=1", "/t/sql", "/nowhere"])
async def test_every_page_of_a_stranger_offers_each_language_by_its_own_name(server, ana, path):
    reading = Reading((await server.browser().get(path)).text)
    form = reading.form("/language")
    buttons = form.element.all("button")

    assert {each.get("lang"): each.text for each in buttons} == dict(NAMES)
    assert [each.get("value") for each in buttons] == [each.get("lang") for each in buttons]
    assert [each.get("lang") for each in buttons if each.has("aria-current")] == ["en"]
    assert form.values() == {"back": "/" if path in FAILING else path}
    assert "/language" not in (await ana.browser.get("/u/ana")).text


async def test_a_press_leads_back_to_the_same_page_in_that_language(server, ana):
    browser = server.browser()
    assert language(await browser.get("/u/ana")) == "en"
    assert not browser.cookies

    done = await choose(browser, "ja", "/u/ana?x=1")

    assert (done.status_code, done.headers["location"]) == (303, "/u/ana?x=1")
    for _ in range(2):  # drawn, and kept
        assert language(await browser.get("/u/ana", headers={"accept-language": "de"})) == "ja"
    assert "ログイン" in (await browser.get("/sign-in")).text


async def test_the_cookie_says_the_language_and_nothing_else(server, ana):
    said = (await choose(server.browser(), "de")).headers["set-cookie"]

    name, _, rest = said.partition("=")
    assert name == "__Host-fedimark-language"
    assert rest.split("; ")[0] == "de"
    assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(rest.split("; "))


async def test_what_is_kept_for_one_language_is_given_to_nobody_who_chose_another(server, ana):
    chosen, other = server.browser(), server.browser()
    await choose(chosen, "de")
    asked = {"accept-language": "ja", "accept-encoding": "identity"}

    pages = [await browser.get("/u/ana", headers=asked) for browser in (other, chosen, other, chosen)]
    known = await chosen.get("/u/ana", headers={**asked, "if-none-match": pages[0].headers["etag"]})

    assert [language(page) for page in pages] == ["ja", "de", "ja", "de"]
    assert all("cookie" in page.headers["vary"].lower() for page in pages)
    assert known.status_code == 200
    assert language(known) == "de"


async def test_an_account_goes_before_the_browser_and_a_setting_ends_what_was_chosen(server, ana):
    await choose(ana.browser, "ja")
    assert language(await ana.browser.get("/u/ana")) == "ja"
    looks = {"theme": "auto", "descriptions": "some", "own_css": ""}

    await ana.browser.post("/settings/looks", data=looks | {"language": "de"})
    set_ = language(await ana.browser.get("/u/ana"))
    await choose(ana.browser, "ja")
    still = language(await ana.browser.get("/u/ana"))
    await ana.browser.post("/settings/looks", data=looks | {"language": "auto"})

    assert (set_, still) == ("de", "de")
    assert language(await ana.browser.get("/u/ana")) == "en"


@pytest.mark.parametrize("chosen", ["", "tlh", "de-AT", "DE", "auto", "../de", "\r\nx: y"])
async def test_no_other_language_is_taken(server, ana, chosen):
    browser = server.browser()

    refused = await choose(browser, chosen)

    assert refused.status_code == 422
    assert "Choose a language of the list." in refused.text
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "/\\evil.example/", ""])
async def test_a_press_leads_nowhere_else(server, ana, away):
    assert (await choose(server.browser(), "de", away)).headers["location"] == "/"


@pytest.mark.parametrize("cookie", ["tlh", '"de"x', "%64%65", "de; x", "\xe9", "=" * 3_000])
async def test_no_cookie_makes_a_page_fail(server, ana, cookie):
    headers = {"cookie": f"__Host-fedimark-language={cookie}".encode("latin-1")}

    assert language(await server.browser().get("/about", headers=headers)) in ("en", "de")


async def test_looking_chooses_nothing_and_another_site_presses_nothing(server, ana):
    looked = await server.browser().get("/language")
    pressed = await server.browser().post(
        "/language", data={"language": "de"}, headers={"sec-fetch-site": "cross-site"}
    )

    assert looked.status_code == 405
    assert pressed.status_code == 403
    assert "set-cookie" not in looked.headers
    assert "set-cookie" not in pressed.headers


@pytest.mark.parametrize("quoted", ['"de"', '"\\144\\145"', '"' + "\\144" * 15_000 + '"'])
async def test_a_cookie_is_read_as_it_stands_and_nothing_in_it_is_unquoted(server, ana, quoted):
    cookie = f"__Host-fedimark-language={quoted}"

    answer = await server.browser().get("/u/ana", headers={"cookie": cookie, "accept-language": "ja"})

    assert language(answer) == "ja"
