"""Many bookmarks are changed at once and changed back, by hand, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stops import press

pytestmark = pytest.mark.browser

AMOUNT = 23  # more than one page shows


@pytest.fixture
def path(page: Page, newcomer: str) -> str:
    """The page of somebody who saved a few pages more than it shows."""
    own = {"Sec-Fetch-Site": "same-origin"}
    for number in range(AMOUNT):
        typed = {"url": f"https://many.example/{number}", "title": f"Page {number}", "tags": "paper old"}
        assert page.request.post("/add", form={**typed, "visibility": "public"}, headers=own).ok
    return f"/u/{newcomer}"


def tick(page: Page, *titles: str) -> None:
    """Tick entries, each by its title."""
    for title in titles:
        page.locator(".entry", has=page.get_by_role("link", name=title, exact=True)).locator(".pick").check()


def until_said(page: Page, words: str) -> None:
    """Look at the page of an edit until it says what came of it."""
    expect(page.get_by_role("status")).to_contain_text(words)


def test_what_is_ticked_is_changed_and_changed_back(page, path):
    page.goto(f"{path}?edit=many")
    tick(page, "Page 22", "Page 20")
    page.get_by_label("Add tags").fill("ink")
    page.get_by_label("Take tags off").fill("old")
    page.get_by_label("Who may see it").select_option("private")
    press(page, "Change")
    until_said(page, "Done: 2 of 2 changed.")
    made = page.url

    page.goto(f"{path}/t/ink")
    expect(page.locator(".entry h3 a")).to_have_text(["Page 22", "Page 20"])
    page.goto(path)
    expect(page.locator(".entry.private")).to_contain_text(["Page 22", "Page 20"])

    page.goto(made)
    press(page, "Undo")
    until_said(page, "Undone: 2 of 2")
    page.goto(f"{path}/t/old")
    expect(page.get_by_role("heading", level=1)).to_contain_text(str(AMOUNT))
    page.goto(path)
    expect(page.locator(".entry.private")).to_have_count(0)


def test_the_whole_list_is_deleted_after_a_question_and_brought_back(page, path):
    page.goto(f"{path}/t/paper?edit=many")
    page.get_by_label("not only those ticked").check()
    press(page, "Delete …")
    expect(page.get_by_text(f"{AMOUNT} bookmarks")).to_have_count(2)  # the question, and its button
    press(page, f"Delete {AMOUNT} bookmarks")
    until_said(page, f"Done: {AMOUNT} of {AMOUNT} changed.")
    made = page.url

    page.goto(path)
    expect(page.locator(".entry")).to_have_count(0)
    page.goto(made)
    press(page, "Undo")
    until_said(page, f"Undone: {AMOUNT} of {AMOUNT}")
    page.goto(path)
    expect(page.locator(".entry")).to_have_count(20)


def test_nothing_ticked_is_said_and_what_was_typed_stays(page, path):
    page.goto(f"{path}?edit=many")
    page.get_by_label("Add tags").fill("ink")
    press(page, "Change")

    expect(page.get_by_text("Choose at least one bookmark.")).to_be_visible()
    expect(page.get_by_label("Add tags")).to_have_value("ink")
