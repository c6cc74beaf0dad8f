"""Copying, giving links and searching, by hand, with JavaScript and without."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.stops import go_to_own, press, press_it
from tests.browser.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_link_is_given_kept_found_and_copied(window: Open, world: World, scripts: bool) -> None:
    # Given a link that ana gives to lin, whom she follows and who follows her
    title = f"Given {'with' if scripts else 'without'} scripts"
    ana: Page = window("ana", scripts=scripts)
    ana.goto(f"/add?url=https://given.example/{scripts}&title={title}")
    ana.locator("#tags").fill("type for:lin")
    press(ana, "Save")
    expect(ana.locator("article")).to_contain_text("@lin")

    # When lin keeps it
    lin: Page = window("lin", scripts=scripts)
    expect_soon(lin, "/for-you", title)
    press(lin, f"keep {title}")
    expect(lin.locator("main")).not_to_contain_text(title)

    # Then a search of her own finds it, to read, and one of what is public finds ana's
    expect_soon(lin, f"/search?q={title}", "to read")
    lin.goto("/search")
    lin.get_by_label("Words,").fill(title)
    press(lin, "Search")
    expect(lin.locator(".entry")).to_have_count(1)
    expect(lin.locator(".entry")).to_contain_text("to read")
    lin.get_by_label("Everyone").check()
    press(lin, "Search")
    expect(lin.locator(".entry")).to_contain_text("ana")

    # And bo copies ana's own
    bo: Page = window("bo", scripts=scripts)
    bo.goto("/u/ana")
    line = bo.locator(".entry", has_text=title)
    press_it(bo, line.get_by_role("link", name="copy"))
    expect(bo.locator("input[name=tags]")).to_have_value("type")
    press(bo, "Save")
    go_to_own(bo, line)
    expect(bo.locator("article")).to_contain_text("copied from ana")
    ana.reload()
    expect(ana.locator("article")).to_contain_text("copied by bo")


def expect_soon(page: Page, path: str, text: str) -> None:
    """Look until the worker was there."""
    for _ in range(50):
        page.goto(path)
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"{text} does not come")
