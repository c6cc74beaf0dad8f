"""What a page calls itself comes into the form that saves it, with scripts, and once it is saved, without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Visit
from tests.browser.inside import HERE, Inside, inside
from tests.browser.stops import press
from tests.support.storage import SqliteTemplate

pytestmark = pytest.mark.browser

PAGE = "https://page.example/paper"
HTML = (
    "<!doctype html><title>A page &amp; its  name</title>"
    '<meta name="description" content="What it is &quot;about&quot;.">'
)


@pytest.fixture
def server(sqlite_template: SqliteTemplate, tmp_path: Path) -> Iterator[Inside]:
    """A server that reads pages, and a page elsewhere."""
    with inside(sqlite_template, tmp_path) as server:
        server.add_page("page.example", HTML)
        yield server


@pytest.fixture
def opened(server: Inside, look: Callable[..., Visit]) -> Callable[..., Page]:
    """Opens a window of ana's on it; the windows come last, so that they are closed before the server is taken down."""

    def open_page(**wishes: Any) -> Page:
        visit = look(HERE, **wishes)
        server.open_to(visit.context)
        return visit.page

    return open_page


def test_a_title_and_a_description_fill_what_is_empty_once_the_page_was_read(opened: Callable[..., Page]):
    page = opened()
    page.goto("/add")
    title, description = page.get_by_label("Title"), page.get_by_label("Description")

    # When an address is typed
    page.get_by_label("Address", exact=True).fill(PAGE)
    page.keyboard.press("Tab")

    # Then the form waits for the page, and takes its words
    expect(title).to_have_value("A page & its name")
    expect(description).to_have_value('What it is "about".')
    press(page, "Save")
    expect(page.get_by_role("heading", level=1)).to_have_text("A page & its name")


def test_what_was_typed_stays_as_it_was_typed(opened: Callable[..., Page]):
    page = opened()

    # One's own description stays beside a title that comes
    page.goto("/add")
    page.get_by_label("Description").fill("My own words.")
    page.get_by_label("Address", exact=True).fill(PAGE)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Title")).to_have_value("A page & its name")
    expect(page.get_by_label("Description")).to_have_value("My own words.")

    # By a bookmarklet the title is there already: the page is not asked
    page.goto(f"/add?url={PAGE}&title=Mine")
    expect(page.locator("[data-look]")).to_have_count(1)
    expect(page.get_by_label("Title")).to_have_value("Mine")
    expect(page.get_by_label("Description")).to_have_value("")


def test_without_scripts_they_come_once_it_is_saved(opened: Callable[..., Page]):
    page = opened(scripts=False)
    page.goto("/add")
    page.get_by_label("Address", exact=True).fill(PAGE)
    page.locator("#tags").fill("paper")
    press(page, "Save")

    page.goto("/u/ana/t/paper")

    expect(page.get_by_role("link", name="A page & its name", exact=True)).to_have_attribute("href", PAGE)
    expect(page.locator(".p-summary")).to_have_text('What it is "about".')
