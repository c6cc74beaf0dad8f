"""What is pressed in an entry, where scripts are: what goes wrong is said, and what is of this list no more goes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.stops import press, press_it

pytestmark = pytest.mark.browser


def test_what_fails_is_said_and_an_ended_session_leads_to_the_sign_in_page(look, world):
    visit = look(world.process.url)
    visit.lend(world.people["bo"])
    page = visit.page
    page.goto("/u/bo")
    star = page.locator(".star").first

    visit.context.set_offline(True)
    star.click()
    expect(page.locator(".aloud")).to_contain_text("That did not work")
    expect(star).to_be_focused()
    visit.context.set_offline(False)
    visit.context.clear_cookies()
    star.click()

    page.wait_for_url("**/sign-in?next=%2Fu%2Fbo")
    assert [one for one in visit.complaints if "401" not in one and "htmx:" not in one] == []
    visit.complaints.clear()


def test_what_is_no_longer_of_a_list_goes_and_the_next_line_is_come_to(window, world):
    for number in (1, 2):
        world.save("bo", f"https://later.example/{number}", title=f"Later {number}", tags="later", to_read="yes")
    page = window("bo")
    page.goto("/u/bo/unread")
    expect(page.locator(".entry")).to_have_count(2)

    page.locator(".entry").first.get_by_role("button", name="mark read").click()

    expect(page.locator(".entry")).to_have_count(1)
    expect(page.get_by_role("link", name="Later 1", exact=True)).to_be_focused()
    expect(page.locator(".aloud")).to_have_text(re.compile("mark read"))
    press(page, "mark read")
    expect(page.locator(".entry")).to_have_count(0)


def test_without_scripts_what_is_pressed_leads_back_to_its_line(window, world):
    for number in range(12):
        world.save("cy", f"https://far.example/{number}", title=f"Far down {number}", tags="far")
    page = window("cy", scripts=False, size=(1240, 400))
    page.goto("/u/cy/t/far")
    line = page.locator(".entry").nth(10)

    press_it(page, line.locator(".star"))

    expect(line.locator(".star.on")).to_be_in_viewport()
