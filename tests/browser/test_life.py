"""The whole life of a bookmark, by hand, with JavaScript and without."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.stops import press, press_it
from tests.browser.world import broken_file, rows
from tests.support.processes import PASSWORD, Process

pytestmark = pytest.mark.browser

PAGE = "https://www.sqlite.org/wal.html"
SPELLED = "http://www.sqlite.org:80/wal.html?utm_source=letter"


def entry(page: Page, title: str) -> Locator:
    """The line of a stream with this title."""
    return page.locator(".entry").filter(has=page.get_by_role("heading", name=title))


def follow_link(page: Page, name: str) -> None:
    """Click a link that leads to another page."""
    with page.expect_navigation():
        page.get_by_role("link", name=name, exact=True).click()


def menu(page: Page, title: str, name: str) -> None:
    """Open what stands behind `···` on an entry, and choose from it."""
    line = entry(page, title)
    line.locator("summary").click()
    press_it(page, line.locator(".menu").get_by_text(name, exact=True))


def test_the_first_visitor_makes_the_first_account(look, tmp_path):
    with Process(tmp_path / "alone") as alone:
        look(alone.url).page.goto("/")
        page = look(alone.url, scripts=False).page
        page.goto("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Welcome to your server")

        page.get_by_label("Name").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        page.locator("#visibility-followers").check()
        press(page, "Make the account")

        expect(page.get_by_role("heading", level=1)).to_have_text("Your network")
        follow_link(page, "Add")
        expect(page.locator("#visibility-followers")).to_be_checked()


def test_a_bookmark_is_added_marked_edited_removed_and_brought_back(page, newcomer):
    # Added by hand: what is saved is shown.
    page.goto("/")
    follow_link(page, "Add")
    page.get_by_label("Address", exact=True).fill(PAGE)
    page.get_by_label("Title").fill("Write-Ahead Logging")
    page.get_by_label("Description").fill("See also https://sqlite.org/fts5.html\nand <b>the manual</b>.")
    page.locator("#tags").fill("sql C++")
    page.get_by_label("to read").check()
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Write-Ahead Logging")
    expect(page.locator(".p-summary")).to_contain_text("<b>the manual</b>.")
    expect(page.locator(".p-summary a")).to_have_attribute("href", "https://sqlite.org/fts5.html")

    # Filled in by an address that another page leads to: nothing is saved until somebody says so.
    page.goto("/add?url=https://filled.example/&title=Filled+in&description=By+a+link&tags=later")
    expect(page.get_by_label("Description")).to_have_value("By a link")
    follow_link(page, "mine")
    expect(page.locator(".entry")).to_have_count(1)

    # Another spelling of a page asks, and replaces.
    page.goto(f"/add?url={SPELLED}&title=WAL+again&tags=sql")
    press(page, "Save")
    expect(page.get_by_role("alert")).to_contain_text(PAGE)
    expect(page.get_by_label("Replace it with this one")).to_be_checked()
    press(page, "Save")
    follow_link(page, "mine")
    expect(page.locator(".entry")).to_have_count(1)

    # Edited, with `.net` asked about once.
    press_it(page, entry(page, "WAL again").get_by_role("link", name="edit"))
    page.get_by_label("Title").fill("WAL, explained")
    page.locator("input[name=tags]").fill("sql .net")
    page.get_by_label("to read").check()
    press(page, "Save")
    press(page, "Use dotnet")
    press(page, "Save")
    expect(page.locator(".line > ul")).to_have_text("sql dotnet", use_inner_text=True)

    # Starred and read, where it stands.
    follow_link(page, "mine")
    stays = page.evaluate("window.stays = Boolean(window.htmx)")
    press(page, "Star")
    if stays:
        expect(page.get_by_role("button", name="Unstar")).to_be_focused()
        expect(page.locator(".aloud")).to_have_text("Done: Star")
    press(page, "mark read")
    expect(page.get_by_role("button", name="Unstar")).to_be_visible()
    expect(entry(page, "WAL, explained").locator(".chip")).to_have_count(0)

    # Removed, and brought back: where it stands, or from a page that asks first.
    menu(page, "WAL, explained", "remove")
    if not stays:
        press(page, "Remove")
    expect(page.get_by_role("status")).to_contain_text("is gone")
    press(page, "Undo")
    assert page.evaluate("Boolean(window.stays)") == stays
    if not stays:
        follow_link(page, "mine")
    expect(page.get_by_role("button", name="Unstar")).to_be_visible()


def test_somebody_signs_in_and_out(page):
    page.goto("/network")

    page.get_by_label("Name").fill("lin")
    page.get_by_label("Password").fill("not this one")
    press(page, "Sign in")
    expect(page.locator("form.form .wrong, form.form .bad")).to_have_count(1)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Sign in")

    expect(page.locator("h1 .here")).to_have_text("Your network")
    page.locator("details.me summary").click()
    press(page, "sign out")
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    page.goto("/settings")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_tags_are_renamed_merged_and_deleted(page, newcomer):
    for place, tags in enumerate(("anlaysis sql", "analysis sql", "misc")):
        page.goto(f"/add?url=https://a.example/{place}&title=Page+{place}&tags={tags}")
        press(page, "Save")

    page.goto("/settings/tags")
    page.get_by_text("Rename", exact=True).click()
    page.locator("#rename-old").fill("sql")
    page.locator("#rename-new").fill("databases")
    press(page, "Rename …")
    expect(page.locator("form.form li")).to_have_count(2)
    press(page, "Rename")
    expect(page.get_by_text("Done: 2 of 2 changed.")).to_be_visible()
    page.goto("/settings/tags")
    page.get_by_text("Merge", exact=True).click()
    page.locator("#merge-tags").fill("anlaysis")
    page.locator("#merge-into").fill("analysis")
    press(page, "Merge …")
    press(page, "Merge")
    expect(page.get_by_text("Done: 1 of 1 changed.")).to_be_visible()
    page.goto("/settings/tags")
    page.get_by_text("Delete", exact=True).click()
    page.locator("#delete-tag").fill("misc")
    press(page, "Delete …")
    press(page, "Delete")
    expect(page.get_by_text("Done: 1 of 1 changed.")).to_be_visible()
    page.goto("/settings/tags")

    expect(page.locator(".many li")).to_have_text(["analysis2", "databases2"])


@pytest.mark.parametrize("scripts", [True, False])
def test_on_a_telephone_ones_tags_are_seen_at_once_and_what_changes_them_opens_by_keys(window, scripts):
    page = window("lin", size=(320, 640), scripts=scripts)
    page.goto("/settings/tags")
    expect(page.locator(".many li").nth(2)).to_be_in_viewport()

    page.get_by_text("Merge", exact=True).press("Enter")
    page.keyboard.press("Tab")

    expect(page.get_by_label("These tags")).to_be_focused()


def test_whom_one_follows_is_left_by_something_that_stands_apart(window):
    page = window("lin")
    page.goto("/network")
    only, leave = (page.locator("aside .n:has(a)").first.locator(one).bounding_box() for one in ("a", "button"))

    assert leave["x"] - only["x"] - only["width"] >= 12


def test_a_person_here_is_followed_and_left(page, newcomer):
    page.goto("/network")
    page.get_by_label("Follow somebody").fill("ana")
    press(page, "Follow")
    expect(page.locator(".entry")).to_have_count(len(rows()))
    page.goto("/u/bo")
    press(page, "Follow bo")
    expect(page.get_by_text("following", exact=True)).to_be_visible()
    press(page, "leave")
    expect(page.get_by_role("button", name="Follow bo")).to_be_visible()

    follow_link(page, "network")

    expect(page.locator("aside .rows .n button")).to_have_count(1)
    press(page, f"leave ana@{page.url.split('/')[2]}")
    expect(page.get_by_text("Quiet so far")).to_be_visible()


def test_what_somebody_saved_is_liked_and_shared_and_the_same_button_takes_it_back(page, newcomer):
    title = rows()[0]["description"]
    page.goto("/u/ana")

    for name, done in (("like", "liked"), ("share", "shared")):
        line = entry(page, title)
        line.locator("summary").click()
        press_it(page, line.get_by_role("button", name=name, exact=True))
        expect(entry(page, title).get_by_role("button", name=done, exact=True)).to_be_visible()
    with page.expect_navigation():
        entry(page, title).locator("a.u-url").click()
    expect(page.locator(".tally")).to_have_text("1 like, 1 share")
    for done in ("liked", "shared"):
        press(page, done)

    expect(page.locator(".tally")).to_have_count(0)


def test_words_are_written_answered_edited_hidden_shown_again_and_taken_back(page, newcomer):
    # A remark about somebody else's bookmark, from where that stands.
    title = rows()[1]["description"]
    page.goto("/u/ana")
    menu(page, title, "reply or remark")
    press(page, "Remark")
    expect(page.locator(".wrong")).to_have_text("Write something.")
    page.get_by_label("Your words").fill("The best <b>page</b> about it.")
    press(page, "Remark")
    if page.evaluate("Boolean(window.htmx)"):
        expect(page.locator(".aloud")).to_have_text("Done: Remark")
    with page.expect_navigation():
        entry(page, title).locator("a.u-url").click()
    with page.expect_navigation():
        page.locator(".talk a.u-url").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Remark by {newcomer}")
    expect(page.locator(".p-content")).to_have_text("The best <b>page</b> about it.")

    # An answer to it, edited.
    press_it(page, page.get_by_role("link", name="reply", exact=True))
    page.get_by_label("Your words").fill("Or nearly.")
    press(page, "Reply")
    if page.evaluate("Boolean(window.htmx)"):
        with page.expect_navigation():
            page.locator(".talk a.u-url").click()
    press_it(page, page.get_by_role("link", name="edit", exact=True))
    page.get_by_label("Your words").fill("Or very nearly.")
    press(page, "Save")
    expect(page.locator(".p-content")).to_have_text("Or very nearly.")

    # Taken back, and gone for good.
    press_it(page, page.get_by_role("link", name="remove", exact=True))
    press(page, "Remove")
    expect(page.get_by_text("Or very nearly.")).to_have_count(0)

    # Under one's own bookmark: said, hidden, shown again, and no replies taken.
    page.goto("/add?url=https://own.example/&title=Mine")
    press(page, "Save")
    page.get_by_label("Your words").fill("Note to all.")
    press(page, "Reply")
    page.locator(".talk summary").click()
    press(page, "hide")
    expect(page.locator(".talk")).to_have_count(0)
    follow_link(page, "1 answer hidden")
    is_inline = page.evaluate("Boolean(window.htmx)")  # asked first: the page comes anew once nothing is left on it
    press(page, "show again")
    if is_inline:
        expect(page.get_by_text("Nothing is hidden here.")).to_be_visible()
        follow_link(page, "Mine")
    expect(page.locator(".talk .p-content")).to_have_text("Note to all.")
    press(page, "take no replies")
    expect(page.get_by_text("You take no replies to this bookmark.")).to_be_visible()


def test_a_file_is_looked_into_brought_in_and_reported(page, newcomer):
    page.goto("/settings/import")
    content = json.dumps(broken_file()).encode()
    file = {"name": "pinboard.json", "mimeType": "application/json", "buffer": content}
    page.get_by_label("Import a").set_input_files(file)
    press(page, "Look into it")
    expect(page.locator(".figures dd")).to_have_text(["33", "0", "0", "5"])
    expect(page.locator("tbody tr")).to_have_count(5)

    press(page, "Import 33 bookmarks")

    # The page looks again by itself until the worker is done.
    expect(page.get_by_role("link", name="See your bookmarks")).to_be_visible()
    expect(page.locator(".figures dd")).to_have_text(["33", "0", "0", "5"])
    follow_link(page, "See your bookmarks")
    expect(page.locator("h1 .count")).to_have_text("33")


def test_dark_is_chosen_for_good(page, newcomer):
    page.goto("/settings")
    page.get_by_label("Name shown").fill("Ny")
    press(page, "Save")
    page.goto("/settings/looks")
    page.get_by_role("radio", name="Dark Always.").check()
    press(page, "Save")

    expect(page.get_by_role("status")).to_have_text("Saved.")
    follow_link(page, "recent")

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(20, 23, 26)")


def test_a_file_can_be_taken_out_again(page, newcomer):
    page.goto("/add?url=https://a.example/&title=A")
    press(page, "Save")
    page.goto("/settings/import")

    page.get_by_label("with your private ones, as").select_option("Pinboard JSON")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()

    assert [row["href"] for row in json.loads(download.value.path().read_text())] == ["https://a.example/"]
