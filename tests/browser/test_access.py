"""axe-core finds nothing on any page, in any look."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.chromium import WIDE
from tests.browser.stops import STOPS, Stop
from tests.browser.test_pages import resize

pytestmark = pytest.mark.browser

AXE = Axe()
OPTIONS = {"resultTypes": ["violations"]}


def violations(page: Page) -> list[str]:
    """What axe-core finds, a sentence each with the first element it is about."""
    found = AXE.run(page, options=OPTIONS).response["violations"]
    return [f"{one['id']}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("stop", STOPS, ids=[stop.name for stop in STOPS])
def test_nothing_is_found_on_a_page(chairs, world, stop: Stop):
    page = chairs(stop.who).page
    resize(page, WIDE)

    stop.go(page, world)

    assert violations(page) == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("theme", ["contrast", "pinboard", "dark"])
def test_nothing_is_found_in_any_look(window, colours, theme):
    page: Page = window("cy", colours=colours)
    page.goto("/settings/looks")
    page.locator(f"#theme-{theme}").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()

    for path in ("/u/cy", "/network", "/settings/looks", "/u/lin/statistics"):
        page.goto(path)
        assert violations(page) == [], path
