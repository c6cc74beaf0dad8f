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


@pytest.mark.parametrize("language", ["en-GB", "de", "ja"])
def test_on_a_telephone_the_first_that_was_found_stands_in_the_first_screen(window, language):
    page: Page = window("lin", size=(320, 568), touch=True, language=language)

    page.goto("/search?q=sql&in=mine")

    expect(page.locator(".entry a.p-name").first).to_be_in_viewport(ratio=1)


def test_to_whom_words_would_go_is_said_where_other_servers_are_chosen(page: Page, newcomer: str):
    page.goto("/search")
    hint = page.locator("#in-elsewhere-hint")
    expect(hint).to_be_hidden()

    page.get_by_label("Other servers", exact=True).check()

    expect(hint).to_be_visible()


def test_the_page_that_searches_has_one_field_and_a_slash_leads_to_it(window):
    page: Page = window("lin")
    page.goto("/search?q=sql&in=mine")
    field = page.get_by_role("searchbox")
    expect(field).to_have_count(1)

    page.keyboard.press("/")

    expect(field).to_be_focused()
    expect(field).to_have_value("sql")
