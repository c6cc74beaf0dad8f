"""Searching by hand, with JavaScript and without: from the head of a page, among one's own, in what everybody saved."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stops import press
from tests.support.processes import until

pytestmark = pytest.mark.browser


def test_words_are_found_marked_narrowed_and_kept(page: Page, newcomer: str):
    # Given two bookmarks, one of them private
    for name, words, visibility in (("one", "A treatise on rivers", "public"), ("two", "Rivers, too", "private")):
        page.goto(f"/add?url=https://{name}.example/{newcomer}&title={words}&tags={newcomer}")
        page.locator(f"#visibility-{visibility}").check()
        press(page, "Save")

    # When they are searched for from the head of a page, once the worker has read them
    def found() -> bool:
        page.goto("/recent")
        page.locator("#find").fill(f"river* #{newcomer}")
        with page.expect_navigation():
            page.locator("#find").press("Enter")
        return page.locator(".entry").count() == 2

    until(found)

    # Then what was found is marked, and the language narrows it
    expect(page.locator(".entry mark")).to_have_text(["Rivers", "rivers"])
    page.locator("#q").fill(f"river* #{newcomer} -treatise is:private")
    press(page, "Search")
    expect(page.locator(".entry")).to_have_count(1)
    page.get_by_label("Everyone").check()
    page.locator("#q").fill(f"river* #{newcomer}")
    press(page, "Search")
    expect(page.locator(".entry")).to_contain_text(["A treatise on rivers"])

    # And a search that is kept is a stream of one's own
    page.get_by_label("Mine").check()
    press(page, "Search")
    page.get_by_label("Under the name").fill("Rivers")
    press(page, "Keep it")
    expect(page.locator(".entry")).to_have_count(2)
    page.goto(f"/u/{newcomer}/bundles")
    expect(page.get_by_role("link", name="Rivers", exact=True)).to_be_visible()


def test_the_box_at_the_head_searches_where_its_button_says(page: Page, newcomer: str):
    page.goto("/u/lin")
    everyone = page.locator(".find").get_by_role("button", name="everyone")
    expect(everyone).to_be_hidden()
    page.locator("#find").fill("checkpoints")

    press(page, "everyone")

    assert "in=here" in page.url
    expect(page.get_by_label("Everyone")).to_be_checked()
