"""What others do with what one saves, and the links they give, by hand, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stops import press, press_it
from tests.browser.world import World, post
from tests.support.processes import until

pytestmark = pytest.mark.browser


def saved(page: Page, url: str, title: str) -> str:
    """Save a public bookmark by the form; returns its path."""
    page.goto(f"/add?url={url}&title={title}")
    press(page, "Save")
    return page.url.removeprefix(page.evaluate("location.origin"))


def test_what_was_done_is_read_marked_chosen_and_taken_along(page, newcomer, world: World):
    # Given somebody whose bookmark two people like and one shares
    path = saved(page, "https://told.example/", "Told")
    for name in ("bo", "cy"):
        post(world.people[name], "/press", {"liked": path})
    post(world.people["bo"], "/press", {"shared": path})

    # When they open the page, then the likes are one line
    page.goto("/recent")
    with page.expect_navigation():
        page.locator("header a.news").click()
    lines = page.locator(".told li")
    expect(lines).to_have_count(2)
    expect(lines.filter(has_text="bo")).to_have_count(2)
    expect(lines.filter(has_text="cy")).to_contain_text(["like"])
    press(page, "Mark all as read")
    expect(page.get_by_text("Unread:")).to_have_count(0)
    expect(page.locator("header a.news")).to_have_count(0)

    # When a kind is not wanted any more, it is told no more
    page.goto("/settings/notifications")
    page.get_by_label("likes").uncheck()
    press(page, "Save")
    post(world.people["dora"], "/press", {"liked": path})
    post(world.people["dora"], "/press", {"shared": path})
    page.goto("/notifications")
    expect(page.locator(".told li", has_text="dora")).to_have_count(1)

    # And the feed says the same, until it is closed
    page.goto("/settings/notifications")
    press(page, "Make the address")
    address = page.locator(".handle").inner_text()
    assert "Told" in world.people["bo"].get(address).text
    press(page, "close the feed")
    assert world.people["bo"].get(address).status_code == 404


def test_links_that_somebody_gave_are_kept_or_dismissed(page, newcomer, world: World):
    page.goto("/u/bo")
    press(page, "Follow bo")
    for word in ("keep", "drop"):
        typed = {"title": f"To {word}", "tags": f"for:{newcomer}", "visibility": "private"}
        world.save("bo", f"https://{word}.example/{newcomer}", **typed)

    until(lambda: page.goto("/for-you") and page.locator(".entry").count() == 2)
    press(page, "keep To keep")
    page.goto("/for-you")
    press(page, "dismiss To drop")

    page.goto("/for-you")
    expect(page.get_by_text("No links wait for you")).to_be_visible()
    page.goto(f"/u/{newcomer}/unread")
    expect(page.locator(".entry")).to_have_count(1)
    expect(page.locator(".entry")).to_contain_text("To keep")


def test_a_bookmark_is_copied_and_both_ends_say_so(page, newcomer, world: World):
    source = world.save("bo", f"https://copied.example/{newcomer}", title="Worth copying", tags="type")
    page.goto(source)
    press_it(page, page.get_by_role("link", name="copy", exact=True))
    expect(page.get_by_label("Title")).to_have_value("Worth copying")
    expect(page.locator("[name=tags]")).to_have_value("type")
    press(page, "Save")

    expect(page).to_have_url(source if "://" in source else f"{world.process.url}{source}")
    expect(page.get_by_text(f"copied by {newcomer}")).to_be_visible()
    page.locator("article details.more summary").first.click()
    with page.expect_navigation():
        page.get_by_text("this bookmark", exact=True).click()
    expect(page.get_by_text("copied from bo")).to_be_visible()


def test_a_visitor_reads_on_in_the_language_they_press(page: Page):
    page.goto("/u/ana?narrow=no")
    foot = page.get_by_role("form", name="Language")
    expect(foot.get_by_role("button")).to_have_text(["English", "Deutsch", "日本語"])
    assert page.context.cookies() == []

    press(page, "Deutsch")

    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url.endswith("/u/ana?narrow=no")
    page.goto("/about")
    expect(page.get_by_role("form", name="Sprache").locator("[aria-current]")).to_have_text("Deutsch")
    assert [(each["value"], each["httpOnly"]) for each in page.context.cookies()] == [("de", True)]
