"""Without a mouse: the way in, the field, and where one is."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

OUTLINE = "() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]; }"
HERE = "() => document.activeElement.outerHTML.slice(0, 200)"


def test_the_first_tab_offers_to_skip_the_head(window):
    page = window()
    page.goto("/recent")

    page.keyboard.press("Tab")

    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(skip).not_to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


def test_a_slash_leads_to_the_field_and_is_a_slash_inside_one(window):
    page = window("lin")
    page.goto("/u/lin")
    field = page.locator("header").get_by_label("Search")

    page.keyboard.press("/")

    expect(field).to_be_focused()
    expect(field).to_have_value("")
    page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")


def test_every_step_can_be_seen(window):
    page: Page = window("lin")
    page.goto("/u/lin")

    for _ in range(25):
        page.keyboard.press("Tab")
        style, width = page.evaluate(OUTLINE)
        assert (style, width) == ("solid", "2px"), page.evaluate(HERE)


def test_a_menu_opens_and_closes_by_keys(window):
    page = window("lin")
    page.goto("/u/lin")
    summary = page.locator("details.me summary")

    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.me .menu")).to_be_visible()
    page.keyboard.press("Enter")

    expect(page.locator("details.me .menu")).to_be_hidden()


def test_enter_in_a_form_saves_and_takes_no_offer(window):
    page = window("lin")
    page.goto("/add?url=https://keys.example/&title=Keys&tags=.net")
    with page.expect_navigation():
        page.get_by_label("Title").press("Enter")
    page.get_by_text("Did you mean").wait_for()

    with page.expect_navigation():
        page.get_by_label("Title").press("Enter")

    expect(page.locator(".p-category")).to_have_text([".net"])
