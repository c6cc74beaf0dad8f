"""Fixtures of the browser tests: one Chromium and one furnished server for all of them, a window for each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import Visit, chromium, executable
from tests.browser.stops import press
from tests.browser.world import World, furnished
from tests.support.processes import PASSWORD

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; without it the tests skip, except where everything is required."""
    if executable() is None:
        missing = "Chromium is not installed: apt-get install chromium, or name one in FEDIMARK_CHROMIUM"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server with people and bookmarks. Depends on the browser, so that nothing is furnished for nobody."""
    with furnished(tmp_path_factory.mktemp("browser")) as world:
        yield world


@pytest.fixture
def look(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens windows on a server; each is closed at the end, and must have done nothing it may not."""
    visits: list[Visit] = []

    def open_window(base_url: str, **wishes: Any) -> Visit:
        visits.append(Visit(browser, base_url, **wishes))
        return visits[-1]

    yield open_window
    complaints = [complaint for visit in visits for complaint in visit.complaints]
    for visit in visits:
        visit.close()
    assert complaints == []


@pytest.fixture(scope="package")
def chairs(browser: Browser, world: World) -> Iterator[Callable[[str], Visit]]:
    """A window for each person that stays open: opening one costs more than most pages do."""
    visits: dict[str, Visit] = {}

    def sit(who: str) -> Visit:
        if who not in visits:
            visits[who] = Visit(browser, world.process.url)
            if who:
                visits[who].lend(world.people[who])
        return visits[who]

    yield sit
    for visit in visits.values():
        visit.close()


@pytest.fixture
def window(look: Callable[..., Visit], world: World) -> Open:
    """Opens a page on the furnished server; `window("lin")` with somebody's session, `window()` as a visitor."""

    def open_page(who: str = "", **wishes: Any) -> Page:
        visit = look(world.process.url, **wishes)
        if who:
            visit.lend(world.people[who])
        return visit.page

    return open_page


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest, window: Open) -> Page:
    """A visitor's page on the furnished server, once with JavaScript and once without."""
    return window(scripts=request.param)


@pytest.fixture
def newcomer(page: Page, request: pytest.FixtureRequest) -> str:
    """Somebody who has just signed up on that page; returns their name."""
    name = f"new_{abs(hash(request.node.name)) % 10**9}"
    sign_up(page, name)
    return name


def sign_up(page: Page, name: str) -> None:
    """Make an account as everybody does."""
    page.goto("/sign-up")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Make the account")
