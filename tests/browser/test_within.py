"""Editing, copying and answering where the line stands: the form of their page in it, the focus where it belongs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import NARROW, WIDE
from tests.browser.stops import press_it
from tests.browser.test_pages import FAULTS, violations

pytestmark = pytest.mark.browser


def line(page: Page, title: str) -> Locator:
    """The line of a stream with this title."""
    return page.locator(".entry").filter(has=page.get_by_role("heading", name=title))


def save(page: Page, form: Locator) -> None:
    """Press the button that is seen: a form's first one is for Enter."""
    press_it(page, form.get_by_role("button", name="Save", exact=True).last)


def test_a_line_is_edited_by_keys_alone_and_the_focus_comes_back(window, world):
    world.save("dora", "https://within.example/1", title="Within", tags="inside typography")
    page: Page = window("dora")
    page.goto("/u/dora/t/inside")
    page.evaluate("window.stays = true")

    page.keyboard.press("j")
    page.keyboard.press("e")
    form = page.get_by_role("form", name="Edit")
    field = form.get_by_role("combobox", name="Tags")
    expect(field).to_be_focused()
    expect(field).to_have_value("inside typography")
    field.press_sequentially(" typo")
    page.keyboard.press("Backspace")
    expect(page.get_by_role("option")).to_have_count(0)
    form.get_by_label("Title").fill("Within, edited")
    form.get_by_label("Title").press("Enter")

    expect(form).to_have_count(0)
    edited = line(page, "Within, edited")
    expect(edited.locator(".act")).to_be_focused()
    expect(page.locator(".aloud")).to_have_text("Done: Save")
    assert page.evaluate("window.stays")
    page.reload()
    expect(edited).to_be_visible()


def test_own_tags_complete_and_suggestions_are_pressed_in_a_line_too(window, world):
    world.save("cy", "https://within.example/2", title="Completed", tags="completing")
    world.save("bo", "https://within.example/2", title="Completed", tags="lettering")
    world.save("cy", "https://within.example/3", title="Other", tags="typesetting")
    page: Page = window("cy")
    page.goto("/u/cy/t/completing")
    line(page, "Completed").locator(".act").click()
    field = page.locator(".within").get_by_role("combobox", name="Tags")

    field.press_sequentially(" types")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(field).to_be_focused()
    field.press_sequentially("e")
    expect(page.get_by_role("option")).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value("completing typesetting ")
    page.locator(".within .offer", has_text="lettering").click()
    expect(field).to_have_value("completing typesetting lettering ")
    page.locator(".within").get_by_role("button", name="Save", exact=True).last.click()

    expect(page.locator(".within")).to_have_count(0)
    expect(line(page, "Completed").locator(".line > ul")).to_contain_text("lettering")


def test_escape_keeps_what_was_typed_and_cancel_does_not(window, world):
    world.save("dora", "https://within.example/4", title="Kept", tags="kept")
    page: Page = window("dora")
    page.goto("/u/dora/t/kept")
    edit = line(page, "Kept").locator(".act")
    edit.click()
    title = page.locator(".within").get_by_label("Title")
    title.fill("Half a thought")

    title.press("Escape")
    expect(page.locator(".within")).to_be_hidden()
    expect(edit).to_be_focused()
    page.keyboard.press("Enter")
    expect(title).to_have_value("Half a thought")
    page.locator(".star").first.click()
    expect(page.locator(".aloud")).to_have_text("Done: Star")
    expect(title).to_have_value("Half a thought")
    page.locator(".within").get_by_role("link", name="Cancel").click()
    expect(page.locator(".within")).to_have_count(0)
    expect(edit).to_be_focused()
    edit.click()

    expect(title).to_have_value("Kept")


def test_what_is_wrong_stands_beside_its_field_in_the_line(window, world):
    world.save("dora", "https://within.example/5", title="Wrong", tags="wrongly")
    page: Page = window("dora")
    page.goto("/u/dora/t/wrongly")
    line(page, "Wrong").locator(".act").click()
    form = page.locator(".within form")
    address, save = form.get_by_label("Address"), form.get_by_role("button", name="Save", exact=True).last

    address.fill("nowhere at all")
    save.click()

    expect(form.locator(".wrong")).to_have_count(1)
    expect(address).to_be_focused()
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".aloud")).to_have_text(form.locator(".wrong").inner_text())
    assert page.evaluate(FAULTS) == []
    # A leading dot is asked about, once.
    address.fill("https://within.example/5")
    form.get_by_role("combobox", name="Tags").fill("wrongly .net")
    save.click()
    form.get_by_role("button", name="Use dotnet").click()
    expect(form.get_by_role("combobox", name="Tags")).to_have_value("wrongly dotnet")
    save.click()
    expect(form).to_have_count(0)
    expect(line(page, "Wrong").locator(".line > ul")).to_contain_text("dotnet")


def test_what_words_miss_is_said_where_they_are_written(window):
    page: Page = window("lin")
    page.goto("/u/bo")
    page.locator(".entry details.more summary").first.click()
    page.locator(".entry").first.get_by_role("link", name="reply or remark").click()
    form = page.get_by_role("form", name="Reply or remark")
    words = form.get_by_label("Your words")
    expect(words).to_be_focused()

    press_it(page, form.get_by_role("button", name="Reply"))
    expect(form.locator(".wrong")).to_have_text("Write something.")
    expect(words).to_be_focused()
    words.fill("Well said.")
    press_it(page, form.get_by_role("button", name="Reply"))

    expect(form).to_have_count(0)
    expect(page.locator(".aloud")).to_have_text("Done: Reply")


def test_a_copy_is_made_in_the_line_which_then_is_ones_own(window, world):
    world.save("bo", "https://within.example/6", title="To copy", tags="copying")
    page: Page = window("fay")
    page.goto("/t/copying")
    line(page, "To copy").locator(".act").click()
    form = page.get_by_role("form", name="Add a bookmark")
    expect(form.get_by_text("A copy of a bookmark of")).to_be_visible()

    press_it(page, form.get_by_role("button", name="Save", exact=True).last)

    expect(form).to_have_count(0)
    expect(line(page, "To copy").locator(".act")).to_have_text("edit")
    expect(line(page, "To copy").locator(".act")).to_be_focused()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_form_in_a_line_is_whole_and_for_everybody(window, size):
    page: Page = window("lin", size=size)
    page.goto("/u/lin")
    for number in range(2):
        page.locator(".entry .act").nth(number).click()
        expect(page.locator(".within [role=combobox]")).to_have_count(number + 1)

    assert page.evaluate(FAULTS) == []
    assert violations(page) == []


def test_what_is_pressed_beside_an_open_form_outlasts_its_save(window, world):
    world.save("dora", "https://within.example/7", title="Beside", tags="beside", to_read="yes")
    page: Page = window("dora")
    page.goto("/u/dora/t/beside")
    line(page, "Beside").locator(".act").click()
    form = page.locator(".within form")
    form.get_by_label("Title").fill("Beside it")

    page.locator(".star").click()
    expect(page.locator(".star.on")).to_have_count(1)
    page.get_by_role("button", name="mark read").click()
    expect(page.get_by_role("button", name="mark read")).to_have_count(0)
    save(page, form)

    expect(line(page, "Beside it").locator(".star.on")).to_have_count(1)
    page.reload()
    expect(page.locator(".star.on")).to_have_count(1)
    expect(page.locator(".toread")).to_have_count(0)


def test_the_line_of_a_form_that_stands_open_does_not_leave_its_list(window, world):
    world.save("eve", "https://within.example/8", title="Stays", tags="stays", to_read="yes")
    page: Page = window("eve")
    page.goto("/u/eve/unread")
    line(page, "Stays").locator(".act").click()
    title = page.locator(".within").get_by_label("Title")
    title.fill("Half a thought")

    line(page, "Stays").get_by_role("button", name="mark read").click()
    expect(page.locator(".aloud")).to_have_text("Done: mark read")
    expect(title).to_have_value("Half a thought")
    save(page, page.locator(".within form"))

    expect(page.locator(".within")).to_have_count(0)
    expect(line(page, "Half a thought")).to_have_count(0)


def test_a_tick_stays_on_a_line_that_is_edited(window, world):
    for number in range(2):
        world.save("eve", f"https://ticked.example/{number}", title=f"Ticked {number}", tags="ticked")
    page: Page = window("eve")
    page.goto("/u/eve/t/ticked?edit=many")
    page.locator(".pick").first.check()
    page.locator(".entry .act").first.click()
    page.locator(".within").get_by_label("Title").fill("Ticked still")

    save(page, page.locator(".within form"))

    expect(line(page, "Ticked still").locator(".pick")).to_be_checked()
    expect(page.locator(".pick:checked")).to_have_count(1)


def test_another_form_of_a_line_waits_behind_the_first_and_loses_nothing(window, world):
    world.save("bo", "https://within.example/9", title="Twice", tags="twice")
    page: Page = window("fay")
    page.goto("/t/twice")
    entry = line(page, "Twice")
    entry.locator(".act").click()
    copy = page.get_by_role("form", name="Add a bookmark: Twice")
    copy.get_by_label("Title").fill("Half a thought")

    page.context.set_offline(True)
    entry.locator("summary").first.click()
    entry.get_by_role("link", name="reply or remark").click()
    expect(page.locator(".aloud")).to_contain_text("That did not work")
    expect(copy.get_by_label("Title")).to_have_value("Half a thought")
    page.context.set_offline(False)
    entry.locator("summary").first.click()
    entry.get_by_role("link", name="reply or remark").click()
    reply = page.get_by_role("form", name="Reply or remark: Twice")
    reply.get_by_label("Your words").fill("Well said.")
    expect(copy).to_have_count(0)
    press_it(page, reply.get_by_role("button", name="Reply"))
    expect(page.locator(".aloud")).to_have_text("Done: Reply")
    entry.locator(".act").click()

    expect(copy.get_by_label("Title")).to_have_value("Half a thought")


def test_another_spelling_is_asked_about_in_the_line(window, world):
    world.save("bo", "https://within.example/10", title="Spelled", tags="spelling")
    page: Page = window("cy")
    page.goto("/u/bo/t/spelling")
    world.save("cy", "http://within.example/10?utm_source=a", title="Spelled otherwise", tags="other")
    page.locator(".entry .act").click()
    form = page.locator(".within form")

    save(page, form)

    expect(form.get_by_text("You saved another spelling of this page")).to_be_visible()
    expect(page.locator(".aloud")).to_contain_text("You saved another spelling of this page")
    form.get_by_label("Keep both").check()
    save(page, form)
    expect(page.locator(".within")).to_have_count(0)


def test_a_bookmark_is_removed_from_its_form(window, world):
    world.save("eve", "https://within.example/11", title="To remove", tags="removing")
    page: Page = window("eve")
    page.goto("/u/eve/t/removing")
    line(page, "To remove").locator(".act").click()

    page.locator(".within").get_by_role("link", name="Remove").click()

    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    expect(page.locator(".within")).to_have_count(0)
    undo.click()
    expect(line(page, "To remove")).to_be_visible()


@pytest.mark.parametrize("failing", ["offline", "500"])
def test_what_was_typed_stays_when_saving_fails(look, world, failing):
    path = world.save("dora", f"https://failing.example/{failing}", title="Fails", tags=f"failing{failing}")
    visit = look(world.process.url)
    visit.lend(world.people["dora"])
    page = visit.page
    page.goto(f"/u/dora/t/failing{failing}")
    page.locator(".entry .act").click()
    form = page.locator(".within form")
    form.get_by_label("Title").fill("Typed")

    if failing == "offline":
        visit.context.set_offline(True)
    else:
        broken = "<main><h1>It broke</h1></main>"
        page.route(f"**{path}/edit", lambda route: route.fulfill(status=500, content_type="text/html", body=broken))
    form.get_by_role("button", name="Save", exact=True).last.click()

    expect(page.locator(".aloud")).to_have_text(
        "It broke" if failing == "500" else "That did not work. Is the server there?"
    )
    expect(form.get_by_label("Title")).to_have_value("Typed")
    visit.context.set_offline(False)
    page.unroute_all()
    save(page, form)
    expect(line(page, "Typed")).to_be_visible()
    assert [one for one in visit.complaints if "500" not in one and "htmx:" not in one] == []
    visit.complaints.clear()


def test_a_form_waits_for_whoever_signs_in_beside_it(look, world):
    world.save("dora", "https://within.example/12", title="Signed out", tags="signing")
    visit = look(world.process.url)
    visit.lend(world.people["dora"])
    page = visit.page
    page.goto("/u/dora/t/signing")
    page.locator(".entry .act").click()
    form = page.locator(".within form")
    form.get_by_label("Title").fill("Typed")
    visit.context.clear_cookies()

    form.get_by_role("button", name="Save", exact=True).last.click()

    expect(page.locator(".aloud")).to_contain_text("Sign in")
    expect(form.get_by_label("Title")).to_have_value("Typed")
    way = page.locator(".within").get_by_role("link", name="Sign in")
    expect(way).to_have_attribute("target", "_blank")
    visit.lend(world.people["dora"])
    save(page, form)
    expect(line(page, "Typed")).to_be_visible()
    assert [one for one in visit.complaints if "401" not in one and "htmx:" not in one] == []
    visit.complaints.clear()


def test_opening_a_form_offline_is_said(window):
    page: Page = window("lin")
    page.goto("/u/lin")
    page.context.set_offline(True)

    page.locator(".entry .act").first.click()

    expect(page.locator(".aloud")).to_contain_text("That did not work")
    page.context.set_offline(False)
    page.locator(".entry .act").first.click()
    expect(page.locator(".within form")).to_be_visible()


def test_a_session_that_ended_leads_to_the_sign_in_page(look, world):
    visit = look(world.process.url)
    visit.lend(world.people["dora"])
    page = visit.page
    page.goto("/u/dora")
    visit.context.clear_cookies()

    page.locator(".entry .act").first.click()

    page.wait_for_url("**/sign-in?next=**")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert [one for one in visit.complaints if "401" not in one] == []
    visit.complaints.clear()
