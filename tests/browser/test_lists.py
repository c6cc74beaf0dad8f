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
    shared, through_bo = "Kerning by eye", "/network?from=bo"  # of eve, whom lin does not follow
    lin: Page = window("lin", scripts=scripts)
    lin.goto(through_bo)
    expect(lin.locator(".entry", has_text=shared)).to_have_count(1)

    with lin.expect_navigation():
        lin.get_by_role("link", name="no shares").click()

    expect(lin.locator(".entry", has_text=shared)).to_have_count(0)
    expect(lin.get_by_role("link", name="no shares")).to_have_attribute("aria-current", "page")
    lin.goto(through_bo)
    expect(lin.locator(".entry", has_text=shared)).to_have_count(1)


def test_what_is_chosen_is_shown_from_then_on_in_the_network_and_in_each_list(page: Page, newcomer: str, world: World):
    # Given somebody who follows bo, of whom a share and a list show the same
    page.goto("/u/bo")
    press(page, "Follow bo")
    page.goto("/network/lists")
    page.get_by_label("A new list").fill("Bo")
    press(page, "Make it")
    page.get_by_label("Put somebody on it").fill("bo")
    press(page, "Put on the list")
    page.goto("/network")
    of_list = page.get_by_role("link", name="Bo", exact=True).get_attribute("href")
    assert of_list is not None
    shared = page.locator(".entry", has_text="Kerning by eye")
    expect(shared).to_have_count(1)

    # When the network is to hide shares from now on, then it does, and the list does not
    with page.expect_navigation():
        page.get_by_role("link", name="no shares").click()
    press(page, "show it like this from now on")
    page.goto("/network")
    expect(shared).to_have_count(0)
    page.goto(of_list)
    expect(shared).to_have_count(1)

    # When the list is to show one tag and bookmarks only, then that is remembered for it alone
    with page.expect_navigation():
        page.get_by_role("link", name="bookmarks only").click()
    page.get_by_label("Only one tag").fill("type")
    press(page, "Show")
    press(page, "show it like this from now on")
    page.goto(of_list)
    expect(page.get_by_text("only #type")).to_be_visible()
    expect(page.get_by_role("link", name="bookmarks only")).to_have_attribute("aria-current", "page")
    page.goto("/network")
    expect(page.get_by_text("only #type")).to_have_count(0)

    # And all of it can be shown again
    with page.expect_navigation():
        page.get_by_role("link", name="all", exact=True).click()
    press(page, "show it like this from now on")
    page.goto("/network")
    expect(shared).to_have_count(1)


def test_words_tags_and_servers_are_muted_until_a_day_and_heard_again(page: Page, newcomer: str, world: World):
    page.goto("/u/bo")
    press(page, "Follow bo")
    page.goto("/network")
    shared = page.locator(".entry", has_text="Kerning by eye")
    expect(shared).to_have_count(1)

    for kind, value in (("a word, or a few", "kerning"), ("a tag", "type")):
        page.goto("/people/muted")
        page.get_by_label(kind).check()
        page.get_by_label("Which").fill(value)
        page.locator("#until").fill("2099-01-01")
        press(page, "Mute")
        expect(page.locator(".list li", has_text=value)).to_contain_text("until")
        page.goto("/network")
        expect(shared).to_have_count(0)
        page.goto("/people/muted")
        press(page, f"unmute {value}")
        page.goto("/network")
        expect(shared).to_have_count(1)

    page.goto("/people/muted")
    page.get_by_label("a server, with all below it").check()
    page.get_by_label("Which").fill("not a server")
    press(page, "Mute")
    expect(page.locator(".wrong")).to_be_visible()
