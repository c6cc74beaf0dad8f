"""Somebody of another server, by hand, with scripts and without: followed, read further back, spoken to, kept away."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.stops import go_to_own, press, press_it
from tests.browser.world import GUS, World, post
from tests.support.processes import until

pytestmark = pytest.mark.browser


@pytest.fixture
def gus(world: World) -> httpx.Client:
    """His own session, on his own server."""
    assert world.far is not None
    return world.far.people["gus"]


@pytest.fixture
def follower(page: Page, newcomer: str, world: World) -> str:
    """A newcomer who follows gus and stands on his page here."""
    page.goto("/network")
    page.get_by_label("Follow somebody").fill(world.paths["gus"])
    press(page, "Follow")
    until(lambda: page.goto(world.paths["elsewhere"]) and page.get_by_text("following", exact=True).count())
    return newcomer


def titles(page: Page, path: str) -> list[str]:
    """What stands on all leaves of a list."""
    page.goto(path)
    found: list[str] = page.locator(".entry .p-name").all_inner_texts()
    while (onward := page.locator(".pager a[rel=next]")).count():
        with page.expect_navigation():
            onward.first.click()
        found += page.locator(".entry .p-name").all_inner_texts()
    return found


def test_whoever_is_followed_is_read_further_back(page, follower, world):
    path = world.paths["elsewhere"]
    expect(page.get_by_role("heading", level=1)).to_contain_text("gus@")
    expect(page.locator(".bio")).to_contain_text("Letters, mostly old ones.")
    expect(page.locator(".entry", has_text="Letter 59")).to_have_count(1)

    press(page, "fetch older")
    until(lambda: page.goto(path) and page.get_by_text("That was the end.").count())

    assert titles(page, path) == [f"Letter {number:02}" for number in reversed(range(60))]


def test_what_they_saved_is_liked_shared_and_answered_and_that_is_taken_back(page, follower, world, gus):
    def told(words: str) -> bool:
        return f">{follower}@" in (html := gus.get("/notifications").text) and words in html

    def line() -> list[str]:
        html = gus.get("/notifications").text
        return [part for part in html.split("<li")[1:] if f"{follower}@" in part]

    for name, done in (("like", "liked"), ("share", "shared")):
        page.goto(world.paths["elsewhere"])
        letter = page.locator(".entry", has_text="Letter 58")
        letter.locator("summary").click()
        press_it(page, letter.get_by_role("button", name=name, exact=True))
        expect(page.get_by_role("button", name=done, exact=True)).to_be_visible()
    page.goto(world.paths["elsewhere"])
    page.locator(".entry", has_text="Letter 58").locator("summary").click()
    press_it(page, page.locator(".entry", has_text="Letter 58").get_by_text("reply or remark", exact=True))
    page.get_by_label("Your words").fill("A letter that was never answered.")
    press(page, "Reply")
    until(lambda: told("A letter that was never answered.") and len(line()) >= 4)

    for done in ("liked", "shared"):
        page.goto(world.paths["elsewhere"])
        press(page, done)
    until(lambda: len(line()) == 2)


def test_what_they_saved_is_copied_and_the_copy_says_from_where(page, follower, world):
    page.goto(world.paths["elsewhere"])
    letter = page.locator(".entry", has_text="Letter 56")
    press_it(page, letter.get_by_role("link", name="copy"))

    expect(page.get_by_label("Title")).to_have_value("Letter 56")
    expect(page.locator("input[name=tags]")).to_have_value("letters")
    press(page, "Save")

    go_to_own(page, letter)
    expect(page.get_by_text(f"copied from {world.paths['gus'].removeprefix('@')}")).to_be_visible()


def test_they_are_muted_blocked_and_let_in_again(page, follower, world):
    page.locator(".under .more summary").click()
    press(page, "mute")
    expect(page.get_by_text("muted", exact=True)).to_be_visible()
    page.goto("/network")
    expect(page.locator(".entry")).to_have_count(0)
    page.goto("/people/muted")
    press(page, f"unmute {world.paths['gus'].removeprefix('@')}")
    page.goto(world.paths["elsewhere"])
    expect(page.get_by_text("following", exact=True)).to_be_visible()

    page.locator(".under .more summary").click()
    press(page, "block")
    expect(page.get_by_text("blocked", exact=True)).to_be_visible()
    press(page, "unblock")
    page.goto(world.paths["elsewhere"])
    expect(page.get_by_role("button", name="Follow")).to_be_visible()


def test_a_report_reaches_the_admins_of_both_servers(page, follower, world, gus):
    page.locator(".under .more summary").click()
    with page.expect_navigation():
        page.get_by_role("link", name="report", exact=True).first.click()
    page.get_by_label("What is wrong?").fill(f"He sold my address, says {follower}.")
    page.get_by_label("Tell their server too").check()
    press(page, "Report")

    assert f"says {follower}" in world.people["lin"].get("/moderation/reports").text
    until(lambda: f"says {follower}" in gus.get("/moderation/reports").text)


def test_their_server_is_searched_once_they_let_it_and_what_it_answers_is_copied(page, follower, world, gus):
    # Given gus, who lets himself be found, and whose server knows this one by somebody he follows
    assert world.far is not None
    post(gus, "/settings", GUS | {"searchable": "yes"})
    world.far.follow("gus", f"@{follower}@{world.process.host}")

    # When his words are looked for on other servers
    def is_found() -> bool:
        page.goto("/search")
        page.get_by_label("Words, ").fill("Letter 57")
        page.get_by_label("Other servers", exact=True).check()
        press(page, "Search")
        return page.locator(".entry", has_text="Letter 57").count() > 0

    until(is_found)

    # Then the page says who answered, and what they answered can be copied
    expect(page.get_by_text("Answered: ")).to_contain_text(world.far.process.host)
    letter = page.locator(".entry", has_text="Letter 57")
    press_it(page, letter.get_by_role("link", name="copy"))
    expect(page.get_by_label("Title")).to_have_value("Letter 57")
    press(page, "Save")
    assert "Letter 57" in page.request.get(f"/u/{follower}").text()

    # And where scripts are, what else was found stays
    if page.evaluate("Boolean(window.htmx)"):
        expect(letter.get_by_role("link", name="copy")).to_be_focused()
        expect(page.locator(".aloud")).to_have_text("Done: Save")
