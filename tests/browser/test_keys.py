"""Keys of one's own: through a list, to places, and never while one types."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

FOCUSED = """() => {
    const entry = document.activeElement.closest(".entry");
    return entry && [...document.querySelectorAll(".entry")].indexOf(entry);
}"""
PRESSED = """() => new Promise((tell) => {
    document.addEventListener("click", (event) => { event.preventDefault(); tell(event.target.closest("a").href); });
    const press = (on, key) => on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    press(document.body, "j");
    press(document.activeElement, "o");
})"""


def test_j_and_k_walk_through_a_list(window):
    page: Page = window("lin")
    page.goto("/u/lin")

    places = []
    for key in "jjjkkk":
        page.keyboard.press(key)
        places.append(page.evaluate(FOCUSED))

    assert places == [0, 1, 2, 1, 0, 0]
    assert page.evaluate("document.activeElement.matches('a.p-name')")


def test_e_edits_what_is_ones_own_and_copies_what_is_not(window):
    page: Page = window("lin")
    page.goto("/u/lin")
    page.keyboard.press("j")
    edits = page.locator(".entry .act").first.get_attribute("href").partition("?")[0]
    page.keyboard.press("e")
    expect(page.get_by_role("form", name="Edit")).to_have_attribute("action", edits)

    page.goto("/u/eve")
    page.keyboard.press("j")
    copied = unquote(page.locator(".entry .act").first.get_attribute("href").partition("from=")[2].partition("&")[0])
    page.keyboard.press("e")
    form = page.get_by_role("form", name="Add a bookmark")
    assert form.locator("[name=from]").get_attribute("value").endswith(copied)


def test_x_selects_a_line_and_lets_it_go_again(window):
    page: Page = window("lin")
    page.goto("/u/lin?edit=many")
    ticked = page.locator(".pick:checked")

    for key in "jxjx":
        page.keyboard.press(key)
    expect(ticked).to_have_count(2)
    page.keyboard.press("x")

    expect(ticked).to_have_count(1)
    expect(page.locator(".pick").first).to_be_checked()


def test_x_begins_to_edit_many_with_the_line_where_one_is(window, world):
    for number in range(3):
        world.save("fay", f"https://chosen.example/{number}", title=f"Chosen {number}", tags="chosen")
    page: Page = window("fay")
    page.goto("/u/fay/t/chosen")
    ticked = page.locator(".pick:checked")

    page.keyboard.press("j")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("x")
    expect(page.locator(".entry").nth(1).locator(".pick")).to_be_focused()
    expect(ticked).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(ticked).to_have_count(2)
    expect(page.locator(".entry").nth(1).locator(".pick")).to_be_checked()


def test_x_does_nothing_where_nothing_can_be_selected(window):
    page: Page = window("lin")
    page.goto("/u/bo")

    page.keyboard.press("j")
    page.keyboard.press("x")

    expect(page.locator(".entry a.p-name").first).to_be_focused()
    assert page.url.endswith("/u/bo")


def test_o_opens_the_page_itself(window):
    page: Page = window()
    page.goto("/u/bo")
    href = page.locator(".entry a.p-name").first.get_attribute("href")

    pressed = page.evaluate(PRESSED)

    assert pressed == href


@pytest.mark.parametrize(
    ("keys", "path"),
    [("n", "/add"), ("gh", "/network"), ("gp", "/popular"), ("gt", "/settings/tags"), ("gu", "/u/lin")],
)
def test_letters_lead_to_places(window, keys, path):
    page: Page = window("lin")
    page.clock.set_fixed_time("2026-01-01")  # the second letter must come soon after the first
    page.goto("/recent")

    with page.expect_navigation():
        for key in keys:
            page.keyboard.press(key)

    page.wait_for_url(f"**{path}")


def test_no_key_does_anything_where_one_types(window):
    page: Page = window("lin")
    page.goto("/recent")
    field = page.locator("[data-slash]")
    field.focus()

    page.keyboard.type("jkoenx?gh/")

    expect(field).to_have_value("jkoenx?gh/")
    assert page.url.endswith("/recent")
    expect(page.locator("dialog")).to_have_count(0)


def test_no_key_does_anything_in_a_form_either(window):
    page: Page = window("lin")
    page.goto("/u/lin")
    page.locator(".entry .act").first.click()
    form = page.locator(".within form")
    form.get_by_label("Title").fill("Half a thought")

    for choice in (form.get_by_role("radio").first, form.get_by_label("starred"), form.get_by_role("link").last):
        choice.focus()
        page.keyboard.type("njx?gh")

    expect(form.get_by_label("Title")).to_have_value("Half a thought")
    expect(page.locator("dialog")).to_have_count(0)
    expect(form.get_by_role("link").last).to_be_focused()
    assert page.url.endswith("/u/lin")


def test_a_question_mark_shows_the_keys_and_escape_puts_them_away(window):
    page: Page = window()
    page.goto("/recent")
    page.keyboard.press("j")

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_text("the next line, the one before")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.evaluate(FOCUSED) == 0


def test_a_menu_closes_by_escape_and_gives_the_focus_back(window):
    page: Page = window("lin")
    page.goto("/u/lin")
    summary = page.locator("details.me summary")
    summary.click()
    page.keyboard.press("Tab")

    page.keyboard.press("Escape")

    expect(page.locator("details.me .menu")).to_be_hidden()
    expect(summary).to_be_focused()


def test_a_long_description_opens_where_it_stands_and_is_a_link_without_scripts(window, world):
    path = world.save("bo", "https://long.example/", title="Long", description="Many words. " * 60, tags="long")
    for scripts in (True, False):
        page: Page = window(scripts=scripts)
        page.goto("/u/bo/t/long")
        before = page.locator(".p-summary").bounding_box()

        page.get_by_role("link", name="read on").click()

        if scripts:
            expect(page.locator(".p-summary")).to_be_focused()
            assert page.locator(".p-summary").bounding_box()["height"] > before["height"]
        else:
            page.wait_for_url(f"**{path}")
