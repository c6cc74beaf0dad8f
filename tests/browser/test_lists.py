"""A list of people and a narrowed network, by hand, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.stops import press
from tests.browser.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_list_is_made_filled_read_and_taken_away(window: Open, world: World, scripts: bool) -> None:
    # Given what bo saved, and ana did not
    world.save("bo", f"https://only-bo.example/{scripts}", title=f"Only bo {scripts}")
    world.save("ana", f"https://only-ana.example/{scripts}", title=f"Only ana {scripts}")
    lin: Page = window("lin", scripts=scripts)

    # When lin, who follows both, makes a list and puts bo on it
    lin.goto("/network/lists")
    lin.get_by_label("A new list").fill(f"Typographers {scripts}")
    press(lin, "Make it")
    lin.get_by_label("Put somebody on it").fill("nobody-at-all")
    press(lin, "Put on the list")
    expect(lin.locator(".wrong")).to_be_visible()
    lin.get_by_label("Put somebody on it").fill("bo")
    press(lin, "Put on the list")
    with lin.expect_navigation():
        lin.get_by_role("link", name=f"Typographers {scripts}").first.click()

    # Then its page shows the one and not the other
    expect(lin.locator(".entry", has_text=f"Only bo {scripts}")).to_have_count(1)
    expect(lin.locator(".entry", has_text=f"Only ana {scripts}")).to_have_count(0)

    # And once it is taken away nothing is left of it
    lin.goto("/network/lists")
    with lin.expect_navigation():
        lin.get_by_role("link", name=f"change Typographers {scripts}").click()
    press(lin, "Take this list away")
    lin.goto("/network")
    expect(lin.get_by_role("link", name=f"Typographers {scripts}")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_network_is_narrowed_and_that_is_kept_only_when_somebody_says_so(
    window: Open, world: World, scripts: bool
) -> None:
    shared = "Kerning by eye"  # of eve, whom lin does not follow, by bo
    lin: Page = window("lin", scripts=scripts)
    lin.goto("/network")
    expect(lin.locator(".entry", has_text=shared)).to_have_count(1)

    with lin.expect_navigation():
        lin.get_by_role("link", name="no shares").click()

    expect(lin.locator(".entry", has_text=shared)).to_have_count(0)
    expect(lin.get_by_role("link", name="no shares")).to_have_attribute("aria-current", "page")
    lin.goto("/network")
    expect(lin.locator(".entry", has_text=shared)).to_have_count(1)
