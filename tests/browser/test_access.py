"""axe-core finds nothing in any look; test_pages asks it about every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.test_pages import violations

pytestmark = pytest.mark.browser


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
