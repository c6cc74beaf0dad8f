"""What is true of every page: nothing scrolls sideways, all has a name, can be hit, and axe-core finds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.chromium import NARROW, WIDE, Visit
from tests.browser.stops import ABROAD, ALONE, STOPS, Stop
from tests.browser.world import new_server

pytestmark = pytest.mark.browser

FAULTS = (Path(__file__).parent / "faults.js").read_text(encoding="utf-8")


MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
    const style = getComputedStyle(one);
    return style.animationName !== "none" || style.transitionDuration !== "0s" || style.scrollBehavior === "smooth";
}).map((one) => one.outerHTML.slice(0, 80))"""
AXE = Axe()
OPTIONS = {"resultTypes": ["violations"]}


def violations(page: Page) -> list[str]:
    """What axe-core finds, a sentence each with the first element it is about."""
    found = AXE.run(page, options=OPTIONS).response["violations"]
    return [f"{one['id']}: {one['help']}: {_first(one['nodes'])}" for one in found]


def _first(nodes: list[dict[str, Any]]) -> str:
    said = [check["message"] for check in nodes[0]["any"]]
    return " ".join([nodes[0]["html"][:200], *said])


def resize(page: Page, size: tuple[int, int]) -> None:
    """Make the window another size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})


@pytest.mark.parametrize("stop", STOPS, ids=[stop.name for stop in STOPS])
def test_a_page_is_whole_wide_and_narrow_and_for_everybody(chairs, world, stop: Stop):
    visit = chairs(stop.who)
    visit.complaints.clear()
    resize(visit.page, WIDE)

    stop.go(visit.page, world)

    assert visit.page.evaluate(FAULTS) == []
    assert violations(visit.page) == []
    resize(visit.page, NARROW)
    assert visit.page.evaluate(FAULTS) == []
    assert visit.complaints == []


@pytest.mark.parametrize("path", ["/settings", "/u/lin", "/help"])
def test_on_a_telephone_no_word_of_a_row_that_moves_stands_on_another(window, path):
    page = window("lin", size=NARROW, touch=True)
    page.goto(path)

    wide = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    assert page.locator(".filters a").evaluate_all(wide) == []


@pytest.mark.parametrize("language", ["de", "ja"])
def test_pages_are_whole_in_other_languages(look, world, language):
    for who in ("", "lin"):
        visit = look(world.process.url, language=language, size=NARROW)
        if who:
            visit.lend(world.people[who])
        for stop in STOPS:
            if stop.who == who and stop.name in ABROAD:
                stop.go(visit.page, world)
                expect(visit.page.locator("html")).to_have_attribute("lang", language)
                assert visit.page.evaluate(FAULTS) == [], stop.name


def test_pages_of_a_server_that_nobody_set_up_are_whole_too(look, tmp_path):
    with new_server(tmp_path / "alone") as alone:
        visit = look(alone.process.url)
        for stop in ALONE:
            resize(visit.page, WIDE)
            stop.go(visit.page, alone)

            assert visit.page.evaluate(FAULTS) == [], stop.name
            assert violations(visit.page) == [], stop.name
            resize(visit.page, NARROW)
            assert visit.page.evaluate(FAULTS) == [], stop.name
        assert [one for one in visit.complaints if not one.startswith("500")] == []
        visit.complaints.clear()


@pytest.mark.parametrize("path", ["/u/lin", "/network", "/settings", "/followers"])
def test_a_finger_hits_what_it_means_and_nothing_scrolls_sideways(window, path):
    page = window("lin", size=NARROW, touch=True)

    page.goto(path)

    assert page.evaluate(FAULTS) == []
    for button in page.locator("main button:visible, main .button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44, button.inner_text()


def test_ten_entries_stand_in_1200_pixels(window):
    page = window()
    page.goto("/recent")

    bottoms = [box["y"] + box["height"] for one in page.locator(".entry").all() if (box := one.bounding_box())]

    assert sum(bottom <= WIDE[1] for bottom in bottoms) >= 10


def test_a_long_address_that_opens_nothing_takes_two_lines_of_a_list(window, world):
    world.save("dora", f"javascript:{'void(0);' * 400}", title="A bookmarklet", visibility="private")
    page = window("dora")
    page.goto("/u/dora")

    address = page.locator(".entry", has_text="A bookmarklet").locator(".mono").bounding_box()

    assert address is not None
    assert 30 < address["height"] < 50


@pytest.mark.parametrize("named", [".brand", "h1 .here", ".top [aria-current]", ".month", "aside h2"])
def test_where_one_is_and_what_things_are_called_stands_out_by_its_weight_alone(window, named):
    page = window("lin")

    page.goto("/u/lin")

    shown = page.locator(named).first
    expect(shown).to_have_css("font-weight", "700")
    expect(shown).to_have_css("background-color", "rgba(0, 0, 0, 0)")


def test_pages_are_dark_where_the_device_is(window):
    page = window("lin", colours="dark")
    page.goto("/u/lin")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 23, 26)")

    page.emulate_media(color_scheme="light")

    expect(page.locator("body")).to_have_css("background-color", "rgb(252, 252, 250)")


def test_more_contrast_is_given_where_the_device_asks_and_nobody_chose_otherwise(window):
    page = window("lin")
    page.goto("/u/lin")
    page.emulate_media(contrast="more")
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(contrast="more", color_scheme="dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(0, 0, 0)")

    page.emulate_media(contrast="no-preference", color_scheme="light")

    expect(page.locator("body")).to_have_css("background-color", "rgb(252, 252, 250)")


def test_a_printed_page_is_the_text_alone(window):
    page = window("lin")
    page.goto("/u/lin")

    page.emulate_media(media="print", color_scheme="dark")

    expect(page.locator(".entry").first).to_be_visible()
    for gone in ("header.top", "aside", ".acts >> nth=0", "footer", ".star >> nth=0"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("body")).to_have_css("color", "rgb(28, 31, 33)")


def test_nothing_moves_by_itself(window):
    """Nobody who asks for less motion gets any, for there is none: no animation, no transition, on any page."""
    page = window("lin")
    for path in ("/u/lin", "/network", "/add", "/settings/looks"):
        page.goto(path)
        page.emulate_media(reduced_motion="no-preference")
        page.locator("details.me summary").click()
        assert page.evaluate("document.getAnimations().length") == 0
        assert page.evaluate(MOVING) == [], path


def test_the_watch_hears_what_breaks_the_policy(browser, world):
    visit = Visit(browser, world.process.url)
    visit.page.goto("/")

    visit.page.evaluate("document.body.setAttribute('style', 'color: red')")
    visit.page.evaluate("document.body.append(Object.assign(new Image(), { src: 'https://elsewhere.example/x.png' }))")
    with visit.page.expect_event("pageerror"):
        visit.page.evaluate("setTimeout(() => { throw new Error('on purpose') })")
    visit.close()

    heard = "\n".join(visit.complaints)
    assert "style-src" in heard
    assert "img-src" in heard
    assert "on purpose" in heard
