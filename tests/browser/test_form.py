"""The form that saves, with scripts: tags complete themselves, suggestions are pressed, what is shared is filled in."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.stops import press
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_tags_of_ones_own_complete_what_is_typed_by_keys_and_by_mouse(window: Open, world: World):
    world.save("eve", "https://begun.example/", title="Begun", tags="typography typesetting")
    page: Page = window("eve")
    page.goto("/add")
    field, offered = page.locator("#tags"), page.get_by_role("option")

    field.press_sequentially("type")
    expect(offered).to_have_count(1)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(offered.first).to_have_attribute("aria-selected", "true")
    field.press("Enter")
    expect(field).to_have_value("typesetting ")

    field.press_sequentially("typo")
    expect(offered).to_have_count(1)
    offered.click()
    expect(field).to_have_value("typesetting typography ")
    field.press_sequentially("ty")
    field.press("Escape")
    expect(offered).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")
    assert page.url.endswith("/add")


@pytest.mark.parametrize("key", ["Escape", "Tab"])
def test_completions_do_not_come_back_to_who_left_them(window: Open, key: str):
    page: Page = window("eve")
    page.goto("/add")
    asked: list[Route] = []
    page.route("**/add/tags**", lambda route: asked.append(route))  # noqa: PLW0108 - no builtin is taken
    field = page.locator("#tags")
    with page.expect_request("**/add/tags**"):
        field.press_sequentially("l")

    field.press(key)
    with page.expect_response("**/add/tags**"):
        asked[0].fulfill(json=[["latecomer", 1]])
    page.evaluate("new Promise((go) => setTimeout(go, 50))")

    expect(page.get_by_role("option")).to_have_count(0)
    expect(field).to_have_attribute("aria-expanded", "false")


def test_keys_that_compose_a_word_do_not_choose_a_completion(window: Open, world: World):
    world.save("eve", "https://composed.example/", title="Composed", tags="composing")
    page: Page = window("eve")
    page.goto("/add")
    field = page.locator("#tags")
    field.press_sequentially("compo")
    expect(page.get_by_role("option")).to_have_count(1)

    for key in ("ArrowDown", "Enter"):
        event = {"key": key, "bubbles": True, "cancelable": True, "isComposing": True}
        field.evaluate("(field, event) => field.dispatchEvent(new KeyboardEvent('keydown', event))", event)

    expect(field).to_have_value("compo")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)


def test_without_an_answer_nothing_completes_and_nothing_breaks(window: Open):
    page: Page = window("eve")
    page.goto("/add")
    field = page.locator("#tags")
    page.route("**/add/tags**", lambda route: route.fulfill(content_type="text/html", body="<h1>Sign in</h1>"))
    with page.expect_response("**/add/tags**"):
        field.press_sequentially("t")
    page.context.set_offline(True)
    with page.expect_request("**/add/tags**"):
        field.press_sequentially("y")

    expect(field).to_have_attribute("aria-expanded", "false")


def test_suggested_tags_are_pressed_in_and_out(window: Open, world: World):
    world.save("bo", "https://suggest.example/", title="Suggest", tags="lettering")
    page: Page = window("eve")
    page.goto("/add?url=https://suggest.example/&title=Suggest")
    field, offer = page.locator("#tags"), page.locator(".offer", has_text="lettering")

    offer.click()
    expect(field).to_have_value("lettering ")
    offer.click()
    expect(field).to_have_value(" ")
    field.fill("lettering press")
    expect(offer.locator("input")).to_be_checked()
    press(page, "Save")

    expect(page.locator(".line > ul")).to_have_text("lettering press", use_inner_text=True)


OPENED = """(code) => {
    window.open = (address) => { window.opened = address; };
    document.title = "A paper";
    getSelection().selectAllChildren(document.querySelector("p"));
    (0, eval)(code);
    return window.opened;
}"""


def test_a_bookmarklet_opens_the_form_with_the_page_its_title_and_what_was_selected(window: Open):
    page: Page = window("eve")
    page.goto("/settings/bookmarklets")
    code = page.get_by_role("link", name="save to fedimark").get_attribute("href")
    assert code is not None
    here = page.evaluate("location.origin")

    page.goto("about:blank")
    page.set_content("<p>Words that stand out.</p><p>Others.</p>")
    opened = page.evaluate(OPENED, unquote(code.removeprefix("javascript:")))
    assert opened.startswith(f"{here}/add?")
    page.goto(opened)

    expect(page.get_by_label("Title")).to_have_value("A paper")
    expect(page.get_by_label("Description")).to_have_value("Words that stand out.")
    # And all of the form is seen at once, its button too.
    size = re.search(r"width=(\d+),height=(\d+)", unquote(code))
    assert size is not None
    page.set_viewport_size({"width": int(size[1]), "height": int(size[2])})
    expect(page.get_by_role("button", name="Save", exact=True).last).to_be_in_viewport(ratio=1)


def test_what_an_app_shares_opens_the_form_filled_in(page: Page, newcomer: str):
    manifest = json.loads(page.request.get("/manifest.webmanifest").text())
    target = manifest["share_target"]
    assert (target["method"], set(target["params"])) == ("GET", {"title", "text", "url"})

    shared = "title=&text=Worth+reading+https%3A%2F%2Fshared.example%2Fa&url="
    page.goto(f"{target['action']}?{shared}")

    expect(page.get_by_label("Address", exact=True)).to_have_value("https://shared.example/a")
    expect(page.get_by_label("Title")).to_have_value("Worth reading")
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("Worth reading")
